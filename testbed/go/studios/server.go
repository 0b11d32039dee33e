package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// tunnelLifetime is how long Redis remembers where a session is, unless it is told again.
	tunnelLifetime = 30 * time.Second
	tunnelRefresh  = 5 * time.Second
)

// server is connect-server: sessions keep tunnels open to it, and the proxy's requests go through those.
type server struct {
	redis    *redisServer
	prefix   string
	domain   string
	listener int

	lock    sync.Mutex
	tunnels map[string]chan net.Conn
}

func runServer([]string) error {
	e := &environment{}
	s := &server{
		redis:    connectRedis(e),
		prefix:   e.text("CONNECT_REDIS_PREFIX", "connect:session"),
		domain:   e.text("CONNECT_HOST_DOMAIN", ""),
		listener: e.port("CONNECT_LISTENER_PORT", 7777),
		tunnels:  map[string]chan net.Conn{},
	}
	tunnel := e.port("CONNECT_TUNNEL_PORT", 7070)
	management := e.port("CONNECT_MANAGEMENT_PORT", 0)
	e.logLevel()
	if err := e.err(); err != nil {
		return err
	}
	if err := s.redis.check(s.prefix); err != nil {
		return err
	}
	s.lookForPeers()
	serveManagement(management, e.text("CONNECT_MANAGEMENT_AUTH_KEY", ""), s.redis)
	go s.keepRegistered()
	tunnels := http.NewServeMux()
	tunnels.HandleFunc("GET /_tunnel/{session}", s.accept)
	tunnels.HandleFunc("GET /health", s.health)
	go func() { log.Fatal(serve(":"+strconv.Itoa(tunnel), tunnels)) }()
	return serve(":"+strconv.Itoa(s.listener), http.HandlerFunc(s.forward))
}

// lookForPeers says who else is there: on Kubernetes, the pods of the headless Service.
func (s *server) lookForPeers() {
	if s.domain == "" {
		return
	}
	found, err := net.LookupHost(s.domain)
	if err != nil {
		log.Printf("WARN CONNECT_HOST_DOMAIN: %v", err)
		return
	}
	log.Printf("INFO servers at %s: %s", s.domain, strings.Join(found, " "))
}

// address is where the proxy finds this server among its peers: its own name below the domain, or else the domain.
func (s *server) address() (string, error) {
	host, err := here.hostname()
	if err != nil {
		return "", err
	}
	candidates := []string{host}
	if s.domain != "" {
		candidates = []string{host + "." + s.domain, s.domain, host}
	}
	for _, name := range candidates {
		// A hosts file may lead a machine's own name to its loopback, where nobody else comes.
		if found, loopback := leadsHere(name); found && (!loopback || name == s.domain) {
			return net.JoinHostPort(name, strconv.Itoa(s.listener)), nil
		}
	}
	return "", fmt.Errorf("none of %s leads to this server", strings.Join(candidates, ", "))
}

func leadsHere(name string) (found, loopback bool) {
	addresses, _ := net.LookupIP(name)
	own, _ := net.InterfaceAddrs()
	for _, address := range addresses {
		if here.owns(address) {
			return true, false
		}
		for _, one := range own {
			if network, ok := one.(*net.IPNet); ok && network.IP.Equal(address) {
				return true, address.IsLoopback()
			}
		}
	}
	return false, false
}

func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	if _, err := s.redis.do("PING"); err != nil {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "DOWN", "redis": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "UP"})
}

// accept keeps the connection of a session's program until a request goes through it.
func (s *server) accept(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("session")
	if err := s.register(id); err != nil {
		log.Printf("WARN session %s: %v", id, err)
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	connection, err := acceptWebSocket(w, r)
	if err != nil {
		return // the answer has been given
	}
	select {
	case s.tunnelsOf(id) <- stream(connection):
	default:
		connection.CloseNow()
	}
}

func (s *server) tunnelsOf(id string) chan net.Conn {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.tunnels[id] == nil {
		log.Printf("INFO session %s is here", id)
		s.tunnels[id] = make(chan net.Conn, 64)
	}
	return s.tunnels[id]
}

func (s *server) register(id string) error {
	address, err := s.address()
	if err != nil {
		return err
	}
	seconds := strconv.Itoa(int(tunnelLifetime.Seconds()))
	_, err = s.redis.do("SET", s.prefix+":"+id, address, "EX", seconds)
	return err
}

// keepRegistered tells Redis again of each session that has a tunnel.
func (s *server) keepRegistered() {
	for range time.Tick(tunnelRefresh) {
		s.lock.Lock()
		var here []string
		for id, tunnels := range s.tunnels {
			if len(tunnels) > 0 {
				here = append(here, id)
			}
		}
		s.lock.Unlock()
		for _, id := range here {
			if err := s.register(id); err != nil {
				log.Printf("WARN session %s: %v", id, err)
			}
		}
	}
}

// forward sends a request of the proxy through a tunnel of its session, one for each request.
func (s *server) forward(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" && r.Header.Get(sessionHeader) == "" {
		s.health(w, r)
		return
	}
	id := r.Header.Get(sessionHeader)
	(&httputil.ReverseProxy{
		Rewrite: func(out *httputil.ProxyRequest) {
			out.SetURL(&url.URL{Scheme: "http", Host: "session"})
			out.Out.Host = r.Host
		},
		Transport:    &http.Transport{DisableKeepAlives: true, DialContext: s.dialer(id)},
		ErrorHandler: unavailable,
	}).ServeHTTP(w, r)
}

func (s *server) dialer(id string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		select {
		case connection := <-s.tunnelsOf(id):
			return connection, nil
		case <-time.After(5 * time.Second):
			return nil, errors.New("session " + id + " has no tunnel to this server")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
