package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// everywhere, where set, is the address at which every host is found: for a client where no DNS knows the names.
var everywhere string

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	if _, port, err := net.SplitHostPort(address); err == nil && everywhere != "" {
		address = net.JoinHostPort(everywhere, port)
	}
	return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, here.target(address))
}

// outside is how a program from outside reaches a host.
var outside = &http.Transport{DialContext: dial, TLSHandshakeTimeout: 10 * time.Second}

// dialWebSocket opens a WebSocket; headers are added to the handshake's.
func dialWebSocket(target string, headers http.Header) (*websocket.Conn, error) {
	limit, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	options := &websocket.DialOptions{HTTPClient: &http.Client{Transport: outside}, HTTPHeader: headers}
	connection, _, err := websocket.Dial(limit, target, options)
	if err == nil {
		connection.SetReadLimit(1 << 20)
	}
	return connection, err
}

// acceptWebSocket answers the handshake of a client, whatever page it comes from.
func acceptWebSocket(w http.ResponseWriter, r *http.Request) (*websocket.Conn, error) {
	connection, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err == nil {
		connection.SetReadLimit(1 << 20)
	}
	return connection, err
}

// stream is the connection within a WebSocket, which a tunnel is.
func stream(connection *websocket.Conn) net.Conn {
	return websocket.NetConn(context.Background(), connection, websocket.MessageBinary)
}

// served is a tunnel for an HTTP server, which interrupts a read by a deadline: a WebSocket would end with that.
func served(tunnel net.Conn) net.Conn {
	inside, outside := net.Pipe()
	for _, ends := range [][2]net.Conn{{tunnel, inside}, {inside, tunnel}} {
		go func() {
			_, _ = io.Copy(ends[0], ends[1])
			_ = ends[0].Close()
		}()
	}
	return outside
}
