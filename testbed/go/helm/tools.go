//go:build tools

// Package helm pins the Helm that a test upgrades a Platform install with.
package helm

import _ "helm.sh/helm/v3/cmd/helm"
