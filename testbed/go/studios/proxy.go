package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// sessionHeader tells the server which session a request is for; the proxy sets it, whatever came from outside.
const sessionHeader = "X-Studios-Session"

// proxy is connect-proxy: it leads a browser to a session, and a session's program to a server.
type proxy struct {
	redis         *redisServer
	prefix        string
	public        *url.URL
	tunnel        string
	registration  *registration
	cache         *cache
	tunnelHandler http.Handler
}

func runProxy([]string) error {
	e := &environment{}
	p := &proxy{
		redis:  connectRedis(e),
		prefix: e.text("CONNECT_REDIS_PREFIX", "connect:session"),
		public: e.url("CONNECT_PROXY_URL"),
		tunnel: e.address("CONNECT_TUNNEL_URL"),
		cache:  newCache(e.duration("LOCAL_CACHE_TTL", "2m")),
	}
	p.registration = &registration{
		platform: e.url("PLATFORM_URL"),
		callback: p.public.JoinPath("/callback").String(),
		token:    e.required("CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"),
		name:     e.text("CONNECT_CLIENT_NAME", "tower-connect-proxy-client"),
		grant:    e.text("CONNECT_GRANT_TYPE", "authorization_code"),
	}
	port := e.port("CONNECT_HTTP_PORT", 80)
	management := e.port("CONNECT_MANAGEMENT_PORT", 0)
	e.logLevel()
	checkStorage(e)
	for _, name := range []string{"CONNECT_TELEMETRY_FLUSH_INTERVAL", "CONNECT_TELEMETRY_TTL", "CONNECT_TELEMETRY_STREAM_EMIT_INTERVAL"} {
		e.duration(name, "1s")
	}
	for _, cidr := range strings.Fields(e.text("CONNECT_TRUSTED_PROXY_CIDRS", "127.0.0.1/32")) {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			e.problem("CONNECT_TRUSTED_PROXY_CIDRS has %q, which is not a network such as 10.0.0.0/16", cidr)
		}
	}
	checkPolicy(e)
	ssh := readSSH(e)
	if err := e.err(); err != nil {
		return err
	}
	if err := p.redis.check(p.prefix); err != nil {
		return err
	}
	p.tunnelHandler = &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: p.tunnel}) },
		ErrorHandler: unavailable,
	}
	go p.registration.keepTrying()
	serveManagement(management, "", p.redis)
	if err := ssh.serve(); err != nil {
		return err
	}
	return serve(":"+strconv.Itoa(port), p)
}

// checkStorage writes a file where the proxy keeps its own ones.
func checkStorage(e *environment) {
	root := e.text("CONNECT_STORAGE_ROOT", "/data")
	path := filepath.Join(here.path(root), ".writable")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		e.problem("CONNECT_STORAGE_ROOT=%s can't be written as user %d: %v", root, os.Getuid(), err)
		return
	}
	_ = os.Remove(path)
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	id, path := p.sessionOf(host, r.URL.Path)
	switch {
	case id != "":
		p.serveSession(w, r, id, path)
	case r.URL.Path == "/health":
		p.health(w)
	case host != p.public.Hostname():
		http.Error(w, fmt.Sprintf("no session at %s", host), http.StatusNotFound)
	case strings.HasPrefix(r.URL.Path, "/_tunnel/"):
		p.tunnelHandler.ServeHTTP(w, r)
	case r.URL.Path == "/login":
		p.login(w, r)
	case r.URL.Path == "/callback":
		p.callback(w, r)
	default:
		fmt.Fprintln(w, "Connect proxy (stand-in)")
	}
}

// sessionOf is the session that a request is for, and the path that the session sees: by the first label of the host,
// which stands in the place of that of the proxy's own, or by the path below it.
func (p *proxy) sessionOf(host, path string) (string, string) {
	own := p.public.Hostname()
	if rest, found := strings.CutPrefix(path, "/_studio/"); found && host == own {
		id, below, _ := strings.Cut(rest, "/")
		return id, "/" + below
	}
	label, parent, _ := strings.Cut(host, ".")
	_, ownParent, _ := strings.Cut(own, ".")
	if host != own && parent == ownParent && parent != "" {
		return label, path
	}
	return "", path
}

func (p *proxy) serveSession(w http.ResponseWriter, r *http.Request, id, path string) {
	if !p.loggedIn(r) {
		if r.Header.Get("Upgrade") != "" {
			http.Error(w, "not logged in", http.StatusUnauthorized)
			return
		}
		back := url.URL{Scheme: p.public.Scheme, Host: r.Host, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
		login := p.public.JoinPath("/login")
		login.RawQuery = url.Values{"return": {back.String()}}.Encode()
		http.Redirect(w, r, login.String(), http.StatusFound)
		return
	}
	address, err := p.redis.do("GET", p.prefix+":"+id)
	if err != nil {
		unavailable(w, r, err)
		return
	}
	if address == "" {
		http.Error(w, fmt.Sprintf("no session %s", id), http.StatusNotFound)
		return
	}
	(&httputil.ReverseProxy{
		Rewrite: func(out *httputil.ProxyRequest) {
			out.SetURL(&url.URL{Scheme: "http", Host: address})
			out.Out.URL.Path = path
			out.Out.Host = r.Host
			out.SetXForwarded()
			out.Out.Header.Set(sessionHeader, id)
		},
		ErrorHandler: unavailable,
	}).ServeHTTP(w, r)
}

func unavailable(w http.ResponseWriter, r *http.Request, err error) {
	log.Printf("WARN %s %s: %v", r.Host, r.URL.Path, err)
	http.Error(w, "not reachable now", http.StatusBadGateway)
}

func (p *proxy) health(w http.ResponseWriter) {
	about := map[string]any{"status": "UP", "registered": p.registration.problem() == ""}
	if problem := p.registration.problem(); problem != "" {
		about["registration"] = problem
	}
	if _, err := p.redis.do("PING"); err != nil {
		about["status"], about["redis"] = "DOWN", err.Error()
		writeJSON(w, http.StatusServiceUnavailable, about)
		return
	}
	writeJSON(w, http.StatusOK, about)
}

// serveManagement opens the management port, where one is set.
func serveManagement(port int, key string, redis *redisServer) {
	if port == 0 {
		return
	}
	started := time.Now()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		if _, err := redis.do("PING"); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "connect_uptime_seconds %d\n", int(time.Since(started).Seconds()))
	})
	guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key != "" && r.Header.Get("Authorization") != "Bearer "+key {
			http.Error(w, "the management key is missing or another one", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
	go func() { log.Fatal(serve(":"+strconv.Itoa(port), guarded)) }()
}
