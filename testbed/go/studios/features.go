package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log"
	"net"
	"os"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
)

// checkPolicy refuses what the proxy refuses in the policy of data transfer.
func checkPolicy(e *environment) {
	encoded, path := e.text("CONNECT_POLICY_B64", ""), e.text("CONNECT_POLICY_FILE", "")
	if encoded == "" && path == "" {
		return
	}
	if encoded != "" && path != "" {
		e.problem("CONNECT_POLICY_B64 and CONNECT_POLICY_FILE are both set")
		return
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if path != "" {
		text, err = os.ReadFile(here.path(path))
	}
	var policy struct {
		Buckets []struct {
			Name       string
			Extractors []struct{ Protocol, Source string }
		}
	}
	if err == nil {
		err = json.NewDecoder(bytes.NewReader(text)).Decode(&policy)
	}
	if err != nil {
		e.problem("the policy can't be read: %v", err)
		return
	}
	names := map[string]bool{}
	for _, bucket := range policy.Buckets {
		if bucket.Name == "" || names[bucket.Name] {
			e.problem("the policy has the bucket %q twice, or one without a name", bucket.Name)
		}
		names[bucket.Name] = true
		protocols := map[string]bool{}
		for _, extractor := range bucket.Extractors {
			if !slices.Contains([]string{"header", "permissions", "jwt", "client_ip"}, extractor.Source) {
				e.problem("bucket %s has the unknown source %q", bucket.Name, extractor.Source)
			}
			if protocols[extractor.Protocol] || (len(protocols) > 0 && (extractor.Protocol == "any" || protocols["any"])) {
				e.problem("bucket %s has two bindings of the protocol %q", bucket.Name, extractor.Protocol)
			}
			protocols[extractor.Protocol] = true
		}
	}
}

// sshSettings are those of the proxy's SSH port.
type sshSettings struct {
	enabled bool
	address string
	signer  ssh.Signer
}

func readSSH(e *environment) *sshSettings {
	settings := &sshSettings{enabled: e.flag("CONNECT_SSH_ENABLED"), address: e.text("CONNECT_SSH_ADDR", ":2222")}
	e.number("CONNECT_SSH_MAX_CONNECTIONS", 2000)
	e.number("CONNECT_SSH_MAX_CONN_CHANNELS", 30)
	e.duration("CONNECT_SSH_HANDSHAKE_TIMEOUT", "1m")
	if !settings.enabled {
		return settings
	}
	path, value := e.text("CONNECT_SSH_KEY_PATH", ""), e.text("CONNECT_SSH_KEY_VALUE_BASE64", "")
	var key []byte
	var err error
	switch {
	case path != "":
		key, err = os.ReadFile(here.path(path))
	case value != "":
		key, err = base64.StdEncoding.DecodeString(value)
	default:
		e.problem("CONNECT_SSH_ENABLED needs CONNECT_SSH_KEY_PATH or CONNECT_SSH_KEY_VALUE_BASE64")
		return settings
	}
	if err != nil {
		e.problem("the SSH host key can't be read as user %d: %v", os.Getuid(), err)
	} else if settings.signer, err = ssh.ParsePrivateKey(key); err != nil {
		e.problem("the SSH host key is not one: %v", err)
	}
	return settings
}

// serve shows the host key to whoever connects, and lets nobody in: who may is between Platform and the proxy.
func (s *sshSettings) serve() error {
	if !s.enabled {
		return nil
	}
	listener, err := net.Listen("tcp", here.listen(s.address))
	if err != nil {
		return err
	}
	log.Printf("INFO SSH on %s with the host key %s", listener.Addr(), ssh.FingerprintSHA256(s.signer.PublicKey()))
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
			return nil, errors.New("SSH carries no session here")
		},
	}
	config.AddHostKey(s.signer)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				_ = connection.SetDeadline(time.Now().Add(time.Minute))
				_, _, _, _ = ssh.NewServerConn(connection, config)
			}()
		}
	}()
	return nil
}
