"""One layer of an image: a tar archive that is the same whenever it holds the same."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from pathlib import Path

from testbed.errors import TestbedError


class Layer:
    """Files, folders and links by their absolute paths."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[tarfile.TarInfo, bytes]] = {}

    def file(self, path: str, content: bytes, mode: int, uid: int = 0) -> None:
        """Adds a file."""
        self._add(path, tarfile.REGTYPE, mode, uid, content)

    def folder(self, path: str, mode: int, uid: int = 0) -> None:
        """Adds a folder; those that only lead to something are made by themselves."""
        self._add(path, tarfile.DIRTYPE, mode, uid)

    def link(self, path: str, target: str) -> None:
        """Adds a symbolic link."""
        self._add(path, tarfile.SYMTYPE, 0o777, 0)
        self._entries[path.strip("/")][0].linkname = target

    def _add(self, path: str, kind: bytes, mode: int, uid: int, content: bytes = b"") -> None:
        name = path.strip("/")
        parent = str(Path(name).parent)
        if parent != "." and parent not in self._entries:
            self.folder(parent, 0o755)
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.uid, entry.gid, entry.size = kind, mode, uid, uid, len(content)
        self._entries[name] = (entry, content)

    def tar(self) -> bytes:
        """The archive."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for entry, content in self._entries.values():
                archive.addfile(entry, io.BytesIO(content))
        return stream.getvalue()


def is_static(program: Path) -> bool:
    """Whether a program of this host runs without any library."""
    return subprocess.run(["/usr/bin/ldd", program], capture_output=True, check=False).returncode != 0


def debian_program(program: str) -> Layer:
    """A program of this host with the libraries that it is linked against.

    Raises:
        TestbedError: the program is missing.
    """
    source = Path(program)
    if not source.exists():
        raise TestbedError(f"there is no {program}; run: apt-get install --no-install-recommends redis-server")
    layer = Layer()
    layer.file(program, source.read_bytes(), 0o755)
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for path in re.findall(r"(/\S+) \(0x", linked):
        layer.file(path, Path(path).read_bytes(), 0o755)
    layer.folder("/data", 0o755)
    layer.folder("/tmp", 0o1777)  # noqa: S108 (in the image)
    return layer
