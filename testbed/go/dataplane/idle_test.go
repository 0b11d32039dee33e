package main

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

const limit = time.Minute

// connected is a client's end of a connection, and the load balancer's.
func connected(t *testing.T) (net.Conn, *idleConn) {
	t.Helper()
	client, inner := net.Pipe()
	conn := newIdleConn(inner, limit)
	t.Cleanup(func() { conn.Close() })
	return client, conn
}

// ends is the time until the client sees its connection end.
func ends(t *testing.T, client net.Conn) time.Duration {
	t.Helper()
	began := time.Now()
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("the connection ended with %v", err)
	}
	return time.Since(began)
}

func TestAConnectionEndsAfterTheIdleTimeoutAndNotBefore(t *testing.T) {
	for name, pass := range map[string]func(from, to net.Conn) error{
		"what the client sends keeps it": func(client, conn net.Conn) error {
			go client.Write([]byte("x"))
			_, err := conn.Read(make([]byte, 1))
			return err
		},
		"what the client receives keeps it": func(client, conn net.Conn) error {
			go client.Read(make([]byte, 1))
			_, err := conn.Write([]byte("x"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			// The clock of a synctest is its own: no machine is too slow for it.
			synctest.Test(t, func(t *testing.T) {
				client, conn := connected(t)
				for range 3 {
					time.Sleep(limit - time.Nanosecond)
					if err := pass(client, conn); err != nil {
						t.Fatal(err)
					}
				}
				if took := ends(t, client); took != limit {
					t.Errorf("it ended after %s", took)
				}
			})
		})
	}
}

func TestARequestThatWaitsForItsAnswerGetsOneBeforeTheConnectionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, conn := connected(t)
		conn.pending.Store(true)
		if took := ends(t, client); took != limit+answerGrace {
			t.Errorf("it ended after %s", took)
		}
	})
}
