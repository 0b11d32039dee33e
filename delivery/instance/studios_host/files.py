"""Files that are put into their places together, and put back together if what follows fails."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from studios_host.place import Place, read_json, write

_KEPT_BACKUPS = 5


@dataclass(frozen=True)
class DesiredFile:
    """A file as it is to be; None for `content` takes it away. Owner and mode stay as they are where they are None."""

    path: Path
    content: bytes | None
    owner: tuple[int, int] | None = None
    mode: int | None = None

    def is_there(self) -> bool:
        """Whether nothing has to be done."""
        if self.content is None:
            return not self.path.exists()
        try:
            about = self.path.stat()
            same = self.path.read_bytes() == self.content
        except FileNotFoundError:
            return False
        return (
            same and self.owner in (None, (about.st_uid, about.st_gid)) and self.mode in (None, about.st_mode & 0o7777)
        )


class Placement:
    """One run's files: `prepare` writes them beside their places, and `put` moves them in."""

    def __init__(self, place: Place, desired: Sequence[DesiredFile]) -> None:
        self.place = place
        self.changes = [each for each in desired if not each.is_there()]
        self.backup = ""
        self._staged: list[tuple[DesiredFile, Path]] = []

    def prepare(self) -> None:
        """Keeps copies of what is replaced, and writes what replaces it: a full disk is met here."""
        self.place.files.mkdir(mode=0o755, exist_ok=True)
        self.place.files.chmod(0o755)
        self.place.backups.mkdir(mode=0o700, exist_ok=True)
        for desired in self.changes:
            if desired.content is not None:
                staged = self._staging_path(desired.path)
                self._staged.append((desired, staged))
                self._stage(desired, desired.content, staged)
        copies = self.place.new / "backup"
        copies.mkdir(mode=0o700)
        entries = []
        for number, desired in enumerate(self.changes):
            saved = None
            if desired.path.exists():
                saved = f"{number}-{desired.path.name}"
                _copy(desired.path, copies / saved)
            put = None if desired.content is None else sha256(desired.content).hexdigest()
            entries.append({"path": str(desired.path), "saved": saved, "put": put})
        write(copies / "files.json", json.dumps(entries, indent=1).encode())
        name = f"{self._newest() + 1}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
        copies.rename(self.place.backups / name)
        self.backup = name

    def put(self) -> None:
        """Moves everything into its place, the compose file last: until it is there, the others mean nothing."""
        for desired, staged in sorted(self._staged, key=lambda pair: pair[0].path.suffix == ".yml"):
            os.replace(staged, desired.path)
        for desired in self.changes:
            if desired.content is None:
                desired.path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Removes what was written beside the places."""
        for _, staged in self._staged:
            staged.unlink(missing_ok=True)

    def keep_newest_backups(self) -> None:
        """Removes the oldest copies, but for the last few."""
        for path in sorted(self.place.backups.iterdir(), key=_number)[:-_KEPT_BACKUPS]:
            shutil.rmtree(path)

    def _newest(self) -> int:
        # A number tells which is newer: runs may be quicker than a second, and clocks are set back.
        return max((_number(path) for path in self.place.backups.iterdir()), default=0)

    def _staging_path(self, path: Path) -> Path:
        if path.parent.stat().st_dev == self.place.new.stat().st_dev:
            return self.place.new / f"{len(self._staged)}-{path.name}"
        # A file is moved into its place at once on its own file system only.
        return path.with_name(f".{path.name}.studios-new")

    def _stage(self, desired: DesiredFile, content: bytes, staged: Path) -> None:
        staged.unlink(missing_ok=True)
        with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if desired.path.exists():
            _take_over(desired.path, staged)
        if desired.owner is not None:
            os.chown(staged, *desired.owner)
        if desired.mode is not None:
            staged.chmod(desired.mode)


def put_back(place: Place, backup: str) -> None:
    """Puts every file of a backup back, but for those that another process has changed meanwhile."""
    folder = place.backups / backup
    for entry in read_json(folder / "files.json") or []:
        path = Path(entry["path"])
        path.with_name(f".{path.name}.studios-new").unlink(missing_ok=True)
        now = sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        if now != entry["put"]:
            continue
        if entry["saved"] is None:
            path.unlink(missing_ok=True)
        else:
            partial = path.with_name(f".{path.name}.studios-new")
            _copy(folder / entry["saved"], partial)
            os.replace(partial, path)


def remove(paths: Iterable[Path]) -> None:
    """Removes files, and folders with everything in them."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    _take_over(source, target)


def _take_over(source: Path, target: Path) -> None:
    """Owner, mode and extended attributes, as those of SELinux."""
    about = source.stat()
    os.chown(target, about.st_uid, about.st_gid)
    shutil.copystat(source, target)


def _number(path: Path) -> int:
    digits = path.name.partition("-")[0]
    return int(digits) if digits.isdigit() else 0
