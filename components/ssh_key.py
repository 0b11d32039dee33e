"""The host key by which SSH clients know the proxy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_tls as tls

from components.oidc import ExistingValue, read_value
from settings.ssh_keys import fingerprint_of, kind_to_make


@dataclass(frozen=True, kw_only=True)
class SshHostKeyArgs:
    """The arguments of :class:`SshHostKey`."""

    key_types: Sequence[str] = ()
    """Types that the key may have, as SSH calls them: `ssh-ed25519` if it is one or there are none, else the first."""
    rotation: str = ""
    """Any text; another one makes a new key."""
    existing: ExistingValue | None = None
    """Where the private key is, if it exists already, without a passphrase; then none is made."""


class SshHostKey(pulumi.ComponentResource):
    """A private key for SSH, and its fingerprint as `ssh-keygen -l` prints it.

    Raises:
        ValueError: an existing key can't be read.
    """

    private_key: pulumi.Output[str]
    """The private key, in the form of OpenSSH. Secret."""
    fingerprint: pulumi.Output[str]
    """`SHA256:` and the digest of the public key."""

    def __init__(self, name: str, args: SshHostKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:SshHostKey", name, {}, opts)
        if args.existing is not None:
            self.private_key = read_value(f"{name}-existing", args.existing, self)
            self.fingerprint = pulumi.Output.unsecret(self.private_key.apply(fingerprint_of))
        else:
            kind = kind_to_make(args.key_types)
            options: dict[str, Any] = {"ecdsa_curve": kind.curve} if kind.curve else {}
            if kind.bits:
                options["rsa_bits"] = kind.bits
            key = tls.PrivateKey(
                f"{name}-key",
                algorithm=kind.algorithm,
                opts=pulumi.ResourceOptions(parent=self, replacement_trigger=f"rotation {args.rotation}"),
                **options,
            )
            self.private_key = pulumi.Output.secret(key.private_key_openssh)
            self.fingerprint = pulumi.Output.unsecret(key.public_key_fingerprint_sha256)
        self.register_outputs({"private_key": self.private_key, "fingerprint": self.fingerprint})
