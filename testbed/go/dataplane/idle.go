package main

import (
	"net"
	"sync/atomic"
	"time"
)

// idleConn is a client's connection that ends when nothing has passed for a time, in either direction.
type idleConn struct {
	net.Conn
	limit time.Duration
	timer *time.Timer
	// pending is set while a request waits for its answer: the client then gets one first, which says 504.
	pending atomic.Bool
}

// answerGrace is how long the answer 504 may take.
const answerGrace = time.Second

func newIdleConn(inner net.Conn, limit time.Duration) *idleConn {
	conn := &idleConn{Conn: inner, limit: limit}
	conn.timer = time.AfterFunc(limit, conn.expire)
	return conn
}

func (conn *idleConn) expire() {
	if conn.pending.Swap(false) {
		conn.timer.Reset(answerGrace)
		return
	}
	conn.Conn.Close()
}

func (conn *idleConn) Read(buffer []byte) (int, error) {
	count, err := conn.Conn.Read(buffer)
	if count > 0 {
		conn.timer.Reset(conn.limit)
	}
	return count, err
}

func (conn *idleConn) Write(buffer []byte) (int, error) {
	count, err := conn.Conn.Write(buffer)
	if count > 0 {
		conn.timer.Reset(conn.limit)
	}
	return count, err
}

func (conn *idleConn) Close() error {
	conn.timer.Stop()
	return conn.Conn.Close()
}

// idleListener gives each connection the limit that holds when it comes.
type idleListener struct {
	net.Listener
	limit func() time.Duration
}

func (listener *idleListener) Accept() (net.Conn, error) {
	conn, err := listener.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return newIdleConn(conn, listener.limit()), nil
}
