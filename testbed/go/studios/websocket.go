package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// acceptKey is the answer to a WebSocket's key (RFC 6455, 1.3).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// upgraded is a connection behind its handshake, with what was read too far.
type upgraded struct {
	net.Conn
	reader *bufio.Reader
}

func (u *upgraded) Read(data []byte) (int, error) { return u.reader.Read(data) }

// everywhere, where set, is the address at which every host is found: for a client where no DNS knows the names.
var everywhere string

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	if _, port, err := net.SplitHostPort(address); err == nil && everywhere != "" {
		address = net.JoinHostPort(everywhere, port)
	}
	return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, here.target(address))
}

// dialWebSocket opens a WebSocket; headers are added to the handshake's.
func dialWebSocket(target *url.URL, headers http.Header) (*upgraded, error) {
	address := target.Host
	if target.Port() == "" {
		address = net.JoinHostPort(target.Hostname(), map[string]string{"https": "443", "http": "80"}[target.Scheme])
	}
	connection, err := dial(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	if target.Scheme == "https" {
		connection = tls.Client(connection, &tls.Config{ServerName: target.Hostname()})
	}
	request, err := http.NewRequest(http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	for name, values := range headers {
		request.Header[name] = values
	}
	key := base64.StdEncoding.EncodeToString([]byte(random()[:16]))
	request.Header.Set("Upgrade", "websocket")
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Sec-WebSocket-Version", "13")
	request.Header.Set("Sec-WebSocket-Key", key)
	_ = connection.SetDeadline(time.Now().Add(15 * time.Second))
	if err := request.Write(connection); err != nil {
		connection.Close()
		return nil, err
	}
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, request)
	if err == nil && response.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("%s answered %s to an upgrade", target, response.Status)
	}
	if err == nil && response.Header.Get("Sec-WebSocket-Accept") != acceptKey(key) {
		err = errors.New("the answer to the upgrade belongs to another one")
	}
	if err != nil {
		connection.Close()
		return nil, err
	}
	_ = connection.SetDeadline(time.Time{})
	return &upgraded{connection, reader}, nil
}

const (
	textFrame  = 1
	closeFrame = 8
)

// writeFrame sends a whole message; what a client sends is masked.
func writeFrame(to io.Writer, kind byte, text []byte, masked bool) error {
	frame := []byte{0x80 | kind}
	mask := byte(0)
	if masked {
		mask = 0x80
	}
	switch size := len(text); {
	case size < 126:
		frame = append(frame, mask|byte(size))
	case size < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, mask|126), uint16(size))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, mask|127), uint64(size))
	}
	if masked {
		key := []byte(random()[:4])
		frame = append(frame, key...)
		for i, one := range text {
			frame = append(frame, one^key[i%4])
		}
	} else {
		frame = append(frame, text...)
	}
	_, err := to.Write(frame)
	return err
}

// readFrame reads a message of one frame.
func readFrame(from io.Reader) (byte, []byte, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(from, head); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1] & 0x7f)
	if size > 125 {
		wide := make([]byte, map[uint64]int{126: 2, 127: 8}[size])
		if _, err := io.ReadFull(from, wide); err != nil {
			return 0, nil, err
		}
		size = 0
		for _, one := range wide {
			size = size<<8 | uint64(one)
		}
	}
	if size > 1<<20 {
		return 0, nil, errors.New("a message of more than 1 MiB")
	}
	var key []byte
	if head[1]&0x80 != 0 {
		key = make([]byte, 4)
		if _, err := io.ReadFull(from, key); err != nil {
			return 0, nil, err
		}
	}
	text := make([]byte, size)
	_, err := io.ReadFull(from, text)
	for i := range key {
		for at := i; at < len(text); at += 4 {
			text[at] ^= key[i]
		}
	}
	return head[0] & 0x0f, text, err
}
