"""Installing: everything is checked first, then placed, started, and watched; what fails is put back."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from settings.host_names import PEM, PLATFORM_ENV, PROXY_DATA, STUDIOS_ENV
from studios_host.bundle import Bundle, variables
from studios_host.checks import not_started
from studios_host.compose import Compose, check_version
from studios_host.docker import Docker
from studios_host.errors import PutBackError, RefusedError, reason_of
from studios_host.files import DesiredFile, Placement, put_back, remove
from studios_host.halfway import by_known_name, containers_back, down, finish_replacing
from studios_host.ours import is_ours
from studios_host.owner import owner_of
from studios_host.place import Place
from studios_host.project import Project, find_project, project_of
from studios_host.reader import reader_of
from studios_host.services import Start, Starter
from studios_host.state import State
from studios_host.survey import Survey, survey
from studios_host.wish import Wish

PROXY_UID = 65532


def install(docker: Docker, place: Place, bundle: Bundle, deadline: float) -> str:
    """Installs a bundle; returns what there is to say. `deadline` is of `time.monotonic`.

    Raises:
        RefusedError: nothing was changed, or everything was put back; the message says which.
    """
    wish = Wish.of(bundle.parameters)
    check_version(docker)
    place.look(docker.containers(), wish.override)
    state = place.state()
    if state.backup:
        put_back(place, state.backup)
        state = replace(state, interrupted=True)
    try:
        project = _project(docker, place, bundle, wish, state)
        found = survey(docker, place, bundle, wish, state, project, deadline)
    except PutBackError:
        raise
    except RefusedError as refused:
        if not state.interrupted or state.is_leaving:
            raise
        outcome = "what the last run had begun was put back; nothing else was changed"
        try:
            containers_back(docker, place, state, variables(bundle.files[PLATFORM_ENV]), deadline)
        except RefusedError as failure:
            why = "" if str(failure) in str(refused) else f": {failure}"
            outcome = f"the files were put back as they were, the containers were not{why}; the next run tries again"
        raise PutBackError(f"{refused}\nstudios: {outcome}") from None
    new = State(files=[wish.override, PROXY_DATA], parameters=dict(bundle.parameters), tower_yml=found.tower_yml)
    said = _apply(docker, place, found, wish, state, new, deadline)
    return "\nstudios: ".join([said, *([found.advice] if found.advice else [])])


def _project(docker: Docker, place: Place, bundle: Bundle, wish: Wish, state: State) -> Project:
    found = find_project(docker.containers(), str(place.folder), wish.platform)
    if found is None:
        raise RefusedError("\n".join(not_started(docker, place.folder, wish.platform)))
    return _resumed(docker, place, found, bundle, wish, state) if state.interrupted else found


def _resumed(docker: Docker, place: Place, project: Project, bundle: Bundle, wish: Wish, state: State) -> Project:
    """The project, once what a killed run had ended runs again, as the files say that were put back.

    Raises:
        PutBackError: it does not start; the next run tries again.
    """
    replaced = finish_replacing(docker, project.containers, (*wish.platform, *wish.studios))
    if not replaced:
        return project
    project = replace(project, containers=project_of(docker, project))
    ended = [service for service in down(project.containers, wish.platform) if service in replaced & {*state.running}]
    try:
        for service in ended:
            names = variables(bundle.files[PLATFORM_ENV])
            owner_of(docker, place, project, wish.platform, state, names).up(service, start=True, anew=False)
    except RefusedError as refused:
        raise PutBackError(
            f"{refused}\nstudios: the files were put back as they were, {' and '.join(ended)} could not be started; "
            "put right what the first line says, and try again"
        ) from None
    return replace(project, containers=project_of(docker, project))


def _apply(
    docker: Docker,
    place: Place,
    found: Survey,
    wish: Wish,
    state: State,
    new: State,
    deadline: float,
) -> str:
    owner, files, entry = found.owner, found.files, found.entry
    reader = reader_of(place.folder, owner, wish.platform)
    wanted = [
        *entry,
        DesiredFile(place.files / PEM, files.get(PEM), (wish.uid, wish.uid), 0o600),
        *(DesiredFile(place.files / name, files[name], reader[0], reader[1]) for name in (STUDIOS_ENV, PLATFORM_ENV)),
        DesiredFile(place.override_copy, files[wish.override], (0, 0), 0o600),
        DesiredFile(place.folder / wish.override, files[wish.override], reader[0], 0o644),
    ]
    stale = [name for name in state.files if name not in new.files]
    wanted += [DesiredFile(place.path(name), None) for name in stale if not place.path(name).is_dir()]
    placement = Placement(place, wanted)
    compose = owner.over(str(place.folder / wish.override))
    content = {change.path for change in placement.changes} & {place.files / PEM, *(each.path for each in entry[1:])}
    data = place.folder / PROXY_DATA
    starter = Starter(docker, owner, compose, wish.platform, wish.studios, deadline)
    # Docker makes it as root's where the owner's deployer has deleted it.
    writable = data.is_dir() and data.stat().st_uid == PROXY_UID
    if not placement.changes and writable and not state.interrupted and starter.is_done():
        if state.parameters != new.parameters or state.files != new.files:
            place.remember(new)
        return "nothing has changed"
    if found.shared:
        raise RefusedError("\n".join(found.shared))
    fresh = not data.exists()
    try:
        placement.prepare()
        running = [service for service in wish.platform if any(each.runs for each in owner.project.of(service))]
        files_now = sorted({*state.files, *new.files})
        place.remember(replace(new, files=files_now, backup=placement.backup, running=running))
        placement.put()
        if fresh:
            data.mkdir()
        os.chown(data, PROXY_UID, PROXY_UID)
        data.chmod(0o700)
        starter.start(Start(anew=bool(content) or state.interrupted, gone=_gone(place, owner, wish, state)))
    except (OSError, RefusedError) as failure:
        placement.discard()
        outcome = _back(place, placement, starter, state, new, data if fresh else None)
        raise PutBackError(f"{_reason(failure, place)}\nstudios: {outcome}") from None
    place.remember(new)
    placement.keep_newest_backups()
    changed = " ".join(sorted({change.path.name for change in placement.changes} - {"override.yml", "tower.json"}))
    return f"installed: {changed or 'the containers'}"


def _gone(place: Place, owner: Compose, wish: Wish, state: State) -> tuple[str, ...]:
    """Connect's services by names that they had; the owner may have services of these names by now."""
    earlier = [each for each in state.parameters.get("studios_services", "").split() if each not in wish.studios]
    theirs = owner.over().model()["services"] if earlier else {}
    found = owner.project.of
    return tuple(
        each for each in earlier if each not in theirs and all(is_ours(place, state, one) for one in found(each))
    )


def _back(place: Place, placement: Placement, starter: Starter, state: State, new: State, data: Path | None) -> str:
    """Files first, then containers, and last what says that there is something to put back; returns what came of it."""
    try:
        if placement.backup:
            put_back(place, placement.backup)
    except OSError as error:
        return f"the files could not be put back: {_reason(error, place)}; the next run tries again"
    starter.before = by_known_name(place, state, starter.before)
    starter.back()
    if starter.failed_back:
        # The next run goes on with it: an installation, or taking away.
        known = state if state.parameters else new
        place.remember(replace(known, backup="", interrupted=True, running=list(starter.platform)))
        return (
            f"the files were put back as they were, the containers were not: {starter.failed_back}; "
            "the next run tries again"
        )
    if data is not None:
        remove([data] if data.exists() else [])
    if (place.own / "parameters").exists() or not state.parameters:
        (place.own / "state.json").unlink(missing_ok=True)
    else:
        place.remember(replace(state, backup="", interrupted=False, running=[]))
    return "files and containers were put back as they were" if starter.touched else "nothing was changed"


def _reason(failure: OSError | RefusedError, place: Place) -> str:
    return reason_of(failure, place.folder) if isinstance(failure, OSError) else str(failure)
