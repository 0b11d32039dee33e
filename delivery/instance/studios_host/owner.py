"""The way in which the owner started Platform: from which of the files, and with which variables of the shell.

Docker Compose itself is asked, without doing anything, whether it would leave the containers as they are. The first
way for which it would is the owner's.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from studios_host.compose import Compose, Plan
from studios_host.differences import differences
from studios_host.docker import Docker
from studios_host.errors import RefusedError, shortened
from studios_host.ours import compose_files, is_key_of_ours, variables_before
from studios_host.place import Place
from studios_host.project import Project, Source, sources
from studios_host.state import State

_NO_HOME = "/home-of-no-user"
"""Stands for the home folder where it is looked for in the model."""
_MOUNT_BELOW_HOME = re.compile(r"(?:\$HOME|\$\{HOME\}|~)(/[^:\s\"']*):(/[^:\s\"']*)")


@dataclass(frozen=True)
class _Way:
    compose: Compose
    plan: Plan


def owner_of(
    docker: Docker, place: Place, project: Project, services: Sequence[str], state: State, names: Collection[str] = ()
) -> Compose:
    """Docker Compose as the owner calls it, over the file of this deployment where it is installed.

    `services` are backend and cron. What an interrupted run left need not be what any file says; then it may differ in
    what this deployment sets, such as variables of these `names`, and in nothing else.

    Raises:
        RefusedError: no way leads to the containers that run.
    """
    copies = [place.override_copy, place.folder / state.parameters.get("override", "")]
    mine = [path for path in copies if state.parameters and path.is_file() and not place.is_foreign(str(path))]
    # The owner may have started what they have changed in it; where both say the same, one is enough.
    mine = mine[: len({path.read_bytes() for path in mine})]
    ways: list[tuple[str, ...]] = [*((str(path),) for path in mine), ()]
    interrupted = state.interrupted or state.backup
    ours = {*names, *variables_before(place)} if interrupted else None
    return as_the_owner(docker, project, sources(project, compose_files(place, state)), services, ways, ours)


def as_the_owner(
    docker: Docker,
    project: Project,
    found: Sequence[Source],
    services: Sequence[str],
    overrides: Sequence[tuple[str, ...]],
    ours: set[str] | None = None,
) -> Compose:
    """Returns Docker Compose as the owner calls it, with that one of `overrides` that the services were made with.

    `found` are what the containers were started from, the likeliest first; `services` are backend and cron. Where
    `ours` are given, names of variables, what this deployment sets counts as no difference.

    Raises:
        RefusedError: a file is gone, or no way leads to the containers that run: an edit was not started yet, or a
            variable is missing.
    """
    there = [source for source in found if source.config_files and not source.missing()]
    if not there:
        path = found[0].missing()[0] if found and found[0].missing() else "compose files that are not there any more"
        raise RefusedError(
            f"Platform was started from {path}, which is not there any more; "
            "put it back, or start Platform again from the files that are there, as the user who starts it"
        )
    names = project.names(services)
    ways: list[_Way] = []
    failure: RefusedError | None = None
    for source in there:
        for files in overrides:
            compose = Compose(docker, project, source, {}, files)
            try:
                for shell in _shells(compose):
                    tried = Compose(docker, project, source, shell, files)
                    ways.append(_Way(tried, tried.plan(services)))
                    if ways[-1].plan.leaves(names):
                        return tried
            except RefusedError as refused:
                failure = failure or refused
    for way in ways:
        if _runs_so(way, services, ours):
            return way.compose
    if not ways:
        raise failure or RefusedError("docker compose refuses Platform's files")
    raise RefusedError(_explained(ways[0], services, ours))


def _shells(compose: Compose) -> Iterator[Mapping[str, str]]:
    """Variables that the owner's shell may have had, the likeliest first."""
    file = compose.source.config_files[0]
    users = [os.stat(file).st_uid, os.stat(compose.project.working_dir).st_uid, 0]
    # As the system does, the first of a number counts.
    known = {each.pw_uid: each for each in reversed(pwd.getpwall())}
    users += sorted(uid for uid, each in known.items() if uid >= 1000 and os.path.isdir(each.pw_dir))
    homes: dict[str, str] = {}
    for uid in users:
        if uid in known:
            homes.setdefault(known[uid].pw_dir, known[uid].pw_name)
    owner = next(iter(homes.values()), "root")
    for home in [*_mounted_homes(compose), *homes]:
        name = homes.get(home, owner)
        yield {"HOME": home, "USER": name, "LOGNAME": name}


