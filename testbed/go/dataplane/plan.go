package main

import (
	"crypto/tls"
	"fmt"
	"slices"
)

// Plan is everything that the load balancers of an account are to do. Conditions and actions are those of the ELB API.
type Plan struct {
	Serial    int
	Balancers []Balancer
	Groups    []Group
}

// Balancer is one load balancer with its listeners.
type Balancer struct {
	Name        string
	IdleSeconds int
	HTTP2       bool
	Listeners   []Listener
}

// Listener is one port of a load balancer.
type Listener struct {
	// Bind is where it really listens, and Port the one that clients mean.
	Bind         string
	Port         int
	Protocol     string
	Versions     []string
	Certificates []Certificate
	Rules        []Rule
}

// Certificate is a PEM chain with its key. The first of a listener is its default.
type Certificate struct {
	Chain string
	Key   string
}

// Rule is one rule; they come in the order of their priorities, the default one last.
type Rule struct {
	Conditions []Condition
	Actions    []Action
	Transforms []any
}

// Condition is a condition of a rule: all of them must hold, each by one of its values.
type Condition struct {
	Field                   string
	Values                  []string
	HostHeaderConfig        *Values
	PathPatternConfig       *Values
	HTTPHeaderConfig        *HeaderValues `json:"HttpHeaderConfig"`
	QueryStringConfig       *QueryValues
	HTTPRequestMethodConfig *Values `json:"HttpRequestMethodConfig"`
	SourceIPConfig          *Values `json:"SourceIpConfig"`
}

// Values are patterns or plain values.
type Values struct{ Values, RegexValues []string }

// HeaderValues are the values that a header may have.
type HeaderValues struct {
	HTTPHeaderName      string `json:"HttpHeaderName"`
	Values, RegexValues []string
}

// QueryValues are the parameters that a query may have.
type QueryValues struct {
	Values []struct{ Key, Value string }
}

// Action is what a rule does.
type Action struct {
	Type                string
	Order               int
	TargetGroupArn      string
	ForwardConfig       *ForwardConfig
	RedirectConfig      *RedirectConfig
	FixedResponseConfig *FixedResponseConfig
}

// ForwardConfig divides requests among groups.
type ForwardConfig struct {
	TargetGroups []struct {
		TargetGroupArn string
		Weight         *int
	}
}

// RedirectConfig is where a redirect leads: each part may quote the request's, such as #{host}.
type RedirectConfig struct{ Protocol, Port, Host, Path, Query, StatusCode string }

// FixedResponseConfig is an answer that no target gives.
type FixedResponseConfig struct{ StatusCode, ContentType, MessageBody string }

// Group is a target group.
type Group struct {
	Arn      string
	Protocol string
	Check    Check
	Targets  []Target
}

// Check is how a group's targets are checked.
type Check struct {
	Enabled          bool
	Protocol         string
	Path             string
	Codes            string
	IntervalSeconds  int
	TimeoutSeconds   int
	HealthyThreshold int
	FailedThreshold  int
}

// Target is one target of a group, with the addresses on this machine that stand for it: none where it doesn't exist.
type Target struct {
	ID             string
	Port           int
	Addresses      []string
	CheckAddresses []string
}

var protocols = []string{"HTTP", "HTTPS", "TCP", "TLS"}

// unknown is what a load balancer of AWS would do and this one doesn't: such a listener is not served at all.
func (listener Listener) unknown() error {
	if !slices.Contains(protocols, listener.Protocol) {
		return fmt.Errorf("protocol %q is not known, only %v", listener.Protocol, protocols)
	}
	for _, rule := range listener.Rules {
		if len(rule.Transforms) > 0 {
			return fmt.Errorf("a rule's transforms are not known")
		}
		for _, each := range rule.Conditions {
			for _, values := range []*Values{each.HostHeaderConfig, each.PathPatternConfig} {
				if values != nil && len(values.RegexValues) > 0 {
					return fmt.Errorf("regular expressions of the condition %s are not known", each.Field)
				}
			}
			if each.HTTPHeaderConfig != nil && len(each.HTTPHeaderConfig.RegexValues) > 0 {
				return fmt.Errorf("regular expressions of the condition %s are not known", each.Field)
			}
		}
	}
	return nil
}

var versions = map[string]uint16{
	"TLSv1":   tls.VersionTLS10,
	"TLSv1.1": tls.VersionTLS11,
	"TLSv1.2": tls.VersionTLS12,
	"TLSv1.3": tls.VersionTLS13,
}

// tlsRange is the lowest and the highest of the versions that a security policy has.
func tlsRange(names []string) (uint16, uint16, error) {
	var found []uint16
	for _, name := range names {
		version, known := versions[name]
		if !known {
			return 0, 0, fmt.Errorf("TLS version %q is not known", name)
		}
		found = append(found, version)
	}
	if len(found) == 0 {
		return 0, 0, fmt.Errorf("the security policy has no TLS version")
	}
	return slices.Min(found), slices.Max(found), nil
}
