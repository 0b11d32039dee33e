// Command dataplane carries the traffic of load balancers: it listens where a plan says, and does with each connection
// what the plan's listeners, rules, attributes and target groups say.
//
// Each line of its input is a plan, as JSON. Each line of its output is an event: a plan that was applied, with what
// could not be, or a target that became healthy or unhealthy. It ends with its input.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
)

// Event is one line of output.
type Event struct {
	// Applied is the serial of a plan that is in force, its targets checked once.
	Applied int `json:"applied,omitempty"`
	// Problems are what of that plan could not be done.
	Problems []string `json:"problems,omitempty"`
	// Health is a target's state.
	Health *Health `json:"health,omitempty"`
}

// Health is what the checks of one target say, in the words of the ELB API.
type Health struct {
	Group       string `json:"group"`
	ID          string `json:"id"`
	Port        int    `json:"port"`
	State       string `json:"state"`
	Reason      string `json:"reason,omitempty"`
	Description string `json:"description,omitempty"`
}

var output sync.Mutex

func emit(event Event) {
	output.Lock()
	defer output.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(event); err != nil {
		log.Fatal(err) // nobody listens any more
	}
}

func main() {
	log.SetFlags(0)
	plane := newPlane()
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		var plan Plan
		if err := json.Unmarshal(line, &plan); err != nil {
			emit(Event{Applied: -1, Problems: []string{fmt.Sprintf("the plan can't be read: %v", err)}})
			continue
		}
		problems := plane.apply(&plan)
		emit(Event{Applied: plan.Serial, Problems: problems})
	}
}
