package main

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// client is what Platform keeps of a registered one; all replicas of backend find it in Redis.
type client struct {
	ID           string   `json:"client_id"`
	Secret       string   `json:"client_secret"`
	Name         string   `json:"client_name"`
	GrantTypes   []string `json:"grant_types"`
	RedirectURIs []string `json:"redirect_uris"`
}

// discovery is the document of OpenID Connect Discovery, as far as the proxy reads it.
type discovery struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Registration  string   `json:"registration_endpoint"`
	Keys          string   `json:"jwks_uri"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
}

func (p *platform) keyID() string {
	if p.key == nil {
		return "none"
	}
	web, _ := published(&p.key.PublicKey)
	return web.KeyID
}

func (p *platform) serveOIDC(mux *http.ServeMux) {
	p.serveDocuments(mux)
	mux.HandleFunc("POST /oidc/register", p.register)
	mux.HandleFunc("GET /oidc/authorize", p.authorize)
	mux.HandleFunc("POST /oidc/token", p.exchange)
}

// serveDocuments serves what anyone may read: where Platform's endpoints are, and its key.
func (p *platform) serveDocuments(mux *http.ServeMux) {
	base := p.server.String()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, discovery{
			base, base + "/oidc/authorize", base + "/oidc/token", base + "/oidc/register", base + "/.well-known/jwks.json",
			[]string{"code"}, []string{"public"}, []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		web, _ := published(&p.key.PublicKey)
		writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{web}})
	})
}

// register takes a client that brings the initial access token (RFC 7591).
func (p *platform) register(w http.ResponseWriter, r *http.Request) {
	given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer || p.token == "" || !hmac.Equal([]byte(given), []byte(p.token)) {
		log.Print("WARN a client was refused: its initial access token is another one")
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	var wanted client
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil || wanted.Name == "" || len(wanted.RedirectURIs) == 0 {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_client_metadata"})
		return
	}
	wanted.ID, wanted.Secret = random(), random()
	text, err := json.Marshal(wanted)
	if err == nil {
		_, err = p.redis.do("SET", "platform:client:"+wanted.ID, string(text))
	}
	if err != nil {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": err.Error()})
		return
	}
	log.Printf("INFO registered %s as %s", wanted.Name, wanted.ID)
	writeJSON(w, http.StatusCreated, wanted)
}

func (p *platform) client(id string) (client, bool) {
	var found client
	text, err := p.redis.do("GET", "platform:client:"+id)
	return found, err == nil && text != "" && json.Unmarshal([]byte(text), &found) == nil
}

// authorize takes whoever comes for the one user of this Platform: signing in is not what is tested.
func (p *platform) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	back := query.Get("redirect_uri")
	found, known := p.client(query.Get("client_id"))
	if !known || !slices.Contains(found.RedirectURIs, back) || query.Get("response_type") != "code" {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
		return
	}
	code := random()
	kept := url.Values{"client": {found.ID}, "nonce": {query.Get("nonce")}, "redirect_uri": {back}}
	if _, err := p.redis.do("SET", "platform:code:"+code, kept.Encode(), "EX", "60"); err != nil {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": err.Error()})
		return
	}
	answer := url.Values{"code": {code}, "state": {query.Get("state")}}
	http.Redirect(w, r, back+"?"+answer.Encode(), http.StatusFound)
}

// exchange gives the signed token for a code, once.
func (p *platform) exchange(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	found, known := p.client(id)
	if !known || !hmac.Equal([]byte(secret), []byte(found.Secret)) {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	text, err := p.redis.do("GETDEL", "platform:code:"+r.FormValue("code"))
	kept, _ := url.ParseQuery(text)
	grant := r.FormValue("grant_type")
	if err != nil || kept.Get("client") != id || kept.Get("redirect_uri") != r.FormValue("redirect_uri") ||
		!slices.Contains(found.GrantTypes, grant) {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	expires := jwt.NewNumericDate(time.Now().Add(time.Hour))
	token, err := sign(p.key, claims{
		jwt.Claims{Issuer: p.server.String(), Subject: "user-1", Audience: jwt.Audience{id}, Expiry: expires}, kept.Get("nonce"),
	})
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"id_token": token, "access_token": random(), "token_type": "Bearer", "expires_in": 3600})
}

func random() string {
	data := make([]byte, 16)
	_, _ = rand.Read(data)
	return hex.EncodeToString(data)
}
