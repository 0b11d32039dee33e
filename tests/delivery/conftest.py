"""A host with a Platform install for each test, and the script's own folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from delivery.bundle import Credentials, bundle
from delivery.package import write_tools
from settings.parsing import parse_settings
from testbed.compose.host import FILES, ComposeHost

STACK = {
    "target": "compose",
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "hostedZone": "example.com",
    "instanceId": "i-0123456789abcdef0",
    "loadBalancer": "platform",
    "composeFolder": "/opt/seqera",
}
PEM = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n-----BEGIN PUBLIC KEY-----\nBBBB\n"
TOKEN = "Tk0123456789abcdefghijklmnopqrst"

OURS = ("connect-proxy", "connect-server")
OWNERS = ("docker-compose.yml", "tower.env", "tower.yml")
TOWER_YML = (FILES / "tower.yml").read_text()
WITH_ENTRY = TOWER_YML.replace("tower:\n", "tower:\n  data-studio:\n    allowed-workspaces: null\n")


def ok(finished: subprocess.CompletedProcess[str]) -> str:
    """What the script said; it must have succeeded."""
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def bundle_of(
    changes: Mapping[str, object] | None = None, pem: str = PEM, token: str = TOKEN, secrets: tuple[str, ...] = ()
) -> str:
    """The bundle of a stack like ``STACK``."""
    return bundle(parse_settings({**STACK, **(changes or {})}, secrets), Credentials(pem=pem, token=token))


@dataclass
class Installer:
    """The install script as a user without Systems Manager runs it."""

    host: ComposeHost
    tools: Path
    environment: dict[str, str] = field(default_factory=dict)

    def write_bundle(self, text: str) -> Path:
        """Writes a bundle as ``python -m delivery`` does."""
        folder = self.tools / "bundle"
        (folder / "files").mkdir(parents=True, exist_ok=True)
        for path in (folder / "files").iterdir():
            path.unlink()
        found = json.loads(text)
        for name, content in found["files"].items():
            (folder / "files" / name).write_text(content)
        (folder / "parameters").write_text("".join(f"{key}={value}\n" for key, value in found["parameters"].items()))
        return folder

    def run(self, *words: str, prefix: str = "") -> subprocess.CompletedProcess[str]:
        """Runs the script on the host's folder; ``prefix`` is shell before it."""
        command = f'{prefix} exec sh "{self.tools}/install.sh" "$@"'
        return subprocess.run(
            ["/bin/sh", "-c", command, "sh", *words, "--folder", str(self.host.folder)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            # A group of its own, to be killed as a whole.
            start_new_session=True,
        )

    def install(self, text: str, prefix: str = "") -> subprocess.CompletedProcess[str]:
        """Installs a bundle."""
        return self.run("install", "--bundle", str(self.write_bundle(text)), prefix=prefix)

    def uninstall(self) -> subprocess.CompletedProcess[str]:
        """Takes everything away."""
        return self.run("uninstall")


def start_platform(host: ComposeHost, environment: Mapping[str, str], *more: str) -> None:
    """Starts Platform's containers, as its owner does, from its compose file and these more."""
    files = [word for file in ("docker-compose.yml", *more) for word in ("-f", file)]
    command = ["docker", "compose", "--project-directory", ".", *files, "up", "--detach"]
    subprocess.run(
        [str(host.bin / "docker"), *command[1:]], cwd=host.folder, env={**environment}, check=True, timeout=30
    )


@pytest.fixture
def installer(tmp_path: Path) -> Installer:
    host = ComposeHost.create(tmp_path / "host", python_of_the_host())
    tools = tmp_path / "tools"
    write_tools(tools)
    environment = host.environment({})
    start_platform(host, environment)
    return Installer(host, tools, environment)


def python_of_the_host() -> Path:
    """Amazon Linux 2023 has Python 3.9; where one is at hand, the tests use it."""
    found = sorted(Path.home().glob(".pyenv/versions/3.9.*/bin/python3.9"))
    return found[0] if found else Path(sys.executable)
