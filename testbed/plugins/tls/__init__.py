"""A stand-in for the tls provider: private keys."""
