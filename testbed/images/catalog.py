"""Which images there are: Seqera's names, and what runs in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from testbed import build
from testbed.images.layer import Layer, debian_program

REGISTRY = "cr.seqera.io"
PLATFORM_RELEASE = "v25.3.0"
#: Where an image has the authority that signed the certificates of the testbed's HTTPS.
CA = "/etc/ssl/certs/testbed-ca.crt"

#: Debian's package busybox-static has it.
BUSYBOX = Path("/bin/busybox")
_PROXY_UID = 65532
_BACKEND_UID = 101


@dataclass(frozen=True)
class Health:
    """The check of a container: a command line, how often it runs, and for how long a failure counts as a start."""

    command: Sequence[str]
    interval: float = 2.0
    start: float = 10.0


@dataclass(frozen=True)
class Image:
    """One image.

    Args:
        name: with its tag.
        layer: its one layer.
        entrypoint: the command line; what a container adds comes behind it.
        user: number of the user that it runs as, unless the container says otherwise.
        health: its check, if it has one.
        volumes: folders that are volumes unless the container mounts something there.
        working_directory: where it runs.
    """

    name: str
    layer: Layer
    entrypoint: Sequence[str]
    user: int = 0
    health: Health | None = None
    volumes: Sequence[str] = ()
    working_directory: str = "/"
    environment: Sequence[str] = field(default=(f"SSL_CERT_FILE={CA}", "PATH=/"))

    def named(self, name: str) -> Image:
        """The same under another name."""
        return replace(self, name=name)


class Catalog:
    """Every image, for a machine or cluster with an authority of its own."""

    def __init__(self, ca: Path) -> None:
        self._ca = ca.read_bytes()

    @cached_property
    def _studios(self) -> Layer:
        return self._program()

    @cached_property
    def _migration(self) -> Layer:
        """The program, and the script by which an init container starts it, with a shell to run that."""
        layer = self._program()
        _add_busybox(layer)
        layer.file("/migrate-db.sh", b"#!/bin/sh\nexec /studios migrate\n", 0o755)
        return layer

    def _program(self) -> Layer:
        layer = Layer()
        layer.file("/studios", build.studios().read_bytes(), 0o755)
        layer.file(CA, self._ca, 0o644)
        layer.file("/etc/passwd", b"root:x:0:0::/:/studios\nnonroot:x:65532:65532::/:/studios\n", 0o644)
        layer.folder("/tmp", 0o1777)  # noqa: S108 (in the image)
        layer.folder("/data", 0o755, _PROXY_UID)
        return layer

    def connect(self, release: str) -> list[Image]:
        """The proxy and the server of a release of Connect."""
        program = Image("", self._studios, (), _PROXY_UID)
        return [
            replace(
                program,
                name=f"{REGISTRY}/enterprise/studios/proxy:{release}",
                entrypoint=("/studios", "connect-proxy"),
                # The port is a setting: the check reads it as the proxy does.
                health=Health(("/studios", "health", "-port", "80", "-variable", "CONNECT_HTTP_PORT")),
            ),
            replace(
                program,
                name=f"{REGISTRY}/enterprise/studios/server:{release}",
                entrypoint=("/studios", "connect-server"),
                health=Health(("/studios", "health", "-port", "7777", "-variable", "CONNECT_LISTENER_PORT")),
            ),
        ]

    def platform(self, release: str = PLATFORM_RELEASE) -> list[Image]:
        """Backend (which is cron too), frontend and the migration of a release of Platform."""
        private = f"{REGISTRY}/private/nf-tower-enterprise"
        program = Image("", self._studios, ())
        backend = ("/studios", "backend", "-release", release.removeprefix("v"), "--")
        health = Health(("/studios", "health", "-port", "8080"))
        return [
            replace(program, name=f"{private}/backend:{release}", entrypoint=backend, user=_BACKEND_UID, health=health),
            replace(program, name=f"{private}/frontend:{release}", entrypoint=("/studios", "frontend")),
            replace(
                program,
                name=f"{private}/migrate-db:{release}",
                layer=self._migration,
                entrypoint=("/studios", "migrate"),
                environment=(*program.environment[:-1], "PATH=/bin"),
            ),
        ]

    def database(self) -> Image:
        """What is in the place of MySQL."""
        entrypoint, volumes = ("/studios", "db"), ("/var/lib/mysql",)
        return Image("mysql:8.0", self._studios, entrypoint, volumes=volumes)

    def redis(self, tag: str = "7.2") -> Image:
        """The real Redis, as Debian has it; like the official image it takes commands from everywhere."""
        entrypoint = ("/usr/bin/redis-server", "--protected-mode", "no", "--dir", "/data", "--bind", "*")
        return Image(
            f"{REGISTRY}/public/redis:{tag}",
            debian_program("/usr/bin/redis-server"),
            entrypoint,
            volumes=("/data",),
            working_directory="/data",
        )

    def busybox(self, tag: str = "1.36") -> Image:
        """A shell, statically linked, for init containers."""
        layer = Layer()
        _add_busybox(layer)
        return Image(f"{REGISTRY}/public/busybox:{tag}", layer, ("/bin/busybox",), environment=("PATH=/bin",))


def _add_busybox(layer: Layer) -> None:
    layer.file("/bin/busybox", BUSYBOX.read_bytes(), 0o755)
    for name in ("sh", "mkdir", "true", "sleep", "cat", "id", "wget", "nc"):
        layer.link(f"/bin/{name}", "busybox")
