package main

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// matches tells whether all conditions of a rule hold for a request.
func matches(conditions []Condition, request *http.Request) bool {
	return !slices.ContainsFunc(conditions, func(condition Condition) bool { return !holds(condition, request) })
}

func holds(condition Condition, request *http.Request) bool {
	switch condition.Field {
	case "host-header":
		return slices.ContainsFunc(values(condition, condition.HostHeaderConfig), func(pattern string) bool {
			return likeInAnyCase(pattern, hostOf(request.Host))
		})
	case "path-pattern":
		return slices.ContainsFunc(values(condition, condition.PathPatternConfig), func(pattern string) bool {
			return like(pattern, request.URL.Path)
		})
	case "http-request-method":
		return slices.Contains(values(condition, condition.HTTPRequestMethodConfig), request.Method)
	case "http-header":
		return holdsHeader(condition.HTTPHeaderConfig, request.Header)
	case "query-string":
		return holdsQuery(condition.QueryStringConfig, request.URL.Query())
	case "source-ip":
		return slices.ContainsFunc(values(condition, condition.SourceIPConfig), func(network string) bool {
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

func holdsHeader(wanted *HeaderValues, header http.Header) bool {
	return wanted != nil && slices.ContainsFunc(header.Values(wanted.HTTPHeaderName), func(value string) bool {
		return slices.ContainsFunc(wanted.Values, func(pattern string) bool { return likeInAnyCase(pattern, value) })
	})
}

func holdsQuery(wanted *QueryValues, query url.Values) bool {
	if wanted == nil {
		return false
	}
	for _, pair := range wanted.Values {
		for key, found := range query {
			if pair.Key != "" && !likeInAnyCase(pair.Key, key) {
				continue
			}
			if slices.ContainsFunc(found, func(value string) bool { return likeInAnyCase(pair.Value, value) }) {
				return true
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
	expression := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile("(?s)^" + expression + "$").MatchString(text)
}

func likeInAnyCase(pattern, text string) bool {
	return like(strings.ToLower(pattern), strings.ToLower(text))
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
