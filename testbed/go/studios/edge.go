package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/miekg/dns"
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
	go func() { log.Fatal(answerNames(names, net.ParseIP(*address))) }()
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

// answerNames answers questions for IPv4 addresses with one of them, others with nothing.
func answerNames(from net.PacketConn, address net.IP) error {
	return dns.ActivateAndServe(nil, from, dns.HandlerFunc(func(w dns.ResponseWriter, asked *dns.Msg) {
		answer := new(dns.Msg).SetReply(asked)
		answer.Authoritative = true
		for _, question := range asked.Question {
			if question.Qtype == dns.TypeA {
				header := dns.RR_Header{Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}
				answer.Answer = append(answer.Answer, &dns.A{Hdr: header, A: address})
			}
		}
		_ = w.WriteMsg(answer)
	}))
}
