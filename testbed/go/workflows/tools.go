//go:build tools

// Package workflows pins the checker of the files under .github/workflows.
package workflows

import _ "github.com/rhysd/actionlint/cmd/actionlint"
