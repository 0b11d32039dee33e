"""The OIDC credentials that Platform and the connect proxy share."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_random as random
import pulumi_tls as tls
from pulumi_kubernetes import core

from components.rsa_key import RsaKeyGuard
from settings.rsa_keys import public_half

MINIMUM_RSA_BITS = 2048
"""The guide: "A key size of at least 2048 bits is recommended"."""

TOKEN_LENGTH = 32
"""The guide's ``openssl rand -base64 32 | tr -d /=+ | cut -c -32``."""


@dataclass(frozen=True, kw_only=True)
class ExistingValue:
    """One key of a Secret that exists already."""

    namespace: str
    """The Secret's namespace."""
    secret: str
    """Name of the Secret."""
    key: str
    """Key in it."""


@dataclass(frozen=True, kw_only=True)
class OidcCredentialsArgs:
    """The arguments of :class:`OidcCredentials`."""

    rsa_bits: int = MINIMUM_RSA_BITS
    """The size of the RSA key, at least 2048 bits. Another size makes another key."""
    token_rotation: str = ""
    """Any text; another one makes a new registration token."""
    key_rotation: str = ""
    """Any text; another one makes a new RSA key."""
    existing_token: ExistingValue | None = None
    """Where the registration token is, if it exists already; then none is made."""
    existing_pem: ExistingValue | None = None
    """Where the RSA key is, if it exists already, with or without the public key beneath; then none is made."""
    protect_key: bool = False
    """Whether the engine refuses to delete or to replace the RSA key that is made."""


class OidcCredentials(pulumi.ComponentResource):
    """A client registration token, and an RSA key in the form that Platform reads: private key, then public key.

    Raises:
        ValueError: ``rsa_bits`` is below 2048.
    """

    registration_token: pulumi.Output[str]
    """The initial access token: 32 letters and digits. Secret."""
    pem: pulumi.Output[str]
    """`oidc.pem`: the private key, PKCS#1, with the public key beneath. Secret."""
    public_key: pulumi.Output[str]
    """The public key, PEM."""

    def __init__(self, name: str, args: OidcCredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:OidcCredentials", name, {}, opts)
        if args.rsa_bits < MINIMUM_RSA_BITS:
            raise ValueError(f"rsa_bits is {args.rsa_bits}; write {MINIMUM_RSA_BITS} or more")
        if args.existing_token is None:
            self.registration_token = self._new_token(f"{name}-token", args)
        else:
            self.registration_token = read_value(f"{name}-token", args.existing_token, self)
        if args.existing_pem is None:
            self.pem, self.public_key = self._new_key(f"{name}-key", args)
        else:
            self.pem = read_value(f"{name}-pem", args.existing_pem, self)
            self.public_key = pulumi.Output.unsecret(self.pem.apply(_public_half))
        self.register_outputs(
            {"registration_token": self.registration_token, "pem": self.pem, "public_key": self.public_key}
        )

    def _new_token(self, name: str, args: OidcCredentialsArgs) -> pulumi.Output[str]:
        token = random.RandomPassword(
            name,
            length=TOKEN_LENGTH,
            # A special character breaks env files.
            special=False,
            keepers={"rotation": args.token_rotation},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.secret(token.result)

    def _new_key(self, name: str, args: OidcCredentialsArgs) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        key = tls.PrivateKey(
            name,
            algorithm="RSA",
            rsa_bits=self._accepted_bits(f"{name}-guard", args),
            opts=pulumi.ResourceOptions(
                parent=self, replacement_trigger=f"rotation {args.key_rotation}", protect=args.protect_key
            ),
        )
        return pulumi.Output.secret(pulumi.Output.concat(key.private_key_pem, key.public_key_pem)), key.public_key_pem

    def _accepted_bits(self, name: str, args: OidcCredentialsArgs) -> pulumi.Input[int]:
        """The key's size, once the guard accepts it."""
        return RsaKeyGuard(name, args.rsa_bits, args.key_rotation, pulumi.ResourceOptions(parent=self)).bits


def _public_half(pem: str) -> str:
    """The public key of a file that may hold the private one only, as Seqera's Helm chart keeps it."""
    try:
        return public_half(pem)
    except ValueError:
        # Platform has it in use already, so its form is up to the owner of the Secret.
        pulumi.log.warn("the private key in existingOidcSecret can't be read; the output publicKey stays empty")
        return ""


def read_value(name: str, source: ExistingValue, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Returns the value, as it is at this run: what its keeper has changed since the last is seen.

    Args:
        name: of the resource that is read.
        source: where the value is.
        parent: the resource that it is a child of; its provider reads it.
    """

    def decoded(data: Mapping[str, str]) -> str:
        return base64.b64decode(data[source.key]).decode()

    secret = core.v1.Secret.get(name, f"{source.namespace}/{source.secret}", opts=pulumi.ResourceOptions(parent=parent))
    return pulumi.Output.secret(secret.data.apply(decoded))
