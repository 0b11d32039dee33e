// Command pulumi-resource-tls is HashiCorp's tls provider under Pulumi's bridge.
package main

import (
	"github.com/hashicorp/terraform-provider-tls/shim"

	"studios.invalid/testbed/pulumi-bridged/serve"
)

func main() { serve.Main("tls", shim.Provider(), "") }
