package main

import (
	"bytes"
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

	lock     sync.Mutex
	document discovery
	client   client
	last     error
}

// keepTrying registers, again and again until it worked: Platform may start later, or know the token later.
func (r *registration) keepTrying() {
	r.set(discovery{}, client{}, errors.New("not yet"))
	for wait := 500 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		document, registered, err := r.register()
		r.set(document, registered, err)
		if err == nil {
			log.Printf("INFO registered with %s as %s", r.platform, registered.ID)
			return
		}
		log.Printf("WARN not registered with %s: %v", r.platform, err)
		time.Sleep(wait)
	}
}

func (r *registration) set(document discovery, registered client, err error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.document, r.client, r.last = document, registered, err
}

func (r *registration) get() (discovery, client, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.document, r.client, r.last
}

// problem is why the proxy is not registered, or "".
func (r *registration) problem() string {
	if _, _, err := r.get(); err != nil {
		return err.Error()
	}
	return ""
}

func (r *registration) register() (discovery, client, error) {
	var document discovery
	wellKnown := r.platform.JoinPath("/.well-known/openid-configuration").String()
	if err := fetch(http.MethodGet, wellKnown, "", nil, &document); err != nil {
		return document, client{}, err
	}
	if document.Issuer != r.platform.String() {
		return document, client{}, fmt.Errorf("PLATFORM_URL is %s, and Platform calls itself %s", r.platform, document.Issuer)
	}
	wanted, err := json.Marshal(client{Name: r.name, GrantTypes: []string{r.grant}, RedirectURIs: []string{r.callback}})
	if err != nil {
		return document, client{}, err
	}
	var registered client
	err = fetch(http.MethodPost, document.Registration, "Bearer "+r.token, wanted, &registered)
	return document, registered, err
}

// fetch sends a request and reads the JSON that comes back.
func fetch(method, address, authorization string, body []byte, into any) error {
	request, err := http.NewRequest(method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	return send(request, into)
}

func send(request *http.Request, into any) error {
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s: %s", request.URL, response.Status, strings.TrimSpace(string(text)))
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s did not answer with JSON", request.URL)
	}
	return nil
}

// login sends the browser to Platform.
func (p *proxy) login(w http.ResponseWriter, r *http.Request) {
	document, registered, err := p.registration.get()
	if err != nil {
		http.Error(w, "not registered with Platform: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	state, nonce := random(), random()
	// Any replica may take the callback, and each has registered a client of its own.
	kept := url.Values{
		"nonce": {nonce}, "return": {r.URL.Query().Get("return")}, "client": {registered.ID}, "secret": {registered.Secret},
	}
	if _, err := p.redis.do("SET", p.prefix+":state:"+state, kept.Encode(), "EX", "300"); err != nil {
		unavailable(w, r, err)
		return
	}
	query := url.Values{
		"response_type": {"code"}, "scope": {"openid"}, "client_id": {registered.ID},
		"redirect_uri": {p.registration.callback}, "state": {state}, "nonce": {nonce},
	}
	http.Redirect(w, r, document.Authorization+"?"+query.Encode(), http.StatusFound)
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

func (p *proxy) redeem(code, nonce string, registered client) (string, error) {
	document, _, err := p.registration.get()
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {p.registration.grant}, "code": {code}, "redirect_uri": {p.registration.callback}}
	request, err := http.NewRequest(http.MethodPost, document.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(registered.ID, registered.Secret)
	var answer struct {
		IDToken string `json:"id_token"`
	}
	if err := send(request, &answer); err != nil {
		return "", err
	}
	var published keySet
	if err := fetch(http.MethodGet, document.Keys, "", nil, &published); err != nil {
		return "", err
	}
	content, err := verify(answer.IDToken, published.Keys)
	if err != nil {
		return "", err
	}
	if content.Issuer != document.Issuer || content.Audience != registered.ID || content.Nonce != nonce {
		return "", errors.New("the token is for another client or login")
	}
	return content.Subject, nil
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
