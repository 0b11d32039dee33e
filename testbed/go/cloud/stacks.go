package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

const (
	projects = "/api/stacks/" + organization + "/{project}"
	stacks   = projects + "/{stack}"
)

func (c *cloud) stackOf(r *http.Request) (*stack, error) {
	name := r.PathValue("project") + "/" + r.PathValue("stack")
	found, ok := c.stacks[name]
	if !ok {
		return nil, missing("stack", name)
	}
	return found, nil
}

// onStack is handle for a request about one stack, which must exist.
func onStack[Body any](c *cloud, mux *http.ServeMux, pattern string, answer func(*http.Request, *stack, Body) (any, error)) {
	handle(c, mux, pattern, func(r *http.Request, body Body) (any, error) {
		found, err := c.stackOf(r)
		if err != nil {
			return nil, err
		}
		return answer(r, found, body)
	})
}

func (c *cloud) serveStacks(mux *http.ServeMux) {
	handle(c, mux, "HEAD "+projects, func(r *http.Request, _ struct{}) (any, error) {
		for _, each := range c.stacks {
			if each.ProjectName == r.PathValue("project") {
				return nil, nil
			}
		}
		return nil, missing("project", r.PathValue("project"))
	})
	handle(c, mux, "POST "+projects, func(r *http.Request, body apitype.CreateStackRequest) (any, error) {
		name := r.PathValue("project") + "/" + body.StackName
		if c.stacks[name] != nil {
			return nil, refuse(http.StatusConflict, fmt.Sprintf("stack %q already exists", name))
		}
		made := &stack{Stack: apitype.Stack{
			ID: name, OrgName: organization, ProjectName: r.PathValue("project"),
			StackName: tokens.QName(body.StackName), Tags: body.Tags,
		}}
		made.state = apitype.UntypedDeployment{Version: 3, Deployment: json.RawMessage("{}")}
		c.stacks[name] = made
		return apitype.CreateStackResponse{}, nil
	})
	onStack(c, mux, "GET "+stacks, func(_ *http.Request, found *stack, _ struct{}) (any, error) {
		return found.Stack, nil
	})
	onStack(c, mux, "DELETE "+stacks, func(r *http.Request, _ *stack, _ struct{}) (any, error) {
		delete(c.stacks, r.PathValue("project")+"/"+r.PathValue("stack"))
		return nil, nil
	})
	onStack(c, mux, "GET "+stacks+"/export", func(_ *http.Request, found *stack, _ struct{}) (any, error) {
		return found.state, nil
	})
	onStack(c, mux, "POST "+stacks+"/encrypt", func(r *http.Request, _ *stack, body apitype.EncryptValueRequest) (any, error) {
		ciphertext, err := c.Encrypt(r.Context(), body.Plaintext)
		return apitype.EncryptValueResponse{Ciphertext: ciphertext}, err
	})
	onStack(c, mux, "POST "+stacks+"/decrypt", func(r *http.Request, _ *stack, body apitype.DecryptValueRequest) (any, error) {
		plaintext, err := c.Decrypt(r.Context(), body.Ciphertext)
		return apitype.DecryptValueResponse{Plaintext: plaintext}, err
	})
	onStack(c, mux, "POST "+stacks+"/batch-decrypt", func(r *http.Request, _ *stack, body apitype.BatchDecryptRequest) (any, error) {
		found := apitype.BatchDecryptResponse{Plaintexts: map[string][]byte{}}
		for _, ciphertext := range body.Ciphertexts {
			plaintext, err := c.Decrypt(r.Context(), ciphertext)
			if err != nil {
				return nil, err
			}
			found.Plaintexts[base64.StdEncoding.EncodeToString(ciphertext)] = plaintext
		}
		return found, nil
	})
}

// Encrypt makes the service an encrypter, of stacks' secrets and of environments'.
func (c *cloud) Encrypt(ctx context.Context, plaintext []byte) ([]byte, error) {
	ciphertext, err := c.crypter.EncryptValue(ctx, string(plaintext))
	return []byte(ciphertext), err
}

// Decrypt is the way back.
func (c *cloud) Decrypt(ctx context.Context, ciphertext []byte) ([]byte, error) {
	plaintext, err := c.crypter.DecryptValue(ctx, string(ciphertext))
	return []byte(plaintext), err
}

// serveUpdates serves a preview, an update and a destroy: they only differ in what is done with the checkpoints.
func (c *cloud) serveUpdates(mux *http.ServeMux) {
	for _, kind := range []string{"preview", "update", "refresh", "destroy"} {
		onStack(c, mux, "POST "+stacks+"/"+kind, func(*http.Request, *stack, struct{}) (any, error) {
			return apitype.UpdateProgramResponse{UpdateID: c.newID()}, nil
		})
	}
	// The command line names all of them updates from here on.
	const updates = stacks + "/update/{id}"
	onStack(c, mux, "POST "+updates, func(_ *http.Request, found *stack, body apitype.StartUpdateRequest) (any, error) {
		found.Tags = body.Tags
		// Without a version of the journal, the state comes as a whole, as a checkpoint.
		return apitype.StartUpdateResponse{Version: 1, Token: "lease"}, nil
	})
	onStack(c, mux, "PATCH "+updates+"/checkpoint", func(_ *http.Request, found *stack, body apitype.PatchUpdateCheckpointRequest) (any, error) {
		found.state = apitype.UntypedDeployment{Version: body.Version, Features: body.Features, Deployment: body.Deployment}
		return nil, nil
	})
	onStack(c, mux, "POST "+updates+"/renew_lease", func(*http.Request, *stack, struct{}) (any, error) {
		return apitype.RenewUpdateLeaseResponse{Token: "lease"}, nil
	})
	for _, told := range []string{"/events/batch", "/complete"} {
		onStack(c, mux, "POST "+updates+told, func(*http.Request, *stack, json.RawMessage) (any, error) { return nil, nil })
	}
}

func (c *cloud) newID() string {
	c.ids++
	return fmt.Sprint(c.ids)
}
