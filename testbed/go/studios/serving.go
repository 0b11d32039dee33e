package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"sync"
	"time"
)

// patience is how long a start waits for what starts beside it: Compose and Kubernetes start all at once.
var patience = 20 * time.Second

func patiently(what string, try func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: %w", what, err)
		}
		log.Printf("WARN %s: %v", what, err)
		time.Sleep(500 * time.Millisecond)
	}
}

var (
	servers     []*http.Server
	serversLock sync.Mutex
)

func serve(address string, handler http.Handler) error {
	server := &http.Server{Addr: here.listen(address), Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	serversLock.Lock()
	servers = append(servers, server)
	serversLock.Unlock()
	log.Printf("INFO listening on %s", address)
	err := server.ListenAndServe()
	if errors.Is(err, http.ErrServerClosed) {
		select {} // the process ends once it has drained
	}
	return err
}

// drain refuses new connections and lets those requests end that are being answered.
func drain() {
	serversLock.Lock()
	defer serversLock.Unlock()
	limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, server := range servers {
		_ = server.Shutdown(limit)
	}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// runHealth is the check inside a container: exit code 0 if /health answers with 200.
func runHealth(arguments []string) error {
	flags := flag.NewFlagSet("health", flag.ContinueOnError)
	port := flags.Int("port", 80, "to ask")
	variable := flags.String("variable", "", "that has the port, if it is set")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	e := &environment{}
	if *variable != "" {
		*port = e.port(*variable, *port)
	}
	if err := e.err(); err != nil {
		return err
	}
	client := http.Client{Timeout: 3 * time.Second}
	response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/health", *port))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		return fmt.Errorf("/health answered %s: %s", response.Status, text)
	}
	return nil
}
