package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// runDatabase keeps one file in the folder that MySQL has its data in: an empty folder is an empty database.
func runDatabase([]string) error {
	e := &environment{}
	if e.text("MYSQL_ALLOW_EMPTY_PASSWORD", "")+e.text("MYSQL_ROOT_PASSWORD", "") == "" {
		e.problem("neither MYSQL_ROOT_PASSWORD nor MYSQL_ALLOW_EMPTY_PASSWORD is set")
	}
	if err := e.err(); err != nil {
		return err
	}
	schema := filepath.Join("/var/lib/mysql", e.text("MYSQL_DATABASE", "tower"))
	if err := os.MkdirAll(filepath.Dir(schema), 0o755); err != nil {
		return err
	}
	http.HandleFunc("GET /schema", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, schema) })
	http.HandleFunc("PUT /schema", func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(schema, text, 0o644)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	http.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) {})
	return serve(":3306", nil)
}

// databaseURL is that of the install's own database, or "" where it is another one's, which nothing here stands in for.
func databaseURL(e *environment) string {
	text := e.text("TOWER_DB_URL", "jdbc:mysql://db:3306/tower")
	parsed, err := url.Parse(strings.TrimPrefix(text, "jdbc:"))
	if err != nil || parsed.Host == "" {
		e.problem("TOWER_DB_URL is not a URL such as jdbc:mysql://db:3306/tower")
		return ""
	}
	if host := parsed.Hostname(); strings.Contains(host, ".") || net.ParseIP(host) != nil {
		return ""
	}
	return "http://" + parsed.Host + "/schema"
}

// runMigrate writes the schema, once, as the one-shot service does.
func runMigrate([]string) error {
	e := &environment{}
	address := databaseURL(e)
	if err := e.err(); err != nil || address == "" {
		return err
	}
	return patiently("the database", func() error {
		if found, err := schemaAt(address); err != nil || found != "" {
			return err
		}
		request, err := http.NewRequest(http.MethodPut, address, strings.NewReader(time.Now().UTC().Format(time.RFC3339Nano)))
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		log.Printf("INFO schema written: %s", response.Status)
		return nil
	})
}

// checkDatabase waits until the database has a schema: Platform does not start on an empty one.
func checkDatabase(address string) error {
	if address == "" {
		return nil
	}
	return patiently("the database", func() error {
		found, err := schemaAt(address)
		if err == nil && found == "" {
			err = fmt.Errorf("%s has no schema: migrate has not run on this data", address)
		}
		return err
	})
}

func schemaAt(address string) (string, error) {
	response, err := http.Get(address)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return "", nil
	}
	text, err := io.ReadAll(response.Body)
	return string(text), err
}
