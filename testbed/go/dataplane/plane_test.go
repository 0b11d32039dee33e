package main

import (
	"strconv"
	"testing"
)

func TestManyGroupsAreChangedAtOnce(t *testing.T) {
	var groups []Group
	for number := range 500 {
		groups = append(groups, Group{Arn: "group-" + strconv.Itoa(number)})
	}
	plane := newPlane()
	for range 20 {
		if problems := plane.apply(&Plan{Groups: groups}); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	if len(plane.groups) != len(groups) {
		t.Fatalf("%d groups of %d are in force", len(plane.groups), len(groups))
	}
}

func TestAListenerThatAsksForWhatIsNotKnownIsAProblemAndNotServed(t *testing.T) {
	regex := &Values{RegexValues: []string{"^a"}}
	unknown := map[string]Listener{
		"protocol":  {Protocol: "UDP"},
		"transform": {Protocol: "HTTP", Rules: []Rule{{Transforms: []any{"url-rewrite"}}}},
		"host":      {Protocol: "HTTP", Rules: []Rule{{Conditions: []Condition{{HostHeaderConfig: regex}}}}},
		"path":      {Protocol: "HTTP", Rules: []Rule{{Conditions: []Condition{{PathPatternConfig: regex}}}}},
		"header": {Protocol: "HTTP", Rules: []Rule{{Conditions: []Condition{
			{HTTPHeaderConfig: &HeaderValues{RegexValues: []string{"^a"}}},
		}}}},
	}
	for name, listener := range unknown {
		listener.Bind = "127.0.0.1:0"
		plane := newPlane()
		problems := plane.apply(&Plan{Balancers: []Balancer{{Name: name, Listeners: []Listener{listener}}}})
		if len(problems) != 1 || len(plane.ports) != 0 {
			t.Errorf("%s: problems %v, %d ports", name, problems, len(plane.ports))
		}
	}
}
