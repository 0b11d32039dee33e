//go:build tools

// Package engine pins the Pulumi command line that the testbed builds.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
