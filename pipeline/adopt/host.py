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
print(json.dumps({"containers": containers, "ports": sorted(ports)}))
"""

SCRIPT = f"SHOWN, TEMPLATES, TOKENS, PASSWORD = {_SHOWN!r}, {PREFIX!r}, {_TOKENS!r}, {PASSWORD_VARIABLE!r}\n{_SCRIPT}"
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
    """The services that run, by their names, and the ports that are taken."""

    services: Mapping[str, Service]
    ports: frozenset[int]


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
    return Host({each.name: each for each in services}, frozenset(found["ports"]))
