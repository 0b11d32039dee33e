"""The way to the API server and to the emulator, led through relays that see and disturb what passes."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from testbed import paths
from testbed.faults import Relay, relay
from testbed.kubeconfig import kubeconfig


@contextmanager
def relays(environment: Mapping[str, str], folder: Path) -> Iterator[tuple[Relay, Relay, dict[str, str]]]:
    """The relay before the API server, the one before the emulator, and the variables that lead a stack through them.

    Args:
        environment: that of a shell against the testbed.
        folder: where the kubeconfig is written; the relay works with the rights of the testbed's administrator.
    """
    trusted = ssl.create_default_context(cafile=str(paths.PKI / "ca.crt"))
    trusted.load_cert_chain(paths.PKI / "admin.crt", paths.PKI / "admin.key")
    server = json.loads(paths.KUBECONFIG.read_text())["clusters"][0]["cluster"]["server"]
    with relay(server, trusted) as api, relay(environment["AWS_ENDPOINT_URL"]) as aws:
        file = folder / "kubeconfig"
        cluster = {"server": api.url, "certificate-authority": str(paths.PKI / "ca.crt")}
        file.write_text(json.dumps(kubeconfig(cluster, {})))
        yield api, aws, {"KUBECONFIG": str(file), "AWS_ENDPOINT_URL": aws.url}
