package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisServer is a Redis, and what to call it and its database.
type redisServer struct {
	client *redis.Client
	title  string
}

func init() { redis.SetLogger(silent{}) }

// silent says nothing where the library logs: who asks Redis says what went wrong.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func newRedis(options *redis.Options) *redisServer {
	title := fmt.Sprintf("Redis at %s, database %d", options.Addr, options.DB)
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = 3*time.Second, 5*time.Second, 5*time.Second
	// Who asks tries again, or says what is wrong; and no server is told what only newer ones know.
	options.DialerRetries, options.MaxRetries, options.Protocol, options.DisableIdentity = 1, 1, 2, true
	user, password, database := options.Username, options.Password, options.DB
	options.Username, options.Password, options.DB = "", "", 0
	options.OnConnect = func(ctx context.Context, connection *redis.Conn) error {
		// The library would say the password in HELLO, where a Redis that asks for none takes any.
		if password != "" {
			login := []any{"AUTH", password}
			if user != "" {
				login = []any{"AUTH", user, password}
			}
			if err := connection.Do(ctx, login...).Err(); err != nil {
				return err
			}
		}
		return connection.Select(ctx, database).Err()
	}
	return &redisServer{redis.NewClient(options), title}
}

// connectRedis reads the variables that proxy and server share.
func connectRedis(e *environment) *redisServer {
	options := &redis.Options{
		Addr:     e.address("CONNECT_REDIS_ADDRESS"),
		Username: e.text("CONNECT_REDIS_USER", ""),
		Password: e.text("CONNECT_REDIS_PASSWORD", ""),
		DB:       e.number("CONNECT_REDIS_DB", 0),
	}
	certificate, key := e.text("CONNECT_REDIS_TLS_CERT_FILE", ""), e.text("CONNECT_REDIS_TLS_KEY_FILE", "")
	skip := e.flag("CONNECT_REDIS_TLS_SKIP_VERIFY")
	if !e.flag("CONNECT_REDIS_TLS_ENABLE") {
		return newRedis(options)
	}
	options.TLSConfig = &tls.Config{InsecureSkipVerify: skip}
	options.TLSConfig.ServerName, _, _ = net.SplitHostPort(options.Addr)
	if (certificate == "") != (key == "") {
		e.problem("CONNECT_REDIS_TLS_CERT_FILE and CONNECT_REDIS_TLS_KEY_FILE are needed together")
	} else if certificate != "" {
		pair, err := tls.LoadX509KeyPair(here.path(certificate), here.path(key))
		if err != nil {
			e.problem("CONNECT_REDIS_TLS_CERT_FILE=%q with its key can't be read: %v", certificate, err)
		}
		options.TLSConfig.Certificates = []tls.Certificate{pair}
	}
	return newRedis(options)
}

// platformRedis reads Platform's URL, such as redis://:password@redis:6379/0, or rediss:// for TLS.
func platformRedis(e *environment) *redisServer {
	options, err := redis.ParseURL(e.required("TOWER_REDIS_URL"))
	if err != nil {
		// The error itself may quote the URL, and its password.
		e.problem("TOWER_REDIS_URL is not a URL such as redis://redis:6379/0")
		options = &redis.Options{}
	}
	options.Password = e.text("TOWER_REDIS_PASSWORD", options.Password)
	return newRedis(options)
}

// check waits for Redis, which may start beside this program, and tries login, database and writing.
func (s *redisServer) check(prefix string) error {
	var refused error
	err := patiently(s.title, func() error {
		err := s.tryWriting(prefix)
		if answer := redis.Error(nil); errors.As(err, &answer) {
			// An answer of Redis itself: trying again changes nothing.
			refused = fmt.Errorf("%s: %w", s.title, err)
			return nil
		}
		return err
	})
	return errors.Join(refused, err)
}

func (s *redisServer) tryWriting(prefix string) error {
	key := prefix + ":started"
	if _, err := s.do("SET", key, "1", "EX", "5"); err != nil {
		return err
	}
	value, err := s.do("GET", key)
	if err == nil && value == "" {
		err = fmt.Errorf("what was written under %s is not there", key)
	}
	return err
}

// do sends one command; a text answer comes back as it is, a missing one as "".
func (s *redisServer) do(words ...any) (string, error) {
	answer, err := s.client.Do(context.Background(), words...).Text()
	if errors.Is(err, redis.Nil) {
		err = nil
	}
	return answer, err
}
