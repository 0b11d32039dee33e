"""What an installation needs to know and to find right before it changes anything: all problems are told together."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from settings.host_names import (
    ALLOWED_WORKSPACES_ENTRY,
    ALLOWED_WORKSPACES_VARIABLE,
    PEM_PATH_VARIABLE,
    PLATFORM_ENV,
    PLATFORM_TOKEN_VARIABLE,
    PROXY_DATA,
    PROXY_TOKEN_VARIABLE,
    SSH_PORT_VARIABLE,
    STUDIOS_ENV,
    WORKSPACES_ELSEWHERE,
)
from studios_host import checks, effective, tower_entry
from studios_host.bundle import Bundle, variables
from studios_host.by_hand import is_read_by_hand
from studios_host.compose import OLDEST, Compose, release
from studios_host.docker import Docker
from studios_host.errors import Problems, RefusedError
from studios_host.files import DesiredFile
from studios_host.ours import is_ours, variables_before
from studios_host.owner import owner_of
from studios_host.place import MARKER, Place, read_json
from studios_host.project import Project
from studios_host.state import State
from studios_host.wish import Wish

_VARIABLES = re.compile(rb"^( +)- (\./\.studios/files/\S+\.env)$", re.MULTILINE)
"""An entry of `env_file` in our compose file."""

_UNKNOWN_NETWORK = re.compile(r'service \\?"(?P<service>\S+?)\\?" refers to undefined network (?P<network>\S+?):')


@dataclass(frozen=True)
class Survey:
    """The owner's Docker Compose; the files to place; tower.yml, as files, and its path where it has our entry.

    `advice` is what the owner has to know for commands by hand; `shared` are containers that a replacement would cut
    off.
    """

    owner: Compose
    files: Mapping[str, bytes]
    entry: list[DesiredFile]
    tower_yml: str
    advice: str
    shared: list[str]


def survey(
    docker: Docker, place: Place, bundle: Bundle, wish: Wish, state: State, project: Project, deadline: float
) -> Survey:
    """Looks at everything; it writes only into `.studios/new`, and pulls images.

    Raises:
        RefusedError: with every problem that was found.
    """
    problems = Problems()
    known = bool(state.parameters)
    problems.add(checks.not_running(project, wish.platform, known=known))
    problems.add(checks.taken_names(place.folder, [wish.override, PROXY_DATA], state.files))
    with problems.collected():
        place.begin()
    found = None
    # Of these Docker Compose would tell nothing but that they differ.
    found_here = [project.of(service) for service in wish.platform]
    if not all(found_here) or any(each.is_paused for some in found_here for each in some):
        return problems.unless_any(found)
    with problems.collected():
        owner = owner_of(docker, place, project, wish.platform, state, variables(bundle.files[PLATFORM_ENV]))
        if place.begun:
            found = _looked_at(docker, place, bundle, wish, state, owner, problems, deadline)
    return problems.unless_any(found)


def _looked_at(
    docker: Docker,
    place: Place,
    bundle: Bundle,
    wish: Wish,
    state: State,
    owner: Compose,
    problems: Problems,
    deadline: float,
) -> Survey:
    project, known = owner.project, bool(state.parameters)
    owners = owner.over().model()
    problems.add(checks.other_main_file(owner, wish.compose_file))
    advice = ""
    installed = [name for name in state.files if name.endswith((".yml", ".yaml"))]
    if wish.override in installed or not (place.folder / wish.override).exists():
        with problems.collected():
            advice = is_read_by_hand(owner, wish.override, installed)
    problems.add(checks.taken_services(owners, project, wish.studios, partial(is_ours, place, state)))
    problems.add(checks.unreadable_key(docker, project, owners, wish.platform, wish.uid))
    services = (*wish.platform, *wish.studios)
    shared = [
        *checks.shared_namespaces(docker, project, services),
        *checks.joined_networks(project, owners, wish.platform),
    ]
    if not known:
        problems.add(shared)
    files = files_of(bundle, wish, project)
    with problems.collected():
        if wish.existing_oidc:
            files[STUDIOS_ENV] = _with_token(files[STUDIOS_ENV], effective.token_in_use(owners, wish.platform))
    merged: dict[str, Any] = {}
    with problems.collected():
        merged = _merged(place, owner, wish, files)
    if merged:
        problems.add(_variables(place, owner, owners, merged, wish, files, state))
        problems.add(checks.taken_ports(docker, project, wish.studios[0], merged, _ssh_port(files)))
        problems.add(checks.missing_images(docker, merged, wish.studios, max(10.0, deadline - time.monotonic())))
    if merged and not problems:
        with problems.collected():
            staged = owner.over(str(place.new / "files" / wish.override))
            problems.add(checks.replaced_networks(docker, staged, wish.platform, services))
    entry: list[DesiredFile] = []
    tower_yml = ""
    with problems.collected():
        entry, tower_yml = _tower_yml(place, wish, state, owners)
    return Survey(owner, files, entry, tower_yml, advice, shared)


def files_of(bundle: Bundle, wish: Wish, project: Project) -> dict[str, bytes]:
    """The bundle's files in the form that the owner's Docker Compose reads.

    Raises:
        RefusedError: the compose file is none of this deployment.
    """
    files = dict(bundle.files)
    override = files.get(wish.override, b"")
    if not override.startswith(MARKER.encode()):
        raise RefusedError(f"the bundle's {wish.override} is none of this deployment")
    if all(release(each.label("version")) >= OLDEST for each in project.containers):
        # Platform starts without them, too, should the owner's deployer delete them. An older one refuses this form.
        files[wish.override] = _VARIABLES.sub(rb"\1- path: \2\n\1  required: false", override)
    return files


def _ssh_port(files: Mapping[str, bytes]) -> str:
    return variables(files[PLATFORM_ENV]).get(SSH_PORT_VARIABLE, "")


def _with_token(text: bytes, token: str) -> bytes:
    name = f"{PROXY_TOKEN_VARIABLE}=".encode()
    kept = [each for each in text.splitlines(keepends=True) if not each.startswith(name)]
    return b"".join(sorted([*kept, name + f"{_quoted(token)}\n".encode()]))


def _quoted(value: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(character, character) for character in value) + '"'


def _merged(place: Place, owner: Compose, wish: Wish, files: Mapping[str, bytes]) -> dict[str, Any]:
    """The model as it will be, before any of it is in place: the files are read where they are staged."""
    staged = place.new / "files"
    staged.mkdir(mode=0o700)
    for name, content in files.items():
        text = content.replace(b"./.studios/files/", b"./.studios/new/files/") if name == wish.override else content
        (staged / name).write_bytes(text)
    try:
        return owner.over(str(staged / wish.override)).model()
    except RefusedError as refused:
        unknown = _UNKNOWN_NETWORK.search(str(refused))
        if unknown is None:
            raise
        raise RefusedError(
            f"Platform's compose file has no network {unknown['network']}, which {unknown['service']} would join; "
            "write those that it has in proxyNetworks and serverNetworks, for example [default]"
        ) from None


def _variables(
    place: Place,
    owner: Compose,
    owners: Mapping[str, Any],
    merged: Mapping[str, Any],
    wish: Wish,
    files: Mapping[str, bytes],
    state: State,
) -> Iterator[str]:
    """Variables of backend and cron that the owner has set, too."""
    wanted = variables(files[PLATFORM_ENV])
    before = variables_before(place) if state.parameters else set()
    take_over = "tower.env" in wish.take_over
    in_use = [] if wish.existing_oidc or take_over else [*effective.oidc_in_use(owner, owners, wish.platform, before)]
    yield from in_use
    told = {PEM_PATH_VARIABLE, PLATFORM_TOKEN_VARIABLE} if in_use else set()
    others = {name: value for name, value in wanted.items() if name not in told}
    yield from effective.shadowed(owner, merged, wish.platform, others)
    if not take_over:
        yield from effective.overridden(owner, owners, merged, wish.platform, wanted, before)
    desired: dict[str, str | None] = dict(wanted)
    if wish.workspaces == WORKSPACES_ELSEWHERE and ALLOWED_WORKSPACES_VARIABLE not in wanted:
        desired[ALLOWED_WORKSPACES_VARIABLE] = None
        yield from effective.restricted(owner, owners, wish.platform)
    entries = {name: text for name, text in wish.tower_yml.items() if name != ALLOWED_WORKSPACES_ENTRY}
    yield from effective.outdone(owner, merged, wish.platform, desired, entries)


def _tower_yml(place: Place, wish: Wish, state: State, owners: Mapping[str, Any]) -> tuple[list[DesiredFile], str]:
    """tower.yml with the entries, or with those that the owner had; and its path, where it has ours."""
    known = tower_entry.remembered(read_json(place.tower_state))
    if wish.tower_yml:
        path = tower_entry.mounted(owners, wish.platform, wish.tower_yml)
        text, memory = tower_entry.with_entries(path, known, wish.tower_yml, take_over="tower.yml" in wish.take_over)
        return [DesiredFile(place.tower_state, memory, mode=0o600), DesiredFile(path, text)], str(path)
    if known:
        # From 26.1 on Platform has them from its environment.
        path = place.path(state.tower_yml or "tower.yml")
        wanted = [DesiredFile(path, tower_entry.restored(path, known))] if path.exists() else []
        return [*wanted, DesiredFile(place.tower_state, None)], ""
    return [], ""
