"""What the containers of Platform will really read: of each variable the last word, and who has it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from studios_host.compose import Compose
from studios_host.errors import RefusedError

PEM_PATH = "TOWER_OIDC_PEM_PATH"
TOKEN = "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"  # noqa: S105 (a variable's name)


def environment_of(model: Mapping[str, Any], service: str) -> Mapping[str, str]:
    """The variables of a service in the merged model."""
    found = model["services"][service].get("environment") or {}
    return {name: "" if value is None else str(value) for name, value in found.items()}


def nothing_is_shadowed(
    compose: Compose, merged: Mapping[str, Any], services: Sequence[str], wanted: Mapping[str, str]
) -> None:
    """Refuses variables that `environment:` of a service sets to something else: it wins over every env file.

    Raises:
        RefusedError: with each service and variable, and where it is set.
    """
    found = []
    for service in services:
        given = environment_of(merged, service)
        for name in sorted(wanted):
            if given.get(name) != wanted[name]:
                found.append(f"{name} of {service}{_place(compose, name)}")
    if found:
        raise RefusedError(
            f"environment: of Platform's services sets what this stack has to set: {', '.join(found)}; "
            "take it out there, or set the same in this stack"
        )


def oidc_is_free(
    compose: Compose,
    owners: Mapping[str, Any],
    services: Sequence[str],
    ours: Collection[str],
    *,
    take_over: bool,
) -> None:
    """Refuses to replace a key and a token that Platform's OIDC provider uses already: other clients rely on them.

    `ours` are variables that this deployment has set before.

    Raises:
        RefusedError: with the variables, and where they are set.
    """
    if take_over:
        return
    found = {
        name: service
        for service in services
        for name in (PEM_PATH, TOKEN)
        if environment_of(owners, service).get(name) and name not in ours
    }
    if found:
        shown = " and ".join(f"{name}{_place(compose, name)}" for name in found)
        raise RefusedError(
            f"Platform's OIDC provider is in use already: {shown} of {', '.join(dict.fromkeys(found.values()))}. "
            "Keep them: existingOidc: true. Or replace them, for every client that has them: takeOver: [tower.env]"
        )


def token_in_use(owners: Mapping[str, Any], services: Sequence[str]) -> str:
    """The token of Platform's OIDC provider, where key and token stay the owner's.

    Raises:
        RefusedError: backend and cron have none, or not the same.
    """
    for name in (PEM_PATH, TOKEN):
        values = {environment_of(owners, service).get(name, "") for service in services}
        if len(values) > 1:
            raise RefusedError(
                f"{name} differs between {' and '.join(services)}, and existingOidc keeps it; set one value"
            )
        if values == {""}:
            raise RefusedError(
                f"{name} is not set for {' and '.join(services)}, and existingOidc keeps it; set it, or leave "
                "existingOidc out"
            )
    return environment_of(owners, services[0])[TOKEN]


def overridden(owners: Mapping[str, Any], services: Sequence[str], wanted: Mapping[str, str]) -> list[str]:
    """The variables of the owner that get another value from this deployment."""
    return sorted(
        {
            name
            for service in services
            for name, value in environment_of(owners, service).items()
            if name in wanted and wanted[name] != value
        }
    )


def _place(compose: Compose, name: str) -> str:
    found = list(_places(compose, name))
    return f" ({found[-1]})" if found else ""


def _places(compose: Compose, name: str) -> Iterator[str]:
    """Where the owner's files set a variable, the last one that wins last."""
    paths = [Path(path) for path in compose.source.config_files]
    folder = Path(compose.project.working_dir)
    environment_files = sorted(folder.glob("*.env")) + sorted(folder.glob("*/*.env")) + sorted(folder.glob("*/*/*.env"))
    pattern = re.compile(rf"^\s*(?:-\s*)?[\"']?{re.escape(name)}[\"']?\s*[=:]")
    for path in [*environment_files, *paths]:
        try:
            lines = path.read_text(errors="replace").splitlines()
        except OSError:
            continue
        for number, line in enumerate(lines, 1):
            if pattern.match(line):
                yield f"line {number} of {path}"
