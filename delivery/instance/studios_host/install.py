"""Installing: everything is checked first, then placed, started, and watched; what fails is put back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studios_host import checks, effective, tower_entry
from studios_host.bundle import Bundle, variables
from studios_host.compose import Compose, check_version
from studios_host.docker import Docker
from studios_host.errors import PutBackError, RefusedError
from studios_host.files import Placement, Wanted, put_back, remove
from studios_host.owner import as_the_owner
from studios_host.place import DATA, Place, State, read_json
from studios_host.project import Project, find_project, sources
from studios_host.services import Start, Starter

MARKER = b"# Written by the deployment of Seqera Studios"
STUDIOS_ENV = "data-studios.env"
PLATFORM_ENV = "tower-studios.env"
PEM = "data-studios-rsa.pem"
WORKSPACES_ELSEWHERE = "leave"
PROXY_UID = 65532


@dataclass(frozen=True)
class Wish:
    """The parameters of a bundle, in their types."""

    compose_file: str
    override: str
    platform: tuple[str, ...]
    studios: tuple[str, ...]
    uid: int
    workspaces: str
    take_over: tuple[str, ...]
    existing_oidc: bool

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Wish:
        """Reads them."""
        return cls(
            compose_file=parameters["compose_file"],
            override=parameters["override"],
            platform=tuple(parameters["platform_services"].split()),
            studios=tuple(parameters["studios_services"].split()),
            uid=int(parameters["uid"]),
            workspaces=parameters["allowed_workspaces"],
            take_over=tuple(parameters.get("take_over", "").split()),
            existing_oidc=parameters.get("existing_oidc") == "yes",
        )


def install(docker: Docker, place: Place, bundle: Bundle, deadline: float) -> str:
    """Installs a bundle; returns what there is to say. `deadline` is of `time.monotonic`.

    Raises:
        RefusedError: nothing was changed, or everything was put back; the message says which.
    """
    wish = Wish.of(bundle.parameters)
    check_version(docker)
    state = place.state()
    if state.backup:
        put_back(place, state.backup)
        state = replace(state, interrupted=True)
    project = find_project(docker.containers(), str(place.folder), wish.platform)
    if project is None:
        raise RefusedError(
            f"no container of {' or '.join(wish.platform)} was started from {place.folder}; "
            "bring Platform up first (docker compose up -d), and try again"
        )
    known = bool(state.parameters)
    checks.is_running(project, wish.platform, known=known)
    owner = _owner(docker, place, project, wish, state)
    checks.main_file(owner, wish.compose_file)
    checks.names_are_free(place.folder, [wish.override, DATA], state.files)
    installed_overrides = [name for name in state.files if name.endswith((".yml", ".yaml"))]
    advice = checks.is_read_by_hand(owner, wish.override, installed_overrides)
    owners = owner.over().model()
    checks.services_are_free(owners, project, wish.studios, known=known)
    checks.key_is_readable(docker, project, owners, wish.platform, wish.uid)
    place.begin()
    files = _files(place, bundle, wish, owner, owners, state)
    merged = _checked_model(docker, place, owner, wish, files)
    checks.ports_are_free(docker, project, wish.studios[0], merged)
    checks.images_are_there(docker, merged, wish.studios)
    overridden = effective.overridden(owners, wish.platform, variables(files[PLATFORM_ENV]))
    entry, tower_yml = _tower_yml(place, wish, state, merged)
    new = State(files=[wish.override, DATA], parameters=dict(bundle.parameters), tower_yml=tower_yml)
    said = _apply(docker, place, owner, wish, state, new, files, entry, deadline)
    notes = [advice] if advice else []
    if overridden:
        notes.append(f"this stack sets otherwise than Platform's own files: {', '.join(overridden)}")
    return "\nstudios: ".join([said, *notes])


def _owner(docker: Docker, place: Place, project: Project, wish: Wish, state: State) -> Compose:
    installed = state.parameters.get("override", wish.override)
    ours = [str(place.folder / name) for name in (*([installed] if state.parameters else []), *state.files)]
    ours.append(str(place.override_copy))
    ways: list[tuple[str, ...]] = [()]
    copy = place.override_copy if place.override_copy.exists() else place.folder / installed
    if state.parameters and copy.exists():
        ways.insert(0, (str(copy),))
    found = sources(project, ours)
    try:
        return as_the_owner(docker, project, found, wish.platform, ways)
    except RefusedError:
        if not state.interrupted:
            raise
    # A run that did not come to its end leaves containers that no file describes any more: they are ours to mend.
    there = [source for source in found if source.config_files and not source.missing()]
    return as_the_owner(docker, replace(project, containers=()), there, wish.platform, ways[:1])


def _files(
    place: Place, bundle: Bundle, wish: Wish, owner: Compose, owners: Mapping[str, Any], state: State
) -> dict[str, bytes]:
    """The bundle's files, with the owner's token where that is kept."""
    files = dict(bundle.files)
    override = files.get(wish.override, b"")
    if not override.startswith(MARKER):
        raise RefusedError(f"the bundle's {wish.override} is none of this deployment")
    if wish.existing_oidc:
        token = effective.token_in_use(owners, wish.platform)
        files[STUDIOS_ENV] = _with_token(files[STUDIOS_ENV], token)
        return files
    before: set[str] = set()
    for path in (place.files / PLATFORM_ENV, place.folder / PLATFORM_ENV):
        if state.parameters and path.exists():
            before |= set(variables(path.read_bytes()))
    effective.oidc_is_free(owner, owners, wish.platform, before, take_over="tower.env" in wish.take_over)
    return files


def _with_token(text: bytes, token: str) -> bytes:
    line = f"CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN={_quoted(token)}\n".encode()
    kept = [each for each in text.splitlines(keepends=True) if not each.startswith(b"CONNECT_OIDC_CLIENT_REG")]
    return b"".join(sorted([*kept, line]))


def _quoted(value: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(character, character) for character in value) + '"'


def _checked_model(
    docker: Docker, place: Place, owner: Compose, wish: Wish, files: Mapping[str, bytes]
) -> dict[str, Any]:
    """The whole as it will be, before any of it is in place: the files are read where they are staged."""
    staged = place.new / "files"
    staged.mkdir(mode=0o700)
    for name, content in files.items():
        text = content.replace(b"./.studios/files/", b"./.studios/new/files/") if name == wish.override else content
        (staged / name).write_bytes(text)
    compose = owner.over(str(staged / wish.override))
    merged = compose.model()
    effective.nothing_is_shadowed(owner, merged, wish.platform, variables(files[PLATFORM_ENV]))
    return merged


def _tower_yml(place: Place, wish: Wish, state: State, merged: Mapping[str, Any]) -> tuple[list[Wanted], str]:
    """tower.yml with the entry, or with the one that the owner had; and its path, where it has ours."""
    known = read_json(place.tower_state)
    if wish.workspaces != WORKSPACES_ELSEWHERE:
        path = tower_entry.mounted(merged, wish.platform)
        text, memory = tower_entry.with_entry(path, known, wish.workspaces, take_over="tower.yml" in wish.take_over)
        return [Wanted(place.tower_state, memory, mode=0o600), Wanted(path, text)], str(path)
    if known is not None:
        # From 26.1 on Platform has them from its environment.
        path = place.path(state.tower_yml or "tower.yml")
        wanted = [Wanted(path, tower_entry.restored(path, known))] if path.exists() else []
        return [*wanted, Wanted(place.tower_state, None)], ""
    return [], ""


def _apply(
    docker: Docker,
    place: Place,
    owner: Compose,
    wish: Wish,
    state: State,
    new: State,
    files: Mapping[str, bytes],
    entry: list[Wanted],
    deadline: float,
) -> str:
    reader = _reader(place.folder, owner)
    wanted = [
        *entry,
        Wanted(place.files / PEM, files.get(PEM), (wish.uid, wish.uid), 0o600),
        *(Wanted(place.files / name, files[name], reader[0], reader[1]) for name in (STUDIOS_ENV, PLATFORM_ENV)),
        Wanted(place.override_copy, files[wish.override], (0, 0), 0o600),
        Wanted(place.folder / wish.override, files[wish.override], reader[0], 0o644),
    ]
    stale = [name for name in state.files if name not in new.files]
    wanted += [Wanted(place.path(name), None) for name in stale if not place.path(name).is_dir()]
    placement = Placement(place, wanted)
    compose = owner.over(str(place.folder / wish.override))
    content = {change.path for change in placement.changes} & {place.files / PEM, *(each.path for each in entry[1:])}
    data = place.folder / DATA
    starter = Starter(docker, owner, compose, wish.platform, wish.studios, deadline)
    if not placement.changes and data.is_dir() and not state.interrupted and starter.is_done():
        if state.parameters != new.parameters or state.files != new.files:
            place.remember(new)
        return "nothing has changed"
    fresh = not data.exists()
    try:
        placement.prepare()
        place.remember(replace(new, files=sorted({*state.files, *new.files}), backup=placement.backup))
        placement.put()
        if fresh:
            data.mkdir()
        os.chown(data, PROXY_UID, PROXY_UID)
        data.chmod(0o700)
        gone = [each for each in state.parameters.get("studios_services", "").split() if each not in wish.studios]
        starter.start(Start(anew=bool(content) or state.interrupted, gone=tuple(gone)))
    except (OSError, RefusedError) as failure:
        placement.discard()
        _back(place, placement, starter, state, data if fresh else None)
        raise PutBackError(_reason(failure, starter)) from None
    place.remember(new)
    placement.keep_newest_backups()
    changed = " ".join(sorted({change.path.name for change in placement.changes} - {"override.yml", "tower.json"}))
    return f"installed: {changed or 'the containers'}"


def _back(place: Place, placement: Placement, starter: Starter, state: State, data: Path | None) -> None:
    """Files first, then containers, and last what says that there is something to put back."""
    if placement.backup:
        put_back(place, placement.backup)
    copy, override = place.override_copy, place.folder / state.parameters.get("override", "")
    if starter.before.overrides == (str(copy),) and override.is_file():
        # The same file, by the name that the owner's commands know.
        starter.before = starter.before.over(str(override))
    starter.back()
    if data is not None:
        remove([data] if data.exists() else [])
    if (place.own / "parameters").exists() or not state.parameters:
        (place.own / "state.json").unlink(missing_ok=True)
    else:
        place.remember(replace(state, backup="", interrupted=False))
    if not state.parameters:
        shutil.rmtree(place.own, ignore_errors=True)


def _reason(failure: OSError | RefusedError, starter: Starter) -> str:
    reason = str(failure)
    if isinstance(failure, OSError):
        reason = f"{failure.filename or 'a file'}: {failure.strerror}"
    if not starter.touched:
        return f"{reason}\nstudios: nothing was changed"
    back = f"\nstudios: putting it back failed: {starter.failed_back}" if starter.failed_back else ""
    return f"{reason}\nstudios: files and containers were put back as they were{back}"


def _reader(folder: Path, owner: Compose) -> tuple[tuple[int, int], int]:
    """Owner and mode of tower.env: whoever calls docker compose by hand reads the files for containers, too."""
    for pattern in ("tower.env", "*/tower.env", "*/*/tower.env"):
        for path in sorted(folder.glob(pattern)):
            about = path.stat()
            return (about.st_uid, about.st_gid), about.st_mode & 0o777
    about = os.stat(owner.source.config_files[0])
    return (about.st_uid, about.st_gid), 0o600
