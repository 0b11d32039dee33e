//go:build tools

// Package compose pins Docker Compose's own parser, which the testbed builds as a command.
package compose

import _ "github.com/compose-spec/compose-go/v2/cmd"
