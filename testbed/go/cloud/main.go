// Command cloud stands in for Pulumi Cloud: as much of its API as `pulumi` needs to make a stack, to preview and update
// it, and to open the ESC environments that the stack's file names. Those are evaluated by Pulumi's own evaluator, the
// one that is a part of the engine. Everything is in memory. What it doesn't know it refuses.
//
// It takes a port of 127.0.0.1 as its argument, and each access token for that of its only user.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

// organization is the user's name too, as with an account for one person.
const organization = "testbed"

// cloud is the whole service; its lock is held while a request is answered.
type cloud struct {
	sync.Mutex
	crypter config.Crypter
	stacks  map[string]*stack
	// environments are definitions, with their secrets encrypted, by project and name.
	environments map[string][]byte
	// opened are evaluated environments, by the id of the session.
	opened map[string]*esc.Environment
	ids    int
}

// stack is one stack: what its owner sees of it, and its state.
type stack struct {
	apitype.Stack
	state apitype.UntypedDeployment
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: cloud PORT")
	}
	served := &cloud{
		crypter:      config.NewSymmetricCrypter(make([]byte, config.SymmetricCrypterKeyBytes)),
		stacks:       map[string]*stack{},
		environments: map[string][]byte{},
		opened:       map[string]*esc.Environment{},
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], served.routes()))
}

func (c *cloud) routes() http.Handler {
	mux := http.NewServeMux()
	c.serveUser(mux)
	c.serveStacks(mux)
	c.serveUpdates(mux)
	c.serveEnvironments(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusBadRequest, fmt.Sprintf("the testbed's Pulumi Cloud does not serve %s %s", r.Method, r.URL.Path))
	})
	return mux
}

func (c *cloud) serveUser(mux *http.ServeMux) {
	handle(c, mux, "GET /api/user", func(*http.Request, struct{}) (any, error) {
		return map[string]any{"githubLogin": organization, "organizations": []any{map[string]string{"githubLogin": organization}}}, nil
	})
	handle(c, mux, "GET /api/user/organizations/default", func(*http.Request, struct{}) (any, error) {
		return apitype.GetDefaultOrganizationResponse{GitHubLogin: organization}, nil
	})
	// None that the command line could use instead of the requests that are served here.
	handle(c, mux, "GET /api/capabilities", func(*http.Request, struct{}) (any, error) {
		return apitype.CapabilitiesResponse{}, nil
	})
}
