// Command studios stands in for the programs of Seqera Platform and of Studios' Connect, a role each.
//
// It reads what the containers and pods get, and refuses what the originals refuse; README.md says what it proves.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"
)

// roles has the entry point of each; arguments behind the role's own flags are those of the original's command.
var roles = map[string]func(arguments []string) error{
	"backend":        runBackend,
	"connect-proxy":  runProxy,
	"connect-server": runServer,
	"cron":           runCron,
	"db":             runDatabase,
	"edge":           runEdge,
	"frontend":       runFrontend,
	"health":         runHealth,
	"access-token":   runAccessToken,
	"migrate":        runMigrate,
	"session":        runSession,
	"visit":          runVisit,
}

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds | log.LUTC)
	flag.DurationVar(&patience, "patience", patience, "how long a start waits for what starts beside it")
	flag.Parse()
	role := flag.Arg(0)
	if roles[role] == nil {
		names := make([]string, 0, len(roles))
		for name := range roles {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Fprintf(os.Stderr, "usage: studios [-patience 20s] ROLE, one of %s\n", strings.Join(names, ", "))
		os.Exit(2)
	}
	log.SetPrefix(role + ": ")
	log.SetOutput(os.Stdout)
	if role == "health" {
		log.SetFlags(0)
	}
	endOnSignal()
	if err := roles[role](flag.Args()[1:]); err != nil {
		log.Printf("ERROR %v", err)
		os.Exit(1)
	}
}

// endOnSignal ends the process at once: as a container's first process it has no default action for signals.
func endOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		received := <-signals
		log.Printf("INFO ending on %v", received)
		drain()
		os.Exit(0)
	}()
}
