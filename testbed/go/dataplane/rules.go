package main

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// matches tells whether all conditions of a rule hold for a request.
func matches(conditions []Condition, request *http.Request) bool {
	for _, condition := range conditions {
		if !holds(condition, request) {
			return false
		}
	}
	return true
}

func holds(condition Condition, request *http.Request) bool {
	switch condition.Field {
	case "host-header":
		host := strings.ToLower(hostOf(request.Host))
		return anyOf(values(condition, condition.HostHeaderConfig), func(pattern string) bool {
			return like(strings.ToLower(pattern), host)
		})
	case "path-pattern":
		return anyOf(values(condition, condition.PathPatternConfig), func(pattern string) bool {
			return like(pattern, request.URL.Path)
		})
	case "http-request-method":
		return anyOf(values(condition, condition.HTTPRequestMethodConfig), func(method string) bool {
			return method == request.Method
		})
	case "http-header":
		return holdsHeader(condition.HTTPHeaderConfig, request.Header)
	case "query-string":
		return holdsQuery(condition.QueryStringConfig, request.URL.Query())
	case "source-ip":
		return anyOf(values(condition, condition.SourceIPConfig), func(network string) bool {
			return contains(network, request.RemoteAddr)
		})
	}
	return false
}

// values are those of the condition's own structure, or of the older plain list.
func values(condition Condition, structured *Values) []string {
	if structured != nil && len(structured.Values) > 0 {
		return structured.Values
	}
	return condition.Values
}

func anyOf(values []string, holds func(string) bool) bool {
	for _, value := range values {
		if holds(value) {
			return true
		}
	}
	return false
}

func holdsHeader(wanted *HeaderValues, header http.Header) bool {
	if wanted == nil {
		return false
	}
	for _, value := range header.Values(wanted.HTTPHeaderName) {
		lower := strings.ToLower(value)
		if anyOf(wanted.Values, func(pattern string) bool { return like(strings.ToLower(pattern), lower) }) {
			return true
		}
	}
	return false
}

func holdsQuery(wanted *QueryValues, query url.Values) bool {
	if wanted == nil {
		return false
	}
	for _, pair := range wanted.Values {
		for key, found := range query {
			if pair.Key != "" && !like(strings.ToLower(pair.Key), strings.ToLower(key)) {
				continue
			}
			for _, value := range found {
				if like(strings.ToLower(pair.Value), strings.ToLower(value)) {
					return true
				}
			}
		}
	}
	return false
}

func contains(network, remote string) bool {
	prefix, err := netip.ParsePrefix(network)
	address, other := netip.ParseAddrPort(remote)
	return err == nil && other == nil && prefix.Contains(address.Addr().Unmap())
}

// like tells whether a text fits a pattern: * is any text, ? any one character.
func like(pattern, text string) bool {
	var position, after, mark int
	star := -1
	for position < len(text) {
		switch {
		case after < len(pattern) && pattern[after] == '*':
			star, mark = after, position
			after++
		case after < len(pattern) && (pattern[after] == '?' || pattern[after] == text[position]):
			after++
			position++
		case star >= 0:
			mark++
			position, after = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[after:], "*") == ""
}

func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

// location is where a redirect leads a request that came to a port by a protocol.
func location(wanted *RedirectConfig, request *http.Request, protocol string, port int) string {
	fill := strings.NewReplacer(
		"#{protocol}", strings.ToLower(protocol),
		"#{host}", hostOf(request.Host),
		"#{port}", strconv.Itoa(port),
		"#{path}", strings.TrimPrefix(request.URL.EscapedPath(), "/"),
		"#{query}", request.URL.RawQuery,
	).Replace
	part := func(text, otherwise string) string {
		if text == "" {
			text = otherwise
		}
		return fill(text)
	}
	target := strings.ToLower(part(wanted.Protocol, "#{protocol}")) + "://" + part(wanted.Host, "#{host}") +
		":" + part(wanted.Port, "#{port}") + part(wanted.Path, "/#{path}")
	if query := part(wanted.Query, "#{query}"); query != "" {
		target += "?" + query
	}
	return target
}
