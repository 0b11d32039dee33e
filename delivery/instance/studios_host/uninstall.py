"""Taking away: Connect's containers go, Platform gets back what it had, and what was stopped stays stopped."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from settings.host_names import PROXY_DATA, STUDIOS_LABEL
from studios_host import tower_entry
from studios_host.by_hand import still_named
from studios_host.checks import joined_networks, shared_namespaces
from studios_host.compose import Compose
from studios_host.differences import leaves
from studios_host.docker import Container, Docker
from studios_host.errors import PutBackError, RefusedError, reason_of
from studios_host.files import DesiredFile, put_back, remove
from studios_host.halfway import finish_replacing
from studios_host.ours import compose_files, is_ours
from studios_host.owner import owner_of
from studios_host.place import Place, read_json, write
from studios_host.project import Project, containers_of, find_project, project_of, same_path, sources
from studios_host.services import quiet_seconds
from studios_host.state import LEAVING, State
from studios_host.watch import watch


def without_folder(docker: Docker, folder: Path) -> str:
    """Removes Connect's containers where Platform's folder is gone; returns what there is to say."""
    found = _connects(docker, folder)
    for container in found:
        docker.remove(container)
    if not found:
        return f"there is no folder {folder}, and nothing of this deployment runs"
    return f"{folder} is gone; taken away: {', '.join(sorted(each.name for each in found))}"


def uninstall(docker: Docker, place: Place, deadline: float) -> str:
    """Takes everything away; returns what there is to say. `deadline` is of `time.monotonic`.

    Raises:
        RefusedError: it could not be finished; the next run goes on.
    """
    place.look(docker.containers())
    state = place.state()
    if not state.parameters:
        said = f"nothing is installed in {place.folder}"
        using = [
            each.name
            for each in docker.containers()
            if any(source.startswith(f"{place.files}/") for source in each.mounts.values())
        ]
        if using:
            raise RefusedError(
                f"{' and '.join(sorted(using))} still use files of Studios that are gone; start them as Platform's "
                "own files say, as the user who starts Platform (docker compose up -d backend cron), and try again"
            )
        left = [each for each in _connects(docker, place.folder) if is_ours(place, state, each)]
        for container in left:
            docker.remove(container)
        remove(place.path(name) for name in state.files if left)
        place.forget()
        return f"{said}; taken away: {', '.join(each.name for each in left)}" if left else said
    platform, studios = state.platform, state.studios
    project = _project(docker, place, platform)
    replaced: set[str] = set()
    if project is not None and (state.backup or state.interrupted):
        replaced = finish_replacing(docker, project.containers, (*platform, *studios))
        project = replace(project, containers=project_of(docker, project))
    paused = [each.name for service in platform for each in (project.of(service) if project else []) if each.is_paused]
    if paused:
        raise RefusedError(f"{' and '.join(paused)} is paused; docker unpause {' '.join(paused)}, and try again")
    compose = _owner(docker, place, project, platform, state) if project is not None else None
    if project is not None and compose is not None and not state.is_leaving:
        owners = compose.over().model()
        shared = [
            *_both(compose, owners, [each for each in studios if _made_of(place, state, project, each)]),
            *shared_namespaces(docker, project, (*platform, *studios)),
            *joined_networks(project, owners, platform),
        ]
        if shared:
            raise RefusedError("\n".join(shared))
    if state.backup and not state.is_leaving:
        put_back(place, state.backup)
    # A run that was killed may have ended one of them; what was stopped by its owner stays so.
    ended = {*state.running} & ({*platform} if state.is_leaving else replaced)
    running = [
        service
        for service in platform
        if service in ended or any(each.runs for each in (project.of(service) if project else []))
    ]
    _leave(place, state, running)
    try:
        said = _take_away(docker, place, state, project, compose, running, deadline)
    except PutBackError:
        raise
    except (OSError, RefusedError) as failure:
        reason = reason_of(failure, place.folder) if isinstance(failure, OSError) else str(failure)
        raise PutBackError(f"{reason}\nstudios: not everything was taken away; the next run goes on") from None
    named = still_named(place.folder, state.parameters["override"])
    return f"{said}\nstudios: {named}" if named else said


def _take_away(
    docker: Docker,
    place: Place,
    state: State,
    project: Project | None,
    compose: Compose | None,
    running: Collection[str],
    deadline: float,
) -> str:
    platform, studios = state.platform, state.studios
    theirs = []
    for container in docker.containers():
        if container.service in studios and not container.is_of_run and _is_here(container, place, project):
            if is_ours(place, state, container):
                docker.remove(container)
            else:
                theirs.append(container.name)
    _give_back_tower_yml(place, state)
    # Without it docker compose knows Platform only.
    remove(place.path(name) for name in state.files if name.endswith((".yml", ".yaml")))
    said = "taken away"
    if project is None:
        said += "; Platform does not run, and was not started"
    elif compose is None:
        said += f"; {' and '.join(platform)} run on as they are, since the files that they were started from are gone"
    else:
        _restart(docker, compose.over(), platform, running, deadline)
    data = place.folder / PROXY_DATA
    in_use = any(same_path(source, str(data)) for each in docker.containers() for source in each.mounts.values())
    remove(place.path(name) for name in state.files if not (name == PROXY_DATA and in_use))
    place.forget()
    stays = [*theirs, *([str(data)] if data.exists() else [])]
    return f"{said}; left there, since it may be the owner's: {', '.join(stays)}" if stays else said


def _made_of(place: Place, state: State, project: Project, service: str) -> bool:
    return any(is_ours(place, state, each) for each in project.of(service))


def _both(compose: Compose, owners: Mapping[str, Any], services: Sequence[str]) -> Iterator[str]:
    """Services of this deployment that the owner's files have, too: their container is of both."""
    both = [service for service in services if service in owners["services"]]
    if both:
        command = compose.over().by_hand("up", "-d", "--no-deps", *both)
        yield (
            f"Platform's compose file has a service {' and '.join(both)}, too; take it out there, and it is taken "
            f"away; or, to keep it, start it as that file says. In {compose.project.working_dir}: {command}"
        )


