package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// idleTunnels are kept open by a session, for as many requests at once.
const idleTunnels = 8

// runSession is a session's program: it keeps tunnels to a server, through the proxy, and answers what comes.
func runSession(arguments []string) error {
	flags := flag.NewFlagSet("session", flag.ContinueOnError)
	connect := flags.String("connect-url", "", "CONNECT_PROXY_URL")
	id := flags.String("id", "", "of the session: the first label of its host")
	flags.StringVar(&everywhere, "address", "", "at which every host is found; empty for what DNS says")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	target, err := url.Parse(*connect)
	if err != nil || target.Host == "" || *id == "" {
		return errors.New("usage: studios session -connect-url https://connect.example.com -id ID")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			echo(w, r)
			return
		}
		fmt.Fprintf(w, "session %s at %s%s\n", *id, r.Host, r.URL.Path)
	})
	for range idleTunnels {
		go keepTunnel(target.JoinPath("/_tunnel/", *id), mux)
	}
	select {}
}

// keepTunnel opens a tunnel, serves one request through it, and begins anew.
func keepTunnel(target *url.URL, handler http.Handler) {
	told, opened := "", false
	for {
		connection, err := dialWebSocket(target.String(), nil)
		if err != nil {
			if told != err.Error() {
				log.Printf("WARN %v", err)
			}
			told = err.Error()
			time.Sleep(time.Second)
			continue
		}
		if told != "" || !opened {
			log.Print("INFO tunnel open")
		}
		told, opened = "", true
		serveOne(served(stream(connection)), handler)
	}
}

// oneConnection is a listener that has one connection, and ends when that is closed.
type oneConnection struct {
	connections chan net.Conn
	done        chan struct{}
	once        sync.Once
	address     net.Addr
}

func (l *oneConnection) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *oneConnection) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *oneConnection) Addr() net.Addr { return l.address }

type closing struct {
	net.Conn
	listener *oneConnection
}

func (c *closing) Close() error {
	_ = c.listener.Close()
	return c.Conn.Close()
}

func serveOne(connection net.Conn, handler http.Handler) {
	listener := &oneConnection{connections: make(chan net.Conn, 1), done: make(chan struct{}), address: connection.LocalAddr()}
	listener.connections <- &closing{connection, listener}
	_ = http.Serve(listener, handler)
}

// echo sends back what comes through a WebSocket.
func echo(w http.ResponseWriter, r *http.Request) {
	connection, err := acceptWebSocket(w, r)
	if err != nil {
		return // the answer has been given
	}
	defer connection.CloseNow()
	for {
		kind, text, err := connection.Read(context.Background())
		if err != nil || connection.Write(context.Background(), kind, text) != nil {
			return
		}
	}
}

// runVisit is a browser: it opens a session's page, logs in on the way, and talks through a WebSocket.
func runVisit(arguments []string) error {
	flags := flag.NewFlagSet("visit", flag.ContinueOnError)
	flags.StringVar(&everywhere, "address", "", "at which every host is found; empty for what DNS says")
	hold := flags.Duration("hold", 0, "how long the WebSocket is kept open in silence before the last message")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	target, err := url.Parse(flags.Arg(0))
	if err != nil || target.Host == "" {
		return errors.New("usage: studios visit [-hold 5s] https://SESSION.example.com")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: outside}
	response, err := browser.Get(target.String())
	if err != nil {
		return err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s: %s", response.Request.URL, response.Status, strings.TrimSpace(string(page)))
	}
	fmt.Print(string(page))
	headers := http.Header{}
	for _, cookie := range jar.Cookies(target) {
		headers.Add("Cookie", cookie.String())
	}
	return converse(target, headers, *hold)
}

func converse(target *url.URL, headers http.Header, hold time.Duration) error {
	connection, err := dialWebSocket(target.String(), headers)
	if err != nil {
		return err
	}
	defer connection.CloseNow()
	for _, text := range []string{"hello", strings.Repeat("x", 100_000), "bye"} {
		if text == "bye" {
			time.Sleep(hold)
		}
		limit, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := connection.Write(limit, websocket.MessageText, []byte(text)); err != nil {
			return err
		}
		_, back, err := connection.Read(limit)
		if err != nil {
			return fmt.Errorf("the WebSocket broke: %w", err)
		}
		if string(back) != text {
			return fmt.Errorf("the WebSocket brought back %d bytes, others than the %d that were sent", len(back), len(text))
		}
	}
	fmt.Println("WebSocket: echoed")
	return nil
}
