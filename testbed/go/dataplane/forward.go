package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	random "math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"time"
)

// connectTimeout is how long a load balancer waits for a target's connection.
const connectTimeout = 10 * time.Second

// ServeHTTP does what the first rule that matches says.
func (port *port) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	now := port.current.Load()
	for _, rule := range now.listener.Rules {
		if !matches(rule.Conditions, request) {
			continue
		}
		for _, action := range rule.Actions {
			switch action.Type {
			case "redirect":
				redirect(answer, request, action.RedirectConfig, now.listener)
				return
			case "fixed-response":
				fixed(answer, action.FixedResponseConfig)
				return
			case "forward":
				port.forward(answer, request, now, rule.Actions)
				return
			}
		}
		// Signing users in is not done here: whoever needs it must not take a request for one that was let through.
		own(answer, http.StatusNotImplemented)
		return
	}
	own(answer, http.StatusNotFound)
}

func redirect(answer http.ResponseWriter, request *http.Request, wanted *RedirectConfig, listener Listener) {
	status := http.StatusFound
	if wanted.StatusCode == "HTTP_301" {
		status = http.StatusMovedPermanently
	}
	answer.Header().Set("Location", location(wanted, request, listener.Protocol, listener.Port))
	own(answer, status)
}

func fixed(answer http.ResponseWriter, wanted *FixedResponseConfig) {
	status, err := strconv.Atoi(wanted.StatusCode)
	if err != nil {
		status = http.StatusInternalServerError
	}
	if wanted.ContentType != "" {
		answer.Header().Set("Content-Type", wanted.ContentType)
	}
	answer.Header().Set("Server", "awselb/2.0")
	answer.WriteHeader(status)
	io.WriteString(answer, wanted.MessageBody)
}

// own is an answer of the load balancer itself, as AWS writes it.
func own(answer http.ResponseWriter, status int) {
	title := html.EscapeString(fmt.Sprintf("%d %s", status, http.StatusText(status)))
	answer.Header().Set("Server", "awselb/2.0")
	answer.Header().Set("Content-Type", "text/html")
	answer.WriteHeader(status)
	fmt.Fprintf(answer, "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n</body>\r\n</html>\r\n", title, title)
}

func (port *port) forward(answer http.ResponseWriter, request *http.Request, now *settings, actions []Action) {
	group := port.plane.groupOf(actions)
	if group == nil {
		own(answer, http.StatusServiceUnavailable)
		return
	}
	address, any := group.pick()
	if !any {
		own(answer, http.StatusServiceUnavailable)
		return
	}
	scheme := strings.ToLower(group.group.Protocol)
	idle := time.Duration(now.balancer.IdleSeconds) * time.Second
	proxy := httputil.ReverseProxy{
		Rewrite: func(proxied *httputil.ProxyRequest) {
			proxied.Out.URL.Scheme, proxied.Out.URL.Host = scheme, address
			proxied.Out.Host = proxied.In.Host
			// What the client says stays, and the load balancer adds itself, as the attribute "append" has it.
			proxied.Out.Header["X-Forwarded-For"] = proxied.In.Header["X-Forwarded-For"]
			proxied.SetXForwarded()
			proxied.Out.Header.Del("X-Forwarded-Host")
			proxied.Out.Header.Set("X-Forwarded-Proto", strings.ToLower(now.listener.Protocol))
			proxied.Out.Header.Set("X-Forwarded-Port", strconv.Itoa(now.listener.Port))
			if proxied.In.Header.Get("X-Amzn-Trace-Id") == "" {
				proxied.Out.Header.Set("X-Amzn-Trace-Id", trace())
			}
		},
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
			DisableKeepAlives:     true,
			DisableCompression:    true,
			ResponseHeaderTimeout: idle,
			TLSClientConfig:       &tls.Config{InsecureSkipVerify: true}, // a load balancer trusts any target
		},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		ErrorHandler: func(answer http.ResponseWriter, _ *http.Request, err error) {
			own(answer, statusOf(err))
		},
	}
	proxy.ServeHTTP(answer, request)
}

// statusOf is the status with which a load balancer tells of a target that fails.
func statusOf(err error) int {
	var network net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout() {
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

func trace() string {
	identifier := make([]byte, 12)
	rand.Read(identifier)
	return fmt.Sprintf("Root=1-%08x-%s", time.Now().Unix(), hex.EncodeToString(identifier))
}

// weighted is a group of a forward action, chosen by chance according to the weights.
func weighted(config *ForwardConfig) string {
	total := 0
	for _, group := range config.TargetGroups {
		total += weight(group.Weight)
	}
	if total == 0 {
		return config.TargetGroups[0].TargetGroupArn
	}
	left := random.IntN(total)
	for _, group := range config.TargetGroups {
		if left -= weight(group.Weight); left < 0 {
			return group.TargetGroupArn
		}
	}
	return ""
}

func weight(given *int) int {
	if given == nil {
		return 1
	}
	return *given
}
