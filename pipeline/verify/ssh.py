"""SSH: does the proxy show the host key with the fingerprint that Platform has?"""

from __future__ import annotations

import base64
import hashlib
import subprocess

from pipeline.verify.deployment import Deployment
from pipeline.verify.findings import CannotAskError, Finding, bad, good
from pipeline.verify.network import TIMEOUT


def shows_its_host_key(deployment: Deployment) -> Finding:
    """Each address of the host shows SSH clients the key of the stack."""
    host, _, port = deployment.output("sshAddress").rpartition(":")
    wanted = deployment.output("sshHostKeyFingerprint")
    to_host, to_port = deployment.network.place(host, int(port))
    for address in deployment.network.addresses(to_host):
        found = _fingerprints(address, to_port)
        if not found:
            return bad(
                f"{host}, port {port}, at {address} shows no host key",
                "check security groups and the network load balancer's targets",
            )
        if wanted not in found:
            return bad(
                f"{host} shows {', '.join(sorted(found))}, and Platform has {wanted}",
                f"pulumi up -s {deployment.stack}; or correct the record: it must lead to this proxy",
            )
    return good(f"{host}, port {port}, shows {wanted[:20]}…")


def _fingerprints(address: str, port: int) -> set[str]:
    """Those of the host keys that are shown there, as `ssh-keygen -l` prints them."""
    command = ["ssh-keyscan", "-T", str(int(TIMEOUT)), "-p", str(port), address]
    try:
        scanned = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotAskError(f"ssh-keyscan can't be run: {error.strerror}", "install OpenSSH's client") from None
    keys = [line.split()[2] for line in scanned.stdout.splitlines() if line and not line.startswith("#")]
    digests = (hashlib.sha256(base64.b64decode(key)).digest() for key in keys)
    return {f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}" for digest in digests}