def _project(docker: Docker, place: Place, platform: tuple[str, ...]) -> Project | None:
    try:
        return find_project(docker.containers(), str(place.folder), platform)
    except RefusedError as refused:
        if "was started from" in str(refused):
            # Another Platform on this host, in another folder.
            return None
        raise


def _owner(docker: Docker, place: Place, project: Project, platform: tuple[str, ...], state: State) -> Compose | None:
    """Docker Compose as the owner calls it; None where the owner's files are gone."""
    found = sources(project, compose_files(place, state))
    if all(source.missing() or not source.config_files for source in found):
        return None
    return owner_of(docker, place, project, platform, state)


def _leave(place: Place, state: State, running: list[str]) -> None:
    """From here on the next run goes on with taking away."""
    kept = replace(state, backup=LEAVING, interrupted=True, running=running)
    place.remember(kept)


def _is_here(container: Container, place: Place, project: Project | None) -> bool:
    if project is not None:
        return container.project == project.name
    return same_path(container.working_dir, str(place.folder))


def _give_back_tower_yml(place: Place, state: State) -> None:
    known = tower_entry.remembered(read_json(place.tower_state))
    path = place.path(state.tower_yml or "tower.yml")
    if not known or not path.exists():
        return
    desired = DesiredFile(path, tower_entry.restored(path, known))
    if desired.content is not None and not desired.is_there():
        about = path.stat()
        write(path, desired.content, about.st_mode & 0o7777, (about.st_uid, about.st_gid))


def _restart(
    docker: Docker, compose: Compose, platform: tuple[str, ...], running: Collection[str], deadline: float
) -> None:
    """Platform's services without Studios: those that ran run again, those that were stopped are not started."""
    watched = []
    for service in platform:
        found = [each for each in containers_of(docker, compose.project.name) if each.service == service]
        if not found:
            continue
        runs = service in running
        if not leaves(compose, service, found) or (runs and not any(each.runs for each in found)):
            compose.up(service, start=runs, anew=False)
        if runs:
            watched.append(service)
            try:
                watch(docker, compose.project.name, [service], min(10.0, quiet_seconds()), deadline)
            except RefusedError as refused:
                raise PutBackError(f"without Studios, {refused}\nstudios: the next run tries again") from None


def _connects(docker: Docker, folder: Path) -> list[Container]:
    return [each for each in docker.containers(STUDIOS_LABEL) if same_path(each.working_dir, str(folder))]
