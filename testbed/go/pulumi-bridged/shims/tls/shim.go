// Package shim opens the provider to other modules: Go lets only what lies beneath a module import its internal packages.
package shim

import (
	framework "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-provider-tls/internal/provider"
)

// Provider is HashiCorp's.
func Provider() framework.Provider { return provider.New() }