def _mounted_homes(compose: Compose) -> list[str]:
    """The home folders that the mounts of the containers tell."""
    found = []
    for service, target, rest in _below_home(compose):
        for container in compose.project.containers:
            mounted = container.mounts.get(target, "")
            if service in ("", container.service) and mounted.endswith(rest):
                found.append(mounted[: len(mounted) - len(rest)])
    return list(dict.fromkeys(found))


def _below_home(compose: Compose) -> Iterator[tuple[str, str, str]]:
    """Of each mount below the home folder: service, path inside, and path below the home folder."""
    shell = {"HOME": _NO_HOME, "USER": "root", "LOGNAME": "root"}
    try:
        model = replace(compose, shell=shell).model()
    except RefusedError:
        # The variables are in the home folder, too: `env_file: $HOME/tower.env`.
        for path in compose.source.config_files:
            with open(path, errors="replace") as stream:
                for rest, target in _MOUNT_BELOW_HOME.findall(stream.read()):
                    yield "", target, rest
        return
    for service, about in model["services"].items():
        for volume in about.get("volumes") or []:
            source = str(volume.get("source", ""))
            if source.startswith(_NO_HOME):
                yield service, volume["target"], source[len(_NO_HOME) :]


def _runs_so(way: _Way, services: Sequence[str], ours: set[str] | None) -> bool:
    """Whether the containers are as the files say, though Docker Compose takes them for others.

    Releases differ in how they describe a service, and those before 2.27 count what it depends on, which is left out
    where a service is started without that.
    """
    if way.plan.networks:
        return False
    try:
        return not _differences(way, services, ours)
    except RefusedError:
        return False


def _differences(way: _Way, services: Sequence[str], ours: set[str] | None) -> dict[str, list[str]]:
    found = differences(way.compose, services)
    if ours is None:
        return found
    theirs = {name: [key for key in keys if not is_key_of_ours(key, ours)] for name, keys in found.items()}
    return {name: keys for name, keys in theirs.items() if keys}


def _explained(way: _Way, services: Sequence[str], ours: set[str] | None) -> str:
    project = way.compose.project
    if way.plan.networks:
        return of_networks(way.compose, way.plan.networks, services)
    try:
        parts = [f"{name} in {shortened(keys)}" for name, keys in _differences(way, services, ours).items()]
    except RefusedError as refused:
        parts = [str(refused)]
    changed = [service for service in services if not way.plan.leaves(project.names([service]))]
    parts = parts or [f"{service} in its configuration" for service in changed]
    unset = ""
    if way.plan.unset:
        unset = f"; not set here, but perhaps in your shell: {shortened(way.plan.unset)}: write it into .env"
    return (
        f"what runs differs from what {way.compose.shown()} says: {'; '.join(parts)}{unset}; "
        f"put the files back, or start it as they say. {_by_hand(way.compose, services, '--no-deps', *services)}"
    )


def of_networks(compose: Compose, networks: Sequence[str], services: Sequence[str]) -> str:
    """The message about networks that run otherwise than the files say: a new one would take every container off it."""
    return (
        f"{compose.over().shown()} says something else of the network {shortened(networks)} than what runs; "
        f"put the file back, or start Platform with it first. {_by_hand(compose, services)}"
    )


def _by_hand(compose: Compose, services: Sequence[str], *words: str) -> str:
    """The command that starts Platform from the files that backend was started from."""
    project = compose.project
    started = next(iter(project.of(services[-1])), project.containers[0])
    there = tuple(path for path in started.config_files if os.path.isfile(path))
    by_hand = replace(compose, source=Source(there, started.environment_files), overrides=())
    return f"In {project.working_dir}: {by_hand.by_hand('up', '-d', *words)}"
