package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"
)

// readKeyPair reads the file of the guide: the private key, and the public key beneath; Helm's has the private one only.
func readKeyPair(path string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(here.path(path))
	if err != nil {
		return nil, fmt.Errorf("can't be read as user %d: %w", os.Getuid(), err)
	}
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, errors.New("holds no PEM block")
	}
	private, err := privateKey(block)
	if err != nil {
		return nil, err
	}
	if private.N.BitLen() < 2048 {
		return nil, fmt.Errorf("holds a key of %d bits; at least 2048 are needed", private.N.BitLen())
	}
	if block, _ = pem.Decode(rest); block == nil {
		if strings.TrimSpace(string(rest)) != "" {
			return nil, errors.New("has something behind the private key that is not a PEM block")
		}
		return private, nil
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the second PEM block is not a public key: %w", err)
	}
	if !private.PublicKey.Equal(public) {
		return nil, errors.New("the public key does not belong to the private one")
	}
	return private, nil
}

func privateKey(block *pem.Block) (*rsa.PrivateKey, error) {
	if block.Type == "RSA PRIVATE KEY" {
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the first PEM block is %s, not a private key: %w", block.Type, err)
	}
	private, isRSA := key.(*rsa.PrivateKey)
	if !isRSA {
		return nil, errors.New("the private key is not an RSA key")
	}
	return private, nil
}

func encoded(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// jwk is a public key as RFC 7517 has it.
type jwk struct {
	Type      string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	ID        string `json:"kid"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
}

// jwkOf names the key by its thumbprint (RFC 7638).
func jwkOf(key *rsa.PublicKey) jwk {
	modulus, exponent := encoded(key.N.Bytes()), encoded(big.NewInt(int64(key.E)).Bytes())
	sum := sha256.Sum256([]byte(fmt.Sprintf(`{"e":"%s","kty":"RSA","n":"%s"}`, exponent, modulus)))
	return jwk{"RSA", "sig", "RS256", encoded(sum[:]), modulus, exponent}
}

func (k jwk) public() (*rsa.PublicKey, error) {
	modulus, err := base64.RawURLEncoding.DecodeString(k.Modulus)
	if err != nil {
		return nil, err
	}
	exponent, err := base64.RawURLEncoding.DecodeString(k.Exponent)
	if err != nil {
		return nil, err
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}, nil
}

type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Nonce    string `json:"nonce,omitempty"`
	Expires  int64  `json:"exp"`
}

func sign(key *rsa.PrivateKey, content claims) (string, error) {
	header := fmt.Sprintf(`{"alg":"RS256","typ":"JWT","kid":"%s"}`, jwkOf(&key.PublicKey).ID)
	body, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	signed := encoded([]byte(header)) + "." + encoded(body)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return signed + "." + encoded(signature), err
}

// verify holds a token against the published keys, and says what it claims.
func verify(token string, keys []jwk) (claims, error) {
	var content claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return content, errors.New("the token does not have three parts")
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return content, err
		}
	}
	var header struct {
		ID string `json:"kid"`
	}
	if err := json.Unmarshal(decoded[0], &header); err != nil {
		return content, err
	}
	for _, one := range keys {
		if one.ID != header.ID {
			continue
		}
		public, err := one.public()
		if err != nil {
			return content, err
		}
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], decoded[2]); err != nil {
			return content, err
		}
		if err := json.Unmarshal(decoded[1], &content); err != nil {
			return content, err
		}
		if time.Now().Unix() > content.Expires {
			return content, errors.New("the token has expired")
		}
		return content, nil
	}
	return content, fmt.Errorf("the key %s is not among those that Platform publishes", header.ID)
}
