// Command pulumi-resource-random is HashiCorp's random provider under Pulumi's bridge.
package main

import (
	"github.com/terraform-providers/terraform-provider-random/shim"

	"studios.invalid/testbed/pulumi-bridged/serve"
)

func main() { serve.Main("random", shim.Provider(), "Random") }
