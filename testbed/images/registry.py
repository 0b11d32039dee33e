"""A registry that serves the catalog's images, and asks for a login: ``python -m testbed.images.registry``.

It speaks as much of the OCI distribution protocol as a pull needs, over plain HTTP; whoever wants HTTPS puts something
before it. It stands for Seqera's registry, and as a mirror, which is told the registry that is meant, for others too.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import http.server
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from testbed.images.catalog import REGISTRY, Catalog, Image

USER = "testbed"
PASSWORD = "testbed-pull"  # noqa: S105 (it guards nothing but the testbed's images)

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_REFERENCE = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<reference>[^/]+)")
#: What of Seqera's registry wants no login.
_PUBLIC = f"{REGISTRY}/public/"
_NANOSECONDS = 10**9


def digest(data: bytes) -> str:
    """The name of a blob."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def config_of(image: Image, layer: bytes) -> bytes:
    """The image's configuration, as a registry keeps it."""
    config: dict[str, object] = {
        "Entrypoint": list(image.entrypoint),
        "Env": list(image.environment),
        "User": str(image.user) if image.user else "",
        "WorkingDir": image.working_directory,
    }
    if image.volumes:
        config["Volumes"] = {path: {} for path in image.volumes}
    if image.health:
        config["Healthcheck"] = {
            "Test": ["CMD", *image.health.command],
            "Interval": int(image.health.interval * _NANOSECONDS),
            "Timeout": 3 * _NANOSECONDS,
            "StartPeriod": int(image.health.start * _NANOSECONDS),
            "Retries": 3,
        }
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
            "history": [{"created_by": "testbed"}],
        },
        sort_keys=True,
    ).encode()


class Shelf:
    """What the registry has: blobs by digest, and manifests by name and tag."""

    def __init__(self, images: Iterable[Image]) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], bytes] = {}
        packed: dict[int, tuple[bytes, bytes]] = {}
        for image in images:
            if id(image.layer) not in packed:
                layer = image.layer.tar()
                packed[id(image.layer)] = (layer, gzip.compress(layer, 1, mtime=0))
            layer, compressed = packed[id(image.layer)]
            config = config_of(image, layer)
            manifest = json.dumps(
                {
                    "schemaVersion": 2,
                    "mediaType": _MANIFEST,
                    "config": {"mediaType": _CONFIG, "size": len(config), "digest": digest(config)},
                    "layers": [{"mediaType": _LAYER, "size": len(compressed), "digest": digest(compressed)}],
                }
            ).encode()
            self.blobs |= {digest(config): config, digest(compressed): compressed}
            name, _, tag = image.name.rpartition(":")
            self.manifests |= {(name, tag): manifest, (name, digest(manifest)): manifest}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shelf: Shelf

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        # A mirror is told the registry that is meant: containerd's name for it.
        registry = parse_qs(url.query).get("ns", [REGISTRY])[0]
        match = _REFERENCE.fullmatch(url.path)
        name = f"{registry}/{match['name']}" if match else ""
        if not self._allowed() and not _is_public(name):
            self._answer(401, _error("UNAUTHORIZED", "authentication required"), authenticate=True)
        elif url.path in ("/v2", "/v2/"):
            self._answer(200, b"{}")
        else:
            found = self._find(name, match) if match else None
            if found is None:
                kind = "BLOB" if match and match["kind"] == "blobs" else "MANIFEST"
                self._answer(404, _error(f"{kind}_UNKNOWN", "not known to registry"))
            else:
                self._answer(200, found, _MANIFEST if match and match["kind"] == "manifests" else None)

    do_HEAD = do_GET  # noqa: N815 (the name that http.server looks for)

    def _find(self, name: str, match: re.Match[str]) -> bytes | None:
        if match["kind"] == "blobs":
            return self.shelf.blobs.get(match["reference"])
        return self.shelf.manifests.get((name, match["reference"]))

    def _allowed(self) -> bool:
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return self.headers.get("Authorization") == f"Basic {expected}"

    def _answer(self, status: int, body: bytes, kind: str | None = None, *, authenticate: bool = False) -> None:
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", kind or ("application/octet-stream" if status == 200 else "application/json"))
        self.send_header("Content-Length", str(len(body)))
        if status == 200:
            self.send_header("Docker-Content-Digest", digest(body))
        if authenticate:
            self.send_header("WWW-Authenticate", 'Basic realm="testbed"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        sys.stderr.write(f"{format % values}\n")


def _is_public(name: str) -> bool:
    return bool(name) and (name.startswith(_PUBLIC) or not name.startswith(f"{REGISTRY}/"))


def server(address: str, port: int, images: Iterable[Image]) -> http.server.ThreadingHTTPServer:
    """A server of these images; it answers once its ``serve_forever`` runs."""
    handler = type("Handler", (_Handler,), {"shelf": Shelf(images)})
    return http.server.ThreadingHTTPServer((address, port), handler)


def _error(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


def images_of(catalog: Catalog, connect: Iterable[str], platform: Iterable[str]) -> list[Image]:
    """The catalog's images for these releases of Connect and Platform, and those that are of no release."""
    found = [image for release in connect for image in catalog.connect(release)]
    found += [image for release in platform for image in catalog.platform(release)]
    return [*found, catalog.redis("7.2"), catalog.redis("7.0.10"), catalog.busybox()]


def main() -> int:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m testbed.images.registry")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", type=Path, required=True, help="the authority that the images trust, PEM")
    parser.add_argument("--connect", nargs="+", default=[], metavar="RELEASE", help="releases of Connect")
    parser.add_argument("--platform", nargs="+", default=[], metavar="RELEASE", help="releases of Platform")
    given = parser.parse_args()
    images = images_of(Catalog(given.ca), given.connect, given.platform)
    with server(given.address, given.port, images) as running:
        running.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
