package main

import (
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// changed is a token with another text in place of one of its three parts.
func changed(token string, part int, text string) string {
	parts := strings.Split(token, ".")
	parts[part] = base64.RawURLEncoding.EncodeToString([]byte(text))
	return strings.Join(parts, ".")
}

func TestALoginTakesOnlyATokenOfPlatformsForThisClientAndThisLogin(t *testing.T) {
	key, _, _ := pair(t, 2048)
	foreign, _, _ := pair(t, 2048)
	web, err := published(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	var given string
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	address, _ := url.Parse(server.URL)
	// Platform itself, except that the token is each case's own and that it keeps no clients.
	p := &platform{server: address, key: key}
	p.serveDocuments(mux)
	mux.HandleFunc("POST /oidc/register", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusCreated, client{ID: "client", Secret: "secret"})
	})
	mux.HandleFunc("POST /oidc/token", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"id_token": given, "access_token": "a", "token_type": "Bearer"})
	})
	registration := &registration{platform: address, grant: "authorization_code"}
	with, err := registration.register()
	if err != nil {
		t.Fatal(err)
	}
	registration.set(with, nil)

	of := func(key *rsa.PrivateKey, name string, change func(*claims)) string {
		content := claims{jwt.Claims{
			Issuer: server.URL, Subject: "user-1", Audience: jwt.Audience{"client"}, Expiry: jwt.NewNumericDate(time.Now().Add(time.Hour)),
		}, "nonce"}
		change(&content)
		signing := jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: name}}
		signer, err := jose.NewSigner(signing, nil)
		if err != nil {
			t.Fatal(err)
		}
		token, err := jwt.Signed(signer).Claims(content).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := of(key, web.KeyID, func(*claims) {})
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(good, ".")[1])
	for name, one := range map[string]struct{ token, refusal string }{
		"Platform's own":                {good, ""},
		"another subject in it":         {changed(good, 1, strings.ReplaceAll(string(payload), "user-1", "user-2")), "failed to verify signature"},
		"another signature":             {changed(good, 2, strings.Repeat("x", 256)), "failed to verify signature"},
		"a foreign key of the same kid": {of(foreign, web.KeyID, func(*claims) {}), "failed to verify signature"},
		"a foreign key":                 {of(foreign, "other", func(*claims) {}), "failed to verify signature"},
		"for another client":            {of(key, web.KeyID, func(c *claims) { c.Audience = jwt.Audience{"other"} }), `expected audience "client"`},
		"of another issuer":             {of(key, web.KeyID, func(c *claims) { c.Issuer = "https://other.example" }), "issued by a different provider"},
		"expired":                       {of(key, web.KeyID, func(c *claims) { c.Expiry = jwt.NewNumericDate(time.Now().Add(-time.Minute)) }), "token is expired"},
		"for another login":             {of(key, web.KeyID, func(c *claims) { c.Nonce = "other" }), "the token is for another login"},
		"unsigned":                      {changed(changed(good, 0, `{"alg":"none"}`), 2, ""), "unexpected signature algorithm"},
		"no token":                      {"", "malformed jwt"},
	} {
		t.Run(name, func(t *testing.T) {
			given = one.token
			subject, err := (&proxy{registration: registration}).redeem("code", "nonce", client{ID: "client", Secret: "secret"})
			if one.refusal == "" {
				if err != nil || subject != "user-1" {
					t.Errorf("%q, %v", subject, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), one.refusal) {
				t.Errorf("%q, %v", subject, err)
			}
		})
	}
}
