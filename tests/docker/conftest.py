"""The install script on a real Docker engine, run as the agent of Systems Manager runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from delivery.package import write_tools
from testbed import build
from testbed.docker.platform import ComposePlatform
from testbed.pki import rsa_key_pair
from tests.compose_bundle import TOKEN, bundle_of

OURS = {"connect-proxy", "connect-server"}


@dataclass
class Studios:
    """Studios on one Platform, by the script; ``pem`` and ``token`` are what the stack has made.

    ``folder`` is what ``--folder`` says, where that is not Platform's own; ``environment`` is the agent's.
    """

    platform: ComposePlatform
    tools: Path
    pem: str
    token: str = TOKEN
    folder: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def install(self, changes: Mapping[str, object] | None = None) -> subprocess.CompletedProcess[str]:
        """Installs the bundle of a stack with these settings changed."""
        return self._run("install", "--bundle", str(self.write_bundle(changes)))

    def write_bundle(self, changes: Mapping[str, object] | None = None) -> Path:
        """Writes the bundle of a stack with these settings changed, as `python -m delivery` does."""
        found = json.loads(bundle_of(changes, self.pem, self.token))
        files = self.tools / "bundle" / "files"
        files.mkdir(parents=True, exist_ok=True)
        for path in files.iterdir():
            path.unlink()
        for name, content in found["files"].items():
            (files / name).write_text(content)
        lines = [f"{key}={value}\n" for key, value in found["parameters"].items()]
        (files.parent / "parameters").write_text("".join(lines))
        return files.parent

    def uninstall(self) -> subprocess.CompletedProcess[str]:
        """Takes Studios away."""
        return self._run("uninstall")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        folder = self.folder or self.platform.folder
        command: list[str | Path] = ["sh", self.tools / "install.sh", *words, "--folder", folder]
        return self.platform.machine.run(command, env=self.environment, check=False, timeout=300)

    def visit(self, session: str) -> str:
        """What a browser meets at the session of this name, from its page to an echo through a WebSocket."""
        return self.platform.machine.run(
            [build.studios(), "visit", f"https://{session}.example.com/"],
            env={"SSL_CERT_FILE": str(self.platform.machine.folder / "pki" / "ca.crt")},
        ).stdout


def ok(finished: subprocess.CompletedProcess[str]) -> str:
    """What the script said; it must have succeeded."""
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="session")
def pem() -> str:
    return rsa_key_pair()


@pytest.fixture
def studios(compose_platform: Callable[..., ComposePlatform], pem: str, tmp_path: Path) -> Callable[..., Studios]:
    """Starts a Platform as ``compose_platform`` does, with the script beside it and nothing installed."""
    write_tools(tmp_path)

    def create(**about: object) -> Studios:
        return Studios(compose_platform(**about), tmp_path, pem)

    return create
