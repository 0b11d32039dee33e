"""What runs on the instance of a Platform on Docker Compose, by Systems Manager; no secret is in the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.adopt.kept import VARIABLES
from pipeline.adopt.stack import AdoptionError
from pipeline.on_instance import NoAnswerError, ProgramError, run_python
from settings.host_names import (
    ALLOWED_WORKSPACES_VARIABLE,
    PEM_PATH_VARIABLE,
    PLATFORM_TOKEN_VARIABLE,
    PROXY_TOKEN_VARIABLE,
)
from settings.model.redis import PASSWORD_VARIABLE
from settings.templates import PREFIX

_SHOWN = (*VARIABLES.values(), PEM_PATH_VARIABLE, ALLOWED_WORKSPACES_VARIABLE)
_TOKENS = (PROXY_TOKEN_VARIABLE, PLATFORM_TOKEN_VARIABLE)

_SCRIPT = """
import json, os, re, subprocess, sys

PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"

def is_shown(name):
    return name in SHOWN or name.startswith(TEMPLATES)

def workspaces():
    # Other lines of the file may hold secrets.
    try:
        with open(os.path.join(sys.argv[1], "tower.yml")) as stream:
            lines = [re.sub("(^| +)#.*", "", line.rstrip()) for line in stream]
    except (IOError, OSError, ValueError):
        return None
    lines = [line for line in lines if line.strip()]
    places = [at for at, line in enumerate(lines) if re.search(ANY_SPELLING, line)]
    if not places:
        return ""
    shown = re.match(ENTRY, lines[places[0]]) if len(places) == 1 else None
    if shown is None:
        return None
    found = [lines[places[0]]]
    for line in lines[places[0] + 1:]:
        if re.match(" *- *[0-9]+$", line) is None:
            break
        found.append(line)
    depth = len(shown.group(1))
    for line in reversed(lines[:places[0]]):
        indented = len(line) - len(line.lstrip(" "))
        if indented < depth:
            if re.match(" *[A-Za-z-]+:$", line) is None:
                return None
            found.insert(0, line)
            depth = indented
    return chr(10).join(found) + chr(10)

def docker(*words):
    return subprocess.run(["docker", *words], check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout

folder, containers, ports, tokens = os.path.realpath(sys.argv[1]), [], set(), {}
for each in json.loads(docker("inspect", *docker("ps", "-q").split()) or "[]"):
    published = each["NetworkSettings"].get("Ports") or {}
    hosts = {inside.partition("/")[0]: int(found[0]["HostPort"]) for inside, found in published.items() if found}
    ports |= set(hosts.values())
    labels = each["Config"].get("Labels") or {}
    if os.path.realpath(labels.get(PROJECT + ".working_dir") or "/") != folder:
        continue
    variables = dict(text.partition("=")[::2] for text in each["Config"].get("Env") or [])
    service, project = labels[SERVICE], labels[PROJECT]
    tokens[service] = {variables[name] for name in TOKENS if variables.get(name)}
    containers.append({
        "service": service,
        "image": each["Config"]["Image"],
        "variables": {name: value for name, value in variables.items() if is_shown(name)},
        "hidden": [name for name in (*TOKENS, PASSWORD) if variables.get(name)],
        "ports": hosts,
        "networks": sorted(re.sub("^" + re.escape(project) + "_", "", name)
            for name in each["NetworkSettings"].get("Networks") or {}),
    })
for each in containers:
    each["sameToken"] = [name for name, found in tokens.items() if found and found == tokens[each["service"]]]
print(json.dumps({"containers": containers, "ports": sorted(ports), "workspaces": workspaces()}))
"""
#: However the entry of the workspaces is spelled, but not that of SSH.
_ANY_SPELLING = "(?i)(?<![a-z_-])allowed[_-]?workspaces"
#: The one spelling of which nothing else can be in the line.
_ENTRY = r"( *)allowed-workspaces: *(null|~|[0-9]+|\[[0-9, ]*\])?$"
_NAMES: Mapping[str, object] = {
    "SHOWN": _SHOWN,
    "TEMPLATES": PREFIX,
    "TOKENS": _TOKENS,
    "PASSWORD": PASSWORD_VARIABLE,
    "ANY_SPELLING": _ANY_SPELLING,
    "ENTRY": _ENTRY,
}

SCRIPT = "".join(f"{name} = {value!r}\n" for name, value in _NAMES.items()) + _SCRIPT
"""Runs on the host, by whatever Python 3 is there. It prints which secrets are set, and never what they are."""


@dataclass(frozen=True)
class Service:
    """A container of the project that Platform runs as.

    Args:
        name: of the service.
        image: of the container.
        variables: those that may be shown.
        hidden: the names of secrets that are set.
        ports: port of the container → port of the host.
        networks: names in the compose file.
        same_token: the services that have the same registration token.
    """

    name: str
    image: str
    variables: Mapping[str, str]
    hidden: tuple[str, ...]
    ports: Mapping[str, int]
    networks: tuple[str, ...]
    same_token: tuple[str, ...]


@dataclass(frozen=True)
class Host:
    """What runs.

    Args:
        services: by their names.
        ports: those that are taken.
        workspaces: the lines of tower.yml that lead to the workspaces with Studios; None where they can't be told.
    """

    services: Mapping[str, Service]
    ports: frozenset[int]
    workspaces: str | None


def look(ssm: Any, instance_id: str, folder: str) -> Host:
    """Asks the instance.

    Args:
        ssm: the client.
        instance_id: of the instance.
        folder: of docker-compose.yml.

    Raises:
        AdoptionError: it does not answer, or does not allow to be asked.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        said = run_python(ssm, instance_id, SCRIPT, folder)
    except (NoAnswerError, ProgramError) as error:
        raise AdoptionError(f"{instance_id} could not tell what runs there: {error}") from None
    except (BotoCoreError, ClientError) as error:
        raise AdoptionError(
            f"{instance_id} can't be asked what runs there: {error}; it needs ssm:SendCommand and "
            "ssm:GetCommandInvocation, and an agent that is online"
        ) from None
    return _host(json.loads(said))


def _host(found: Mapping[str, Any]) -> Host:
    services = [
        Service(
            name=each["service"],
            image=each["image"],
            variables=each["variables"],
            hidden=tuple(each["hidden"]),
            ports=each["ports"],
            networks=tuple(each["networks"]),
            same_token=tuple(each["sameToken"]),
        )
        for each in found["containers"]
    ]
    return Host({each.name: each for each in services}, frozenset(found["ports"]), found["workspaces"])
