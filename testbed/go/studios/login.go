package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	loginCookie   = "connect_login"
	loginLifetime = time.Hour
)

// registration makes the proxy known to Platform, with the initial access token.
type registration struct {
	platform              *url.URL
	callback, token, name string
	grant                 string

	lock sync.Mutex
	with *registered
	last error
}

// registered is Platform as it describes itself, and the client that it has made of the proxy.
type registered struct {
	provider *oidc.Provider
	client   client
}

// keepTrying registers, again and again until it worked: Platform may start later, or know the token later.
func (r *registration) keepTrying() {
	r.set(nil, errors.New("not yet"))
	for wait := 500 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		with, err := r.register()
		r.set(with, err)
		if err == nil {
			log.Printf("INFO registered with %s as %s", r.platform, with.client.ID)
			return
		}
		log.Printf("WARN not registered with %s: %v", r.platform, err)
		time.Sleep(wait)
	}
}

func (r *registration) set(with *registered, err error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.with, r.last = with, err
}

func (r *registration) get() (*registered, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.with, r.last
}

// problem is why the proxy is not registered, or "".
func (r *registration) problem() string {
	if _, err := r.get(); err != nil {
		return err.Error()
	}
	return ""
}

func (r *registration) register() (*registered, error) {
	provider, err := oidc.NewProvider(patientContext(), r.platform.String())
	if err != nil {
		return nil, err
	}
	var document discovery
	if err := provider.Claims(&document); err != nil {
		return nil, err
	}
	wanted, err := json.Marshal(client{Name: r.name, GrantTypes: []string{r.grant}, RedirectURIs: []string{r.callback}})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(http.MethodPost, document.Registration, bytes.NewReader(wanted))
	if err != nil {
		return nil, err
	}
	request.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + r.token}}
	response, err := httpClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(response.Body)
		return nil, fmt.Errorf("%s answered %s: %s", request.URL, response.Status, strings.TrimSpace(string(text)))
	}
	made := &registered{provider: provider}
	return made, json.NewDecoder(response.Body).Decode(&made.client)
}

var httpClient = &http.Client{Timeout: 10 * time.Second}

// patientContext makes the libraries wait for Platform no longer than this program does.
func patientContext() context.Context { return oidc.ClientContext(context.Background(), httpClient) }

// config is that of a login with a client, which another replica may have registered.
func (r *registration) config(with *registered, known client) *oauth2.Config {
	return &oauth2.Config{
		ClientID: known.ID, ClientSecret: known.Secret, Endpoint: with.provider.Endpoint(), RedirectURL: r.callback,
		Scopes: []string{oidc.ScopeOpenID},
	}
}

// login sends the browser to Platform.
func (p *proxy) login(w http.ResponseWriter, r *http.Request) {
	with, err := p.registration.get()
	if err != nil {
		http.Error(w, "not registered with Platform: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	state, nonce := random(), random()
	// Any replica may take the callback, and each has registered a client of its own.
	kept := url.Values{
		"nonce": {nonce}, "return": {r.URL.Query().Get("return")}, "client": {with.client.ID}, "secret": {with.client.Secret},
	}
	if _, err := p.redis.do("SET", p.prefix+":state:"+state, kept.Encode(), "EX", "300"); err != nil {
		unavailable(w, r, err)
		return
	}
	http.Redirect(w, r, p.registration.config(with, with.client).AuthCodeURL(state, oidc.Nonce(nonce)), http.StatusFound)
}

// callback changes the code that the browser brings back for a token, and holds that against Platform's keys.
func (p *proxy) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	text, err := p.redis.do("GETDEL", p.prefix+":state:"+query.Get("state"))
	if err != nil {
		unavailable(w, r, err)
		return
	}
	kept, _ := url.ParseQuery(text)
	back, err := url.Parse(kept.Get("return"))
	if text == "" || err != nil || !p.isOurs(back) {
		http.Error(w, "the login has expired, or was not begun here", http.StatusBadRequest)
		return
	}
	begun := client{ID: kept.Get("client"), Secret: kept.Get("secret")}
	subject, err := p.redeem(query.Get("code"), kept.Get("nonce"), begun)
	if err != nil {
		log.Printf("WARN login: %v", err)
		http.Error(w, "login failed: "+err.Error(), http.StatusBadGateway)
		return
	}
	value := random()
	seconds := fmt.Sprint(int(loginLifetime.Seconds()))
	if _, err := p.redis.do("SET", p.prefix+":login:"+value, subject, "EX", seconds); err != nil {
		unavailable(w, r, err)
		return
	}
	_, parent, _ := strings.Cut(p.public.Hostname(), ".")
	http.SetCookie(w, &http.Cookie{
		Name: loginCookie, Value: value, Domain: parent, Path: "/", HttpOnly: true,
		Secure: p.public.Scheme == "https", SameSite: http.SameSiteLaxMode, MaxAge: int(loginLifetime.Seconds()),
	})
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// isOurs keeps the proxy from sending a browser, once logged in, to another site.
func (p *proxy) isOurs(back *url.URL) bool {
	id, _ := p.sessionOf(back.Hostname(), back.Path)
	return back.Scheme == p.public.Scheme && id != ""
}

func (p *proxy) redeem(code, nonce string, begun client) (string, error) {
	with, err := p.registration.get()
	if err != nil {
		return "", err
	}
	grant := oauth2.SetAuthURLParam("grant_type", p.registration.grant)
	tokens, err := p.registration.config(with, begun).Exchange(patientContext(), code, grant)
	if err != nil {
		return "", err
	}
	text, _ := tokens.Extra("id_token").(string)
	token, err := with.provider.Verifier(&oidc.Config{ClientID: begun.ID}).Verify(patientContext(), text)
	if err != nil {
		return "", err
	}
	if token.Nonce != nonce {
		return "", errors.New("the token is for another login")
	}
	return token.Subject, nil
}

func (p *proxy) loggedIn(r *http.Request) bool {
	cookie, err := r.Cookie(loginCookie)
	if err != nil || cookie.Value == "" {
		return false
	}
	key := p.prefix + ":login:" + cookie.Value
	if p.cache.has(key) {
		return true
	}
	subject, err := p.redis.do("GET", key)
	if err != nil || subject == "" {
		return false
	}
	p.cache.add(key)
	return true
}

// cache remembers for LOCAL_CACHE_TTL who is logged in.
type cache struct {
	lifetime time.Duration
	lock     sync.Mutex
	until    map[string]time.Time
}

func newCache(lifetime time.Duration) *cache {
	return &cache{lifetime: lifetime, until: map[string]time.Time{}}
}

func (c *cache) has(key string) bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	return time.Now().Before(c.until[key])
}

func (c *cache) add(key string) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.until[key] = time.Now().Add(c.lifetime)
}
