package main

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
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

// published is the public key as Platform publishes it, named by its thumbprint (RFC 7638).
func published(key *rsa.PublicKey) (jose.JSONWebKey, error) {
	web := jose.JSONWebKey{Key: key, Algorithm: string(jose.RS256), Use: "sig"}
	sum, err := web.Thumbprint(crypto.SHA256)
	web.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	return web, err
}

// claims are those of a token, as OpenID Connect has them.
type claims struct {
	jwt.Claims
	Nonce string `json:"nonce,omitempty"`
}

func sign(key *rsa.PrivateKey, content claims) (string, error) {
	web, err := published(&key.PublicKey)
	if err != nil {
		return "", err
	}
	signing := jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: web.KeyID}}
	signer, err := jose.NewSigner(signing, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(content).Serialize()
}
