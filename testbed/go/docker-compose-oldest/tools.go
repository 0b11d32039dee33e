//go:build tools

// Package compose pins the Docker Compose that the testbed builds.
package compose

import _ "github.com/docker/compose/v2/cmd"
