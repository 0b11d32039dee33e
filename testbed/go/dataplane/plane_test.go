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
