package main

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// runEdge stands where there is no load balancer: it answers every name with one address, ends TLS there, and leads a
// request by its host, "HOST=URL" for each, in which "*.example.com=URL" is for every host one label below.
func runEdge(arguments []string) error {
	flags := flag.NewFlagSet("edge", flag.ContinueOnError)
	address := flags.String("address", "127.0.0.1", "to listen on, and to answer every name with")
	certificate := flags.String("certificate", "", "PEM file")
	key := flags.String("key", "", "PEM file")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	if err != nil {
		return err
	}
	routes := map[string]http.Handler{}
	for _, word := range flags.Args() {
		host, target, _ := strings.Cut(word, "=")
		parsed, err := url.Parse(target)
		if err != nil || parsed.Host == "" {
			return errors.New("usage: studios edge … HOST=URL…")
		}
		routes[host] = &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(parsed)
				r.Out.Host = r.In.Host
				r.SetXForwarded()
			},
			ErrorHandler: unavailable,
		}
	}
	names, err := net.ListenPacket("udp", net.JoinHostPort(*address, "53"))
	if err != nil {
		return err
	}
	go answerNames(names, net.ParseIP(*address).To4())
	// HTTP/2 has no upgrade of a connection, which WebSockets need: the load balancer has it off too.
	listener, err := tls.Listen("tcp", net.JoinHostPort(*address, "443"), &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		return err
	}
	log.Printf("INFO listening on %s", listener.Addr())
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, parent, _ := strings.Cut(r.Host, ".")
		for _, host := range []string{r.Host, "*." + parent} {
			if route := routes[host]; route != nil {
				route.ServeHTTP(w, r)
				return
			}
		}
		http.Error(w, "no route to "+r.Host, http.StatusServiceUnavailable)
	}))
}

// answerNames answers questions for IPv4 addresses (RFC 1035, 4.1) with one of them, others with nothing.
func answerNames(from net.PacketConn, address net.IP) {
	buffer := make([]byte, 512)
	for {
		size, who, err := from.ReadFrom(buffer)
		if err != nil {
			return
		}
		question := buffer[:size]
		end := 12
		for end < size && question[end] != 0 {
			end += int(question[end]) + 1
		}
		end += 5
		if size < 12 || end > size {
			continue
		}
		answer := append([]byte{}, question[:end]...)
		answer[2], answer[3] = 0x84, 0 // an answer, authoritative
		for i := 6; i < 12; i++ {
			answer[i] = 0
		}
		const ipv4 = 1
		if binary.BigEndian.Uint16(question[end-4:]) == ipv4 {
			answer[7] = 1
			answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4)
			answer = append(answer, address...)
		}
		_, _ = from.WriteTo(answer, who)
	}
}
