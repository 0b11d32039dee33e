"""A Docker Compose host in a scratch directory: Platform's folder, a ``docker``, and the variables of its shell."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed import paths
from testbed.build import compose_parser

FILES = Path(__file__).parent / "files"


@dataclass(frozen=True)
class ComposeHost:
    """One host below ``root``; ``python`` is the interpreter that it has as python3."""

    root: Path
    python: Path

    @classmethod
    def create(cls, root: Path, python: Path = Path(sys.executable)) -> ComposeHost:
        """Makes the folder of a Platform install, as the guide lays it out, and starts its containers."""
        host = cls(root, python)
        shutil.copytree(FILES, host.folder)
        for folder in (host.bin, host.daemon):
            folder.mkdir()
        host._program(
            "docker", f'export PYTHONPATH="{paths.CHECKOUT}"; exec "{paths.PYTHON}" -m testbed.compose.docker "$@"'
        )
        host._program("aws", f'unset PYTHONPATH; exec "{paths.PYTHON.parent / "aws"}" "$@"')
        host._program("python3", f'unset PYTHONPATH; exec "{python}" "$@"')
        if os.geteuid() != 0:
            # Only root can give files away; the script insists on being root.
            host._program("id", "echo 0")
            host._program("chown", ":")
        return host

    def _program(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    @property
    def folder(self) -> Path:
        """Platform's folder, with docker-compose.yml."""
        return self.root / "seqera"

    @property
    def bin(self) -> Path:
        """The programs that the host has beside those of the system."""
        return self.root / "bin"

    @property
    def daemon(self) -> Path:
        """What stands in for the docker daemon."""
        return self.root / "daemon"

    def environment(self, aws: Mapping[str, str]) -> dict[str, str]:
        """The variables of a script on this host; ``aws`` are those that lead to AWS."""
        return {
            **aws,
            "PATH": f"{self.bin}{os.pathsep}/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.root),
            "PYTHONPATH": str(paths.CHECKOUT),
            "TESTBED_COMPOSE_PARSER": str(compose_parser()),
            "TESTBED_CONTAINERS": str(self.daemon),
            "STUDIOS_RETRIES": "2",
            "STUDIOS_PAUSE": "1",
        }

    def files(self) -> dict[str, bytes]:
        """Every file in Platform's folder, by its name there."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def containers(self) -> dict[str, Any]:
        """Service → how often it was started, with which configuration, and what its mounts held then."""
        path = self.daemon / "containers.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def starts(self) -> dict[str, int]:
        """Service → how often it was started."""
        return {name: container["starts"] for name, container in self.containers().items()}

    def calls(self) -> list[str]:
        """The command lines of docker so far."""
        path = self.daemon / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def fail(self, command: str | None) -> None:
        """Lets a subcommand of ``docker compose`` fail from now on; None lets all succeed."""
        (self.daemon / "fails").write_text(command or "")
