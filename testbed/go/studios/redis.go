package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// redisServer is how one Redis is reached; its connection is made anew when it broke.
type redisServer struct {
	address, user, password string
	database                int
	tls                     *tls.Config

	lock       sync.Mutex
	connection net.Conn
	reader     *bufio.Reader
}

// connectRedis reads the variables that proxy and server share.
func connectRedis(e *environment) *redisServer {
	server := &redisServer{
		address:  e.address("CONNECT_REDIS_ADDRESS"),
		user:     e.text("CONNECT_REDIS_USER", ""),
		password: e.text("CONNECT_REDIS_PASSWORD", ""),
		database: e.number("CONNECT_REDIS_DB", 0),
	}
	certificate, key := e.text("CONNECT_REDIS_TLS_CERT_FILE", ""), e.text("CONNECT_REDIS_TLS_KEY_FILE", "")
	skip := e.flag("CONNECT_REDIS_TLS_SKIP_VERIFY")
	if !e.flag("CONNECT_REDIS_TLS_ENABLE") {
		return server
	}
	server.tls = &tls.Config{InsecureSkipVerify: skip}
	server.tls.ServerName, _, _ = net.SplitHostPort(server.address)
	if (certificate == "") != (key == "") {
		e.problem("CONNECT_REDIS_TLS_CERT_FILE and CONNECT_REDIS_TLS_KEY_FILE are needed together")
	} else if certificate != "" {
		pair, err := tls.LoadX509KeyPair(here.path(certificate), here.path(key))
		if err != nil {
			e.problem("CONNECT_REDIS_TLS_CERT_FILE=%q with its key can't be read: %v", certificate, err)
		}
		server.tls.Certificates = []tls.Certificate{pair}
	}
	return server
}

// platformRedis reads Platform's URL, such as redis://:password@redis:6379/0, or rediss:// for TLS.
func platformRedis(e *environment) *redisServer {
	text := e.required("TOWER_REDIS_URL")
	parsed, err := url.Parse(text)
	if err != nil || (parsed.Scheme != "redis" && parsed.Scheme != "rediss") || parsed.Host == "" {
		e.problem("TOWER_REDIS_URL is not a URL such as redis://redis:6379")
		return &redisServer{}
	}
	server := &redisServer{address: parsed.Host, user: parsed.User.Username()}
	server.password, _ = parsed.User.Password()
	if password := e.text("TOWER_REDIS_PASSWORD", ""); password != "" {
		server.password = password
	}
	if parsed.Port() == "" {
		server.address += ":6379"
	}
	if database := strings.Trim(parsed.Path, "/"); database != "" {
		if server.database, err = strconv.Atoi(database); err != nil {
			e.problem("TOWER_REDIS_URL names the database %q, which is not a number", database)
		}
	}
	if parsed.Scheme == "rediss" {
		server.tls = &tls.Config{ServerName: parsed.Hostname()}
	}
	return server
}

// errRedis is an answer of Redis itself: trying again changes nothing.
type errRedis string

func (e errRedis) Error() string { return string(e) }

// check waits for Redis, which may start beside this program, and tries login, database and writing.
func (s *redisServer) check(prefix string) error {
	deadline := time.Now().Add(patience)
	for {
		err := s.tryWriting(prefix)
		var refused errRedis
		if err == nil || errors.As(err, &refused) || time.Now().After(deadline) {
			if err != nil {
				return fmt.Errorf("Redis at %s, database %d: %w", s.address, s.database, err)
			}
			return nil
		}
		log.Printf("WARN Redis at %s: %v", s.address, err)
		time.Sleep(500 * time.Millisecond)
	}
}

func (s *redisServer) tryWriting(prefix string) error {
	key := prefix + ":started"
	if _, err := s.do("SET", key, "1", "EX", "5"); err != nil {
		return err
	}
	if value, err := s.do("GET", key); err != nil || value == "" {
		return fmt.Errorf("what was written under %s can't be read: %w", key, err)
	}
	return nil
}

// do sends one command; a text answer comes back as it is, a missing one as "".
func (s *redisServer) do(words ...string) (string, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.connection == nil {
		if err := s.open(); err != nil {
			s.close()
			return "", err
		}
	}
	answer, err := s.send(words...)
	var refused errRedis
	if err != nil && !errors.As(err, &refused) {
		s.close()
	}
	return answer, err
}

func (s *redisServer) open() error {
	connection, err := net.DialTimeout("tcp", s.address, 3*time.Second)
	if err != nil {
		return err
	}
	if s.tls != nil {
		connection = tls.Client(connection, s.tls)
	}
	s.connection, s.reader = connection, bufio.NewReader(connection)
	if s.password != "" {
		words := []string{"AUTH", s.password}
		if s.user != "" {
			words = []string{"AUTH", s.user, s.password}
		}
		if _, err := s.send(words...); err != nil {
			return err
		}
	}
	_, err = s.send("SELECT", strconv.Itoa(s.database))
	return err
}

func (s *redisServer) close() {
	if s.connection != nil {
		s.connection.Close()
	}
	s.connection = nil
}

func (s *redisServer) send(words ...string) (string, error) {
	var request strings.Builder
	fmt.Fprintf(&request, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&request, "$%d\r\n%s\r\n", len(word), word)
	}
	_ = s.connection.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(s.connection, request.String()); err != nil {
		return "", err
	}
	return s.answer()
}

func (s *redisServer) answer() (string, error) {
	line, err := s.reader.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("an empty answer")
	}
	switch line[0] {
	case '+', ':':
		return line[1:], nil
	case '-':
		return "", errRedis(line[1:])
	case '$':
		size, err := strconv.Atoi(line[1:])
		if err != nil || size < 0 {
			return "", err
		}
		data := make([]byte, size+2)
		_, err = io.ReadFull(s.reader, data)
		return string(data[:size]), err
	}
	return "", fmt.Errorf("an answer that begins with %q", line[0])
}
