"""The OIDC credentials that Platform and the connect proxy share."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_random as random
import pulumi_tls as tls

MINIMUM_RSA_BITS = 2048
"""The guide: "A key size of at least 2048 bits is recommended"."""

TOKEN_LENGTH = 32
"""The guide's ``openssl rand -base64 32 | tr -d /=+ | cut -c -32``."""


@dataclass(frozen=True, kw_only=True)
class OidcCredentialsArgs:
    """The arguments of :class:`OidcCredentials`.

    Args:
        rsa_bits: the size of the RSA key, at least 2048 bits.
        token_rotation: any text; another one makes a new registration token.
        key_rotation: any text; another one makes a new RSA key.
    """

    rsa_bits: int = MINIMUM_RSA_BITS
    token_rotation: str = ""
    key_rotation: str = ""


class OidcCredentials(pulumi.ComponentResource):
    """A client registration token, and an RSA key in the form that Platform reads: private key, then public key.

    Raises:
        ValueError: ``rsa_bits`` is below 2048.
    """

    registration_token: pulumi.Output[str]
    """The initial access token: 32 letters and digits; secret."""
    pem: pulumi.Output[str]
    """``oidc.pem``: the private key, PKCS#1, with the public key directly beneath; secret."""
    public_key: pulumi.Output[str]
    """The public key, PEM."""

    def __init__(self, name: str, args: OidcCredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:OidcCredentials", name, {}, opts)
        if args.rsa_bits < MINIMUM_RSA_BITS:
            raise ValueError(f"rsa_bits is {args.rsa_bits}; write {MINIMUM_RSA_BITS} or more")
        token = random.RandomPassword(
            f"{name}-token",
            length=TOKEN_LENGTH,
            # A special character breaks env files.
            special=False,
            keepers={"rotation": args.token_rotation} if args.token_rotation else None,
            opts=pulumi.ResourceOptions(parent=self),
        )
        key = tls.PrivateKey(
            f"{name}-key",
            algorithm="RSA",
            rsa_bits=args.rsa_bits,
            opts=pulumi.ResourceOptions(parent=self, replacement_trigger=args.key_rotation or None),
        )
        self.registration_token = pulumi.Output.secret(token.result)
        self.pem = pulumi.Output.secret(pulumi.Output.concat(key.private_key_pem, key.public_key_pem))
        self.public_key = key.public_key_pem
        self.register_outputs(
            {"registration_token": self.registration_token, "pem": self.pem, "public_key": self.public_key}
        )
