package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWorkspacesAreReadWhereTheReleaseReadsThem(t *testing.T) {
	const file = "tower:\n  data-studio:\n    allowed-workspaces: "
	for _, one := range []struct{ release, yaml, variable, want string }{
		{"25.3.0", file + "null\n", "-", "all"},
		{"25.3.0", file + "[]\n", "-", "none"},
		{"25.3.0", file + "[7, 12]\n", "-", "7 12"},
		{"25.3.0", "tower: {}\n", "-", "none"},
		{"25.3.0", "tower: {}\n---\n" + file + "[3]\n", "-", "3"},
		{"25.3.0", "", "-", "none"},
		{"25.3.0", file + "null\n", "7", "7"},
		{"26.1.0", file + "[1]\n", "-", "all"},
		{"26.1.0", "", "", "none"},
		{"26.1.0", "", "7,12", "7 12"},
		{"25.10.0", file + "[1]\n", "-", "1"},
		{"25.3.0", file + "yes please\n", "-", "error"},
		{"25.3.0", "a: [\n", "-", "error"},
		{"26.1.0", "", "seven", "error"},
	} {
		t.Run(one.release+one.yaml+one.variable, func(t *testing.T) {
			t.Setenv(workspacesVariable, one.variable)
			if one.variable == "-" {
				os.Unsetenv(workspacesVariable)
			}
			found, err := readWorkspaces(one.release, written(t, one.yaml))
			got := found.String()
			if err != nil {
				got = "error"
			}
			if got != one.want {
				t.Errorf("%s, want %s (%v)", got, one.want, err)
			}
		})
	}
}

func TestAFolderInPlaceOfTowerYMLIsRefused(t *testing.T) {
	if _, err := readWorkspaces("25.3.0", t.TempDir()); err == nil {
		t.Error("a folder was read")
	}
}

func pair(t *testing.T, bits int) (*rsa.PrivateKey, string, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
}

func TestTheKeyPairHasToBelongTogether(t *testing.T) {
	_, private, public := pair(t, 2048)
	_, _, other := pair(t, 2048)
	_, short, _ := pair(t, 1024)
	for name, one := range map[string]struct {
		text string
		good bool
	}{
		"private, then public": {private + public, true},
		"private only":         {private, true},
		"public first":         {public + private, false},
		"another's public key": {private + other, false},
		"too short":            {short, false},
		"without line breaks":  {strings.ReplaceAll(private, "\n", ""), false},
		"text behind":          {private + "what is this", false},
		"empty":                {"", false},
	} {
		if _, err := readKeyPair(written(t, one.text)); (err == nil) != one.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASessionIsFoundByItsHostOrItsPath(t *testing.T) {
	public, _ := url.Parse("https://connect.example.com")
	p := &proxy{public: public}
	for _, one := range []struct{ host, path, id, below string }{
		{"a1.example.com", "/x", "a1", "/x"},
		{"connect.example.com", "/", "", "/"},
		{"connect.example.com", "/_studio/a1/lab", "a1", "/lab"},
		{"connect.example.com", "/_studio/a1", "a1", "/"},
		{"a1.other.example", "/", "", "/"},
		{"a1.b.example.com", "/", "", "/"},
		{"example.com", "/", "", "/"},
		{"a1.example.com", "/_studio/b2/", "a1", "/_studio/b2/"},
	} {
		if id, below := p.sessionOf(one.host, one.path); id != one.id || below != one.below {
			t.Errorf("%s%s: %q at %q", one.host, one.path, id, below)
		}
	}
}

func TestABrowserIsSentBackToSessionsOnly(t *testing.T) {
	public, _ := url.Parse("https://connect.example.com")
	p := &proxy{public: public}
	for address, ours := range map[string]bool{
		"https://a1.example.com/lab":   true,
		"https://evil.example/":        false,
		"http://a1.example.com/":       false,
		"https://connect.example.com/": false,
		"":                             false,
	} {
		back, _ := url.Parse(address)
		if p.isOurs(back) != ours {
			t.Errorf("%s: %v", address, !ours)
		}
	}
}

func TestAPolicyThatTheProxyRefusesIsRefused(t *testing.T) {
	const bucket = `{"name":"%s","extractors":[%s]}`
	user, address := `{"protocol":"http","source":"header","name":"X-Connect-Sub"}`, `{"protocol":"any","source":"client_ip"}`
	for name, one := range map[string]struct {
		buckets  []string
		problems int
	}{
		"good":               {[]string{fmt.Sprintf(bucket, "a", user), fmt.Sprintf(bucket, "b", address)}, 0},
		"a name twice":       {[]string{fmt.Sprintf(bucket, "a", user), fmt.Sprintf(bucket, "a", address)}, 1},
		"an unknown source":  {[]string{fmt.Sprintf(bucket, "a", `{"protocol":"http","source":"moon"}`)}, 1},
		"a protocol twice":   {[]string{fmt.Sprintf(bucket, "a", user+","+user)}, 1},
		"any beside another": {[]string{fmt.Sprintf(bucket, "a", user+","+address)}, 1},
	} {
		policy := `{"buckets":[` + strings.Join(one.buckets, ",") + `]}`
		t.Setenv("CONNECT_POLICY_B64", base64.StdEncoding.EncodeToString([]byte(policy)))
		e := &environment{}
		checkPolicy(e)
		if len(e.problems) != one.problems {
			t.Errorf("%s: %v", name, e.problems)
		}
	}
}

func TestEverythingWrongWithTheEnvironmentIsNamedAtOnce(t *testing.T) {
	t.Setenv("CONNECT_REDIS_ADDRESS", "redis")
	t.Setenv("CONNECT_REDIS_DB", "one")
	t.Setenv("CONNECT_REDIS_TLS_ENABLE", "maybe")
	t.Setenv("CONNECT_REDIS_TLS_CERT_FILE", "")
	e := &environment{}
	connectRedis(e)
	e.url("PLATFORM_URL")
	e.duration("LOCAL_CACHE_TTL", "2m")
	want := []string{
		`CONNECT_REDIS_ADDRESS="redis" is not of the form host:port`,
		`CONNECT_REDIS_DB="one" is not a whole number`,
		`CONNECT_REDIS_TLS_ENABLE="maybe" is neither true nor false`,
		"PLATFORM_URL is missing",
	}
	if strings.Join(e.problems, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q", e.problems)
	}
}

func TestTheSSHPortShowsTheConfiguredHostKeyAndLetsNobodyIn(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, _ := ssh.NewSignerFromKey(key)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	t.Setenv("CONNECT_SSH_ENABLED", "true")
	t.Setenv("CONNECT_SSH_ADDR", address)
	t.Setenv("CONNECT_SSH_KEY_PATH", written(t, string(pem.EncodeToMemory(block))))
	e := &environment{}
	settings := readSSH(e)
	if err := e.err(); err != nil {
		t.Fatal(err)
	}
	if err := settings.serve(); err != nil {
		t.Fatal(err)
	}
	shown := ""
	_, err = ssh.Dial("tcp", address, &ssh.ClientConfig{
		User: "user@session",
		Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			shown = ssh.FingerprintSHA256(key)
			return nil
		},
	})
	if err == nil || shown != ssh.FingerprintSHA256(signer.PublicKey()) {
		t.Errorf("%s, %v", shown, err)
	}
}
