package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// environment reads variables and collects everything that is wrong with them, so that one start names all of it.
type environment struct{ problems []string }

func (e *environment) problem(format string, values ...any) {
	e.problems = append(e.problems, fmt.Sprintf(format, values...))
}

func (e *environment) err() error {
	if len(e.problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(e.problems, "; "))
}

// text takes an empty variable for an unset one.
func (e *environment) text(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func (e *environment) required(name string) string {
	value := os.Getenv(name)
	if value == "" {
		e.problem("%s is missing", name)
	}
	return value
}

func (e *environment) port(name string, fallback int) int {
	text := e.text(name, strconv.Itoa(fallback))
	port, err := strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 || (port == 0 && text != strconv.Itoa(fallback)) {
		e.problem("%s=%q is not a port", name, text)
	}
	return port
}

func (e *environment) number(name string, fallback int) int {
	text := e.text(name, strconv.Itoa(fallback))
	number, err := strconv.Atoi(text)
	if err != nil || number < 0 {
		e.problem("%s=%q is not a whole number", name, text)
	}
	return number
}

func (e *environment) flag(name string) bool {
	text := e.text(name, "false")
	value, err := strconv.ParseBool(text)
	if err != nil {
		e.problem("%s=%q is neither true nor false", name, text)
	}
	return value
}

func (e *environment) duration(name, fallback string) time.Duration {
	text := e.text(name, fallback)
	value, err := time.ParseDuration(text)
	if err != nil || value <= 0 {
		e.problem("%s=%q is not a duration such as 2m", name, text)
	}
	return value
}

func (e *environment) address(name string) string {
	value := e.required(name)
	if value == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(value)
	number, notNumber := strconv.Atoi(port)
	if err != nil || host == "" || notNumber != nil || number < 1 || number > 65535 {
		e.problem("%s=%q is not of the form host:port", name, value)
	}
	return value
}

func (e *environment) url(name string) *url.URL {
	value := e.required(name)
	parsed, err := url.Parse(value)
	if value != "" && (err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http")) {
		e.problem("%s=%q is not a URL such as https://example.com", name, value)
	}
	if err != nil || parsed == nil {
		return &url.URL{}
	}
	parsed.Path = strings.TrimSuffix(parsed.Path, "/")
	return parsed
}

// logLevel checks the variable only: everything is logged, so that a test finds it.
func (e *environment) logLevel() {
	level := strings.ToUpper(e.text("CONNECT_LOG_LEVEL", "INFO"))
	switch level {
	case "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL":
	default:
		e.problem("CONNECT_LOG_LEVEL=%q is not one of trace, debug, info, warn, error, fatal", level)
	}
}
