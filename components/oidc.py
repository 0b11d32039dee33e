"""The OIDC credentials that Platform and the connect proxy share."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_random as random
import pulumi_tls as tls

from components.existing_secret import ExistingValue, read_value
from components.rsa_key import RsaKeyGuard

MINIMUM_RSA_BITS = 2048
"""The guide: "A key size of at least 2048 bits is recommended"."""

TOKEN_LENGTH = 32
"""The guide's ``openssl rand -base64 32 | tr -d /=+ | cut -c -32``."""

_PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----"


@dataclass(frozen=True, kw_only=True)
class OidcCredentialsArgs:
    """The arguments of :class:`OidcCredentials`.

    Args:
        rsa_bits: the size of the RSA key, at least 2048 bits; another size alone is refused once there is a key.
        token_rotation: any text; another one makes a new registration token.
        key_rotation: any text; another one makes a new RSA key.
        existing_token: where the registration token is, if it exists already; then none is made.
        existing_pem: the same for the RSA key, as private key with the public key beneath.
        protect_key: whether the engine refuses to delete or to replace the RSA key that is made.
    """

    rsa_bits: int = MINIMUM_RSA_BITS
    token_rotation: str = ""
    key_rotation: str = ""
    existing_token: ExistingValue | None = None
    existing_pem: ExistingValue | None = None
    protect_key: bool = False


class OidcCredentials(pulumi.ComponentResource):
    """A client registration token, and an RSA key in the form that Platform reads: private key, then public key.

    Raises:
        ValueError: ``rsa_bits`` is below 2048.
    """

    registration_token: pulumi.Output[str]
    """The initial access token: 32 letters and digits if it is made here; secret."""
    pem: pulumi.Output[str]
    """``oidc.pem``: the private key, PKCS#1, with the public key directly beneath; secret."""
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
    return _PUBLIC_KEY + pem.rpartition(_PUBLIC_KEY)[2]
