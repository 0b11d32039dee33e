// Package serve makes plugins of HashiCorp's providers, with the mapping that Pulumi's own plugins have.
package serve

import (
	"context"
	"fmt"

	framework "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
)

// Version is that of the SDK that the plugin serves; the build sets it.
var Version string

// Main serves a provider as the plugin of a package, until the engine ends it.
//
// The bridge derives the names of the properties. prefix begins the name of each type, as in
// random:index/randomPassword:RandomPassword.
func Main(name string, provider framework.Provider, prefix string) {
	info := bridge.ProviderInfo{
		P:            tfbridge.ShimProvider(provider),
		Name:         name,
		Version:      Version,
		MetadataInfo: bridge.NewProviderMetadata([]byte("{}")),
	}
	info.MustComputeTokens(tokens.SingleModule(name+"_", "index", func(module, resource string) (string, error) {
		return tokens.MakeStandard(name)(module, prefix+resource)
	}))
	// A program in Python has its SDK: nothing asks for more of the schema.
	schema := fmt.Appendf(nil, `{"name":%q,"version":%q}`, name, Version)
	tfbridge.Main(context.Background(), name, info, tfbridge.ProviderMetadata{PackageSchema: schema})
}
