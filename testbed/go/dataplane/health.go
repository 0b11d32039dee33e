package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	healthy   = "healthy"
	unhealthy = "unhealthy"
)

// targets is a group in force: whom requests may go to, by the checks that run all the time.
type targets struct {
	group Group
	stop  context.CancelFunc

	mutex sync.Mutex
	state map[string]Health
	next  int
}

func newTargets(group Group) *targets {
	return &targets{group: group, state: map[string]Health{}}
}

func key(target Target) string { return target.ID + ":" + strconv.Itoa(target.Port) }

// begin checks each target once, so that what is asked next finds it right, and then goes on checking.
func (group *targets) begin() {
	ctx, stop := context.WithCancel(context.Background())
	group.stop = stop
	var first sync.WaitGroup
	for _, target := range group.group.Targets {
		first.Add(1)
		go func() {
			group.judge(ctx, target, true)
			first.Done()
			group.watch(ctx, target)
		}()
	}
	first.Wait()
}

func (group *targets) watch(ctx context.Context, target Target) {
	ticker := time.NewTicker(time.Duration(max(group.group.Check.IntervalSeconds, 1)) * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			group.judge(ctx, target, false)
		}
	}
}

// judge asks as often as it takes to change a target's state. A target that is new, or was good, fails by several checks;
// one that comes (back) is good after several, or after one if it is new, as in AWS.
func (group *targets) judge(ctx context.Context, target Target, fresh bool) {
	check := group.group.Check
	group.mutex.Lock()
	before, known := group.state[key(target)]
	group.mutex.Unlock()
	fail, pass := max(check.FailedThreshold, 1), max(check.HealthyThreshold, 1)
	if fresh || !known {
		fail, pass = 1, 1
	}
	var reason, description string
	for failures, passes := 0, 0; failures < fail && passes < pass; {
		reason, description = probe(ctx, group.group, target)
		if ctx.Err() != nil {
			return
		}
		if reason == "" {
			passes, failures = passes+1, 0
			if known && before.State == healthy {
				break
			}
		} else {
			failures, passes = failures+1, 0
			if known && before.State == unhealthy {
				break
			}
		}
	}
	now := Health{
		Group: group.group.Arn, ID: target.ID, Port: target.Port, State: healthy, Reason: reason, Description: description,
	}
	if reason != "" {
		now.State = unhealthy
	}
	group.mutex.Lock()
	group.state[key(target)] = now
	group.mutex.Unlock()
	if !known || before != now {
		emit(Event{Health: &now})
	}
}

// probe asks a target once; the reason is empty if it answers as it should, and otherwise one of the ELB API's.
func probe(ctx context.Context, group Group, target Target) (string, string) {
	if !group.Check.Enabled {
		return "", ""
	}
	if len(target.CheckAddresses) == 0 {
		return "Target.NotInUse", "Nothing on this machine stands for the target"
	}
	for _, address := range target.CheckAddresses {
		if reason, description := probeAddress(ctx, group.Check, address); reason != "" {
			return reason, description
		}
	}
	return "", ""
}

func probeAddress(ctx context.Context, check Check, address string) (string, string) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(max(check.TimeoutSeconds, 1))*time.Second)
	defer cancel()
	if check.Protocol != "HTTP" && check.Protocol != "HTTPS" {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return failed(ctx)
		}
		conn.Close()
		return "", ""
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.ToLower(check.Protocol)+"://"+address+check.Path, nil)
	if err != nil {
		return "Elb.InternalError", err.Error()
	}
	request.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	request.Close = true
	response, err := checker.RoundTrip(request)
	if err != nil {
		return failed(ctx)
	}
	response.Body.Close()
	if !among(check.Codes, response.StatusCode) {
		return "Target.ResponseCodeMismatch", fmt.Sprintf("Health checks failed with these codes: [%d]", response.StatusCode)
	}
	return "", ""
}

func failed(ctx context.Context) (string, string) {
	if ctx.Err() != nil {
		return "Target.Timeout", "Request timed out"
	}
	return "Target.FailedHealthChecks", "Health checks failed"
}

// checker follows no redirect, and trusts any certificate, as a load balancer does.
var checker = &http.Transport{
	DisableKeepAlives: true,
	TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
}

// among tells whether codes such as "200-299,404" have a status.
func among(codes string, status int) bool {
	for _, part := range strings.Split(codes, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			high = low
		}
		from, err := strconv.Atoi(low)
		to, other := strconv.Atoi(high)
		if err == nil && other == nil && from <= status && status <= to {
			return true
		}
	}
	return false
}

// pick is an address of the target whose turn it is: of a good one, or of any where none is good, as AWS does.
func (group *targets) pick() (string, bool) {
	group.mutex.Lock()
	defer group.mutex.Unlock()
	var good, all []string
	for _, target := range group.group.Targets {
		all = append(all, target.Addresses...)
		if state, known := group.state[key(target)]; !known || state.State == healthy {
			good = append(good, target.Addresses...)
		}
	}
	if len(good) == 0 {
		good = all
	}
	if len(good) == 0 {
		return "", false
	}
	group.next++
	return good[group.next%len(good)], true
}
