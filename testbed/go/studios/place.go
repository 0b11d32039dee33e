package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// placeVariable holds, as JSON, what a plain process has instead of a container: where it stands among others. A role in
// a container or pod has none of it.
const placeVariable = "STUDIOS_PLACE"

// place is that of one process.
type place struct {
	// Address is the one of its pod, on loopback, and Hostname the pod's name.
	Address, Hostname string
	// Resolver answers for the names of the pod's cluster, as host:port.
	Resolver string
	// Root is the folder with the files that the pod has mounted.
	Root string
	// Ports has, for ports that a client means, those on which loopback serves them.
	Ports map[string]string
}

var here = readPlace()

func readPlace() place {
	var found place
	text := os.Getenv(placeVariable)
	if text == "" {
		return found
	}
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		fmt.Fprintf(os.Stderr, "%s is not JSON: %v\n", placeVariable, err)
		os.Exit(2)
	}
	// Templates are read from the environment by their names: this is not one of the pod's variables.
	os.Unsetenv(placeVariable)
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, found.Resolver)
		},
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	http.DefaultTransport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, found.target(address))
	}
	return found
}

// path is where a file of the pod lies.
func (p place) path(name string) string {
	if p.Root == "" || name == "" {
		return name
	}
	return filepath.Join(p.Root, name)
}

// listen is the address for a port such as ":8080".
func (p place) listen(port string) string {
	if other, found := p.Ports[strings.TrimPrefix(port, ":")]; found {
		port = ":" + other
	}
	return p.Address + port
}

// target is where a connection to host:port goes.
func (p place) target(address string) string {
	host, port, err := net.SplitHostPort(address)
	if other, found := p.Ports[port]; err == nil && found {
		return net.JoinHostPort(host, other)
	}
	return address
}

// hostname is the pod's name.
func (p place) hostname() (string, error) {
	if p.Hostname != "" {
		return p.Hostname, nil
	}
	return os.Hostname()
}

// owns tells whether an address is the pod's own.
func (p place) owns(address net.IP) bool {
	return p.Address != "" && address.Equal(net.ParseIP(p.Address))
}
