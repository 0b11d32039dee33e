"""What the containers of Platform will really read: of each variable the last word, and who has it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from settings.host_names import ALLOWED_WORKSPACES_VARIABLE, PEM_PATH_VARIABLE, PLATFORM_TOKEN_VARIABLE
from settings.java_options import OPTIONS_OF_JAVA, options_in, variable_of
from studios_host.compose import Compose
from studios_host.errors import RefusedError, shortened
from studios_host.places import place


def environment_of(model: Mapping[str, Any], service: str) -> Mapping[str, str]:
    """The variables of a service in the merged model.

    One that `environment:` names without a value is left out: it wins over every env file, and the container is without
    it.
    """
    found = model["services"][service].get("environment") or {}
    return {name: str(value) for name, value in found.items() if value is not None}


def shadowed(
    compose: Compose, merged: Mapping[str, Any], services: Sequence[str], wanted: Mapping[str, str]
) -> Iterator[str]:
    """Variables that `environment:` of a service sets to something else: it wins over every env file."""
    found = [
        f"{name} of {service}{place(compose, service, name, environment_files=False)}"
        for service in services
        for name in sorted(wanted)
        if environment_of(merged, service).get(name) != wanted[name]
    ]
    if found:
        yield (
            f"environment: of Platform's services sets what this stack has to set: {shortened(found)}; "
            "take it out there, or set the same in this stack"
        )


def outdone(
    compose: Compose,
    merged: Mapping[str, Any],
    services: Sequence[str],
    wanted: Mapping[str, str | None],
    entries: Mapping[str, str],
) -> Iterator[str]:
    """Options of Java, which win over every variable, and variables that win over an entry of tower.yml.

    `wanted` are variables, None for one that has to be absent; `entries` have their values as JSON.
    """
    in_file = {name: str(json.loads(text)) for name, text in entries.items()}
    desired = {**wanted, **{variable_of(name): text for name, text in in_file.items()}}
    options, variables = [], []
    for service in services:
        environment = environment_of(merged, service)
        given = _options(merged["services"][service], environment)
        for variable, (where, name, text) in given.items():
            if variable in desired and desired[variable] != text:
                at = where if where in environment else f"-D{name}"
                line = place(compose, service, at, environment_files=where in environment)
                options.append(f"-D{name} in {where} of {service}{line}")
        for name, ours in in_file.items():
            variable = variable_of(name)
            if variable not in given and environment.get(variable, ours) != ours:
                variables.append((f"{variable} of {service}{place(compose, service, variable)}", name))
    if options:
        yield (
            f"options of Java set otherwise what this stack sets, and win: {shortened(options)}; "
            "take them out there, or set the same in this stack"
        )
    for there, name in variables:
        yield f"{there} wins over {name} in tower.yml; take it out there, or set the same in this stack"


def _options(service: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, tuple[str, str, str]]:
    """Variable → where an option of Java sets it, the option's property, and its value."""
    words = {key: service.get(key) or [] for key in ("entrypoint", "command")}
    texts = {key: " ".join([found] if isinstance(found, str) else found) for key, found in words.items()}
    texts.update((name, environment[name]) for name in OPTIONS_OF_JAVA if name in environment)
    return {variable_of(name): (where, name, text) for where, name, text in options_in(texts)}


def overridden(
    compose: Compose,
    owners: Mapping[str, Any],
    merged: Mapping[str, Any],
    services: Sequence[str],
    wanted: Mapping[str, str],
    before: Collection[str],
) -> Iterator[str]:
    """Variables that the owner's files set to something else, and that this stack would replace.

    `before` are variables that this deployment has set before. The two of the OIDC provider are `oidc_in_use`'s.
    """
    found = []
    for service in services:
        theirs, result = environment_of(owners, service), environment_of(merged, service)
        for name in sorted({*wanted} - {*before, PEM_PATH_VARIABLE, PLATFORM_TOKEN_VARIABLE}):
            if name in theirs and theirs[name] != wanted[name] == result.get(name):
                found.append(f"{name} of {service}{place(compose, service, name)}")
    if found:
        yield (
            f"Platform's own files set otherwise what this stack sets: {shortened(found)}; "
            "take it out there, set the same in this stack, or replace it: takeOver: [tower.env]"
        )


def restricted(compose: Compose, owners: Mapping[str, Any], services: Sequence[str]) -> Iterator[str]:
    """Workspaces that the owner's files name where this stack leaves the variable out, which means all of them."""
    for service in services:
        found = environment_of(owners, service).get(ALLOWED_WORKSPACES_VARIABLE)
        if found is not None:
            yield (
                f"{ALLOWED_WORKSPACES_VARIABLE} of {service}"
                f"{place(compose, service, ALLOWED_WORKSPACES_VARIABLE)} restricts Studios, and this stack "
                "would allow every workspace; write the same in allowedWorkspaces, or take it out there"
            )
            return


def oidc_in_use(
    compose: Compose, owners: Mapping[str, Any], services: Sequence[str], before: Collection[str]
) -> Iterator[str]:
    """A key and a token that Platform's OIDC provider uses already: other clients rely on them.

    `before` are variables that this deployment has set before.
    """
    found = {
        name: service
        for service in services
        for name in (PEM_PATH_VARIABLE, PLATFORM_TOKEN_VARIABLE)
        if environment_of(owners, service).get(name) and name not in before
    }
    if found:
        shown = " and ".join(f"{name}{place(compose, service, name)}" for name, service in found.items())
        yield (
            f"Platform's OIDC provider is in use already: {shown} of {', '.join(dict.fromkeys(found.values()))}. "
            "Keep them: existingOidc: true. Or replace them, for every client that has them: takeOver: [tower.env]"
        )


def token_in_use(owners: Mapping[str, Any], services: Sequence[str]) -> str:
    """The token of Platform's OIDC provider, where key and token stay the owner's.

    Raises:
        RefusedError: backend and cron have none, or not the same.
    """
    for name in (PEM_PATH_VARIABLE, PLATFORM_TOKEN_VARIABLE):
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
    return environment_of(owners, services[0])[PLATFORM_TOKEN_VARIABLE]
