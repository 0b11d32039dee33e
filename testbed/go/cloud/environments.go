package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/esc"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc/eval"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc/syntax"
)

const environments = "/api/esc/environments/" + organization

// diagnostic is what the command line reads of one.
type diagnostic struct {
	Summary string `json:"summary,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

func (c *cloud) serveEnvironments(mux *http.ServeMux) {
	handle(c, mux, "POST "+environments, func(_ *http.Request, body struct{ Project, Name string }) (any, error) {
		c.environments[body.Project+"/"+body.Name] = nil
		return nil, nil
	})
	handle(c, mux, "PATCH "+environments+"/{project}/{name}", func(r *http.Request, definition []byte) (any, error) {
		name := r.PathValue("project") + "/" + r.PathValue("name")
		if _, ok := c.environments[name]; !ok {
			return nil, missing("environment", name)
		}
		if _, err := c.evaluate(r.Context(), name, definition); err != nil {
			return nil, err
		}
		encrypted, err := eval.EncryptSecrets(r.Context(), name, definition, c)
		c.environments[name] = encrypted
		return struct{}{}, err
	})
	handle(c, mux, "POST "+environments+"/yaml/check", func(r *http.Request, definition []byte) (any, error) {
		// With its secrets, which `pulumi config` masks itself.
		return c.evaluate(r.Context(), esc.AnonymousEnvironmentName, definition)
	})
	handle(c, mux, "POST "+environments+"/yaml/open", func(r *http.Request, definition []byte) (any, error) {
		return c.open(r.Context(), esc.AnonymousEnvironmentName, definition)
	})
	handle(c, mux, "POST "+environments+"/{project}/{name}/open", func(r *http.Request, _ struct{}) (any, error) {
		definition, name, _, err := c.LoadEnvironment(r.Context(), r.PathValue("project")+"/"+r.PathValue("name"))
		if err != nil {
			return nil, err
		}
		return c.open(r.Context(), name, definition)
	})
	opened := func(r *http.Request, _ struct{}) (any, error) {
		found, ok := c.opened[r.PathValue("id")]
		if !ok {
			return nil, missing("session", r.PathValue("id"))
		}
		return found, nil
	}
	handle(c, mux, "GET "+environments+"/yaml/open/{id}", opened)
	handle(c, mux, "GET "+environments+"/{project}/{name}/open/{id}", opened)
}

func (c *cloud) open(ctx context.Context, name string, definition []byte) (any, error) {
	evaluated, err := c.evaluate(ctx, name, definition)
	if err != nil {
		return nil, err
	}
	id := c.newID()
	c.opened[id] = evaluated
	return map[string]string{"id": id}, nil
}

// evaluate has Pulumi's evaluator open a definition: imports, interpolations, functions and secrets.
func (c *cloud) evaluate(ctx context.Context, name string, definition []byte) (*esc.Environment, error) {
	declared, diagnostics, err := eval.LoadYAMLBytes(name, definition)
	if err != nil || diagnostics.HasErrors() {
		return nil, rejected(diagnostics, err)
	}
	execution, err := esc.NewExecContext(map[string]esc.Value{})
	if err != nil {
		return nil, err
	}
	opened, diagnostics := eval.EvalEnvironment(ctx, name, declared, c, c, c, execution, eval.EvalOptions{})
	if diagnostics.HasErrors() {
		return nil, rejected(diagnostics, nil)
	}
	return opened, nil
}

func rejected(found syntax.Diagnostics, err error) error {
	if err != nil {
		return err
	}
	refused := refuse(http.StatusBadRequest, "the environment is not valid")
	for _, each := range found {
		refused.Diagnostics = append(refused.Diagnostics, diagnostic{each.Summary, each.Detail})
	}
	return refused
}

// LoadEnvironment finds an import's definition; a name without a project is of the project "default".
func (c *cloud) LoadEnvironment(_ context.Context, name string) ([]byte, string, eval.Decrypter, error) {
	if !strings.Contains(name, "/") {
		name = "default/" + name
	}
	definition, ok := c.environments[name]
	if !ok {
		return nil, "", nil, missing("environment", name)
	}
	return definition, name, c, nil
}

// AuthorizeImport allows each import: there is one user, who owns everything.
func (c *cloud) AuthorizeImport(context.Context, string, string, bool) error { return nil }

// LoadProvider has the login to AWS, and refuses all other logins and stores of secrets: they are a part of the service.
func (c *cloud) LoadProvider(_ context.Context, name string) (esc.Provider, error) {
	if name == "aws-login" {
		return awsLogin{}, nil
	}
	return nil, fmt.Errorf("the testbed's Pulumi Cloud has no provider %q", name)
}

// LoadRotator refuses each rotator.
func (c *cloud) LoadRotator(_ context.Context, name string) (esc.Rotator, error) {
	return nil, fmt.Errorf("the testbed's Pulumi Cloud has no rotator %q", name)
}

// awsLogin gives whoever logs in by OpenID Connect the credentials that this program was started with: AWS has no say.
type awsLogin struct{}

// Schema takes and gives anything; Open is what reads it.
func (awsLogin) Schema() (*schema.Schema, *schema.Schema) { return schema.Always(), schema.Always() }

// Open demands what the login by OpenID Connect does.
func (awsLogin) Open(_ context.Context, inputs map[string]esc.Value, _ esc.EnvExecContext) (esc.Value, error) {
	login, _ := inputs["oidc"].Value.(map[string]esc.Value)
	if login["roleArn"].Value == nil || login["sessionName"].Value == nil {
		return esc.Value{}, errors.New("aws-login takes oidc with roleArn and sessionName here")
	}
	return esc.NewValue(map[string]esc.Value{
		"accessKeyId":     esc.NewSecret(os.Getenv("AWS_ACCESS_KEY_ID")),
		"secretAccessKey": esc.NewSecret(os.Getenv("AWS_SECRET_ACCESS_KEY")),
		"sessionToken":    esc.NewSecret("of-the-session"),
	}), nil
}
