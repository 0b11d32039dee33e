package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

// plane is the load balancers in force.
type plane struct {
	ports  map[string]*port
	mutex  sync.RWMutex
	groups map[string]*targets
}

func newPlane() *plane {
	return &plane{ports: map[string]*port{}, groups: map[string]*targets{}}
}

// settings is what a port does with connections that come from now on.
type settings struct {
	balancer Balancer
	listener Listener
	tls      *tls.Config
}

// port is one address that is listened on.
type port struct {
	plane    *plane
	listener net.Listener
	protocol string
	current  atomic.Pointer[settings]
}

// apply puts a plan in force and tells what of it could not be done.
func (plane *plane) apply(plan *Plan) []string {
	var problems []string
	plane.changeGroups(plan.Groups)
	wanted := map[string]bool{}
	for _, balancer := range plan.Balancers {
		for _, listener := range balancer.Listeners {
			now, err := newSettings(balancer, listener)
			if err == nil {
				err = plane.listen(now)
			}
			if err != nil {
				problems = append(problems, fmt.Sprintf("%s, port %d: %v", balancer.Name, listener.Port, err))
				continue
			}
			wanted[listener.Bind] = true
		}
	}
	for bind, port := range plane.ports {
		if !wanted[bind] {
			port.listener.Close()
			delete(plane.ports, bind)
		}
	}
	return problems
}

// changeGroups checks the targets of each group again, whether or not the group is another one.
func (plane *plane) changeGroups(groups []Group) {
	next := map[string]*targets{}
	var begun sync.WaitGroup
	for _, group := range groups {
		targets := newTargets(group)
		next[group.Arn] = targets
		begun.Add(1)
		go func() {
			defer begun.Done()
			targets.begin()
		}()
	}
	begun.Wait()
	plane.mutex.Lock()
	last := plane.groups
	plane.groups = next
	plane.mutex.Unlock()
	for _, group := range last {
		group.stop()
	}
}

func newSettings(balancer Balancer, listener Listener) (*settings, error) {
	now := &settings{balancer: balancer, listener: listener}
	if err := listener.unknown(); err != nil {
		return nil, err
	}
	if listener.Protocol != "HTTPS" && listener.Protocol != "TLS" {
		return now, nil
	}
	low, high, err := tlsRange(listener.Versions)
	if err != nil {
		return nil, err
	}
	now.tls = &tls.Config{MinVersion: low, MaxVersion: high, NextProtos: []string{"http/1.1"}}
	if balancer.HTTP2 {
		now.tls.NextProtos = []string{"h2", "http/1.1"}
	}
	for _, certificate := range listener.Certificates {
		pair, err := tls.X509KeyPair([]byte(certificate.Chain), []byte(certificate.Key))
		if err != nil {
			return nil, err
		}
		now.tls.Certificates = append(now.tls.Certificates, pair)
	}
	if len(now.tls.Certificates) == 0 {
		return nil, fmt.Errorf("the listener has no certificate")
	}
	// Go takes the first certificate that supports the name, and the first of all where none does: so does AWS.
	return now, nil
}

func (plane *plane) listen(now *settings) error {
	bind := now.listener.Bind
	open, exists := plane.ports[bind]
	if exists && open.protocol != now.listener.Protocol {
		open.listener.Close()
		exists = false
	}
	if exists {
		if last := open.current.Load(); !reflect.DeepEqual(last.listener, now.listener) || last.balancer.HTTP2 != now.balancer.HTTP2 ||
			last.balancer.IdleSeconds != now.balancer.IdleSeconds {
			open.current.Store(now)
		}
		return nil
	}
	inner, err := net.Listen("tcp", bind)
	if err != nil {
		return err
	}
	open = &port{plane: plane, protocol: now.listener.Protocol}
	open.current.Store(now)
	open.listener = &idleListener{inner, func() time.Duration {
		return time.Duration(open.current.Load().balancer.IdleSeconds) * time.Second
	}}
	plane.ports[bind] = open
	go open.serve()
	return nil
}

func (port *port) serve() {
	switch port.protocol {
	case "HTTP", "HTTPS":
		server := &http.Server{
			Handler:           port,
			ReadHeaderTimeout: 0, // the idle timeout ends those who say nothing
			ConnState:         track,
			ErrorLog:          log.New(io.Discard, "", 0),
		}
		if port.protocol == "HTTP" {
			server.Serve(port.listener)
			return
		}
		server.TLSConfig = &tls.Config{
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil },
			GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
				return port.current.Load().tls, nil
			},
			NextProtos: []string{"h2", "http/1.1"},
		}
		server.ServeTLS(port.listener, "", "")
	default:
		port.serveStreams()
	}
}

// track knows which connections wait for an answer.
func track(conn net.Conn, state http.ConnState) {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	if idle, ok := conn.(*idleConn); ok {
		idle.pending.Store(state == http.StateActive)
	}
}

// serveStreams carries plain TCP, as a network load balancer does.
func (port *port) serveStreams() {
	for {
		client, err := port.listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			now := port.current.Load()
			if now.tls != nil {
				client = tls.Server(client, now.tls)
			}
			for _, rule := range now.listener.Rules {
				if group := port.plane.groupOf(rule.Actions); group != nil {
					if address, any := group.pick(); any {
						splice(client, address)
					}
					return
				}
			}
		}()
	}
}

func splice(client net.Conn, address string) {
	target, err := net.DialTimeout("tcp", address, connectTimeout)
	if err != nil {
		return
	}
	defer target.Close()
	done := make(chan struct{}, 2)
	carry := func(to, from net.Conn) {
		io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		} else {
			to.Close()
		}
		done <- struct{}{}
	}
	go carry(target, client)
	go carry(client, target)
	<-done
	<-done
}

// groupOf is the group that an action forwards to: by weight where there are several.
func (plane *plane) groupOf(actions []Action) *targets {
	plane.mutex.RLock()
	defer plane.mutex.RUnlock()
	for _, action := range actions {
		if action.Type != "forward" {
			continue
		}
		if action.ForwardConfig != nil && len(action.ForwardConfig.TargetGroups) > 0 {
			return plane.groups[weighted(action.ForwardConfig)]
		}
		return plane.groups[action.TargetGroupArn]
	}
	return nil
}
