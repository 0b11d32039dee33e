"""The pods of an existing Studios: what settings keep of them, and what none of them does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from live.redaction import looks_secret
from pipeline.adopt.found import ExistingStudios
from pipeline.adopt.kept import VARIABLES, Values
from pipeline.adopt.reader import Workload
from settings.environment import owner_of_variable, proxy_environment, server_environment
from settings.fields import FIELDS, variables
from settings.host_names import PROXY_TOKEN_VARIABLE
from settings.marks import CONNECT, Place
from settings.model import Settings
from settings.model.redis import PASSWORD_VARIABLE
from settings.mounts import TEMPORARY_FOLDER
from survey.install import pod_of

_SHARED = {
    "nodeSelector": "nodeSelector",
    "tolerations": "tolerations",
    "affinity": "affinity",
    "priorityClassName": "priorityClassName",
    "serviceAccountName": "serviceAccount",
}
"""Field of a pod → the setting that proxy and server share."""
_NO_SETTING = ("initContainers", "hostAliases", "hostNetwork", "dnsConfig", "topologySpreadConstraints")
_NO_SETTING_OF_CONTAINER = ("command", "args", "lifecycle")
_STORAGE = (FIELDS["storageRoot"].default, TEMPORARY_FOLDER)
#: What only proxy and server tell each other, and where: the stack's own agree on it.
_AMONG_THEMSELVES = {"proxyPort", "listenerPort", "tunnelPort", "serverName", "hostDomain", "storageRoot"}
_SETTLED = {PROXY_TOKEN_VARIABLE, PASSWORD_VARIABLE, *VARIABLES.values()} | {
    variable.name for key, variable in variables() if key in (*_AMONG_THEMSELVES, "platformUrl")
}
_USER_INFO = re.compile(r"://[^/\s]*@")


def settings_of_pods(found: ExistingStudios) -> Values:
    """What keeps their place in the cluster, their pull secrets and their variables."""
    workloads = _workloads(found)
    pods = [pod_of(each.live) for each in workloads.values()]
    secrets = [each["name"] for pod in pods for each in pod.get("imagePullSecrets") or []]
    kept: Values = {}
    if (names := tuple(dict.fromkeys(secrets))) != FIELDS["imagePullSecrets"].default:
        kept["imagePullSecrets"] = list(names)
    for name, key in _SHARED.items():
        value = pods[0].get(name)
        if value and not _is_lost(found, pods, name):
            kept[key] = value
    for place, workload in workloads.items():
        plain = {name: text for name, text in workload.plain.items() if not _is_known(name) and _is_open(name, text)}
        if plain:
            kept[f"{place}ExtraEnv"] = plain
    return kept


def not_kept(found: ExistingStudios, settings: Settings) -> Iterator[tuple[str, list[str]]]:
    """Workload → what its pods have and the stack's don't, each with the setting for it, if there is one.

    Args:
        found: the existing Studios.
        settings: with what the adoption adds.
    """
    pods = [pod_of(each.live) for each in _workloads(found).values()]
    for place, workload in _workloads(found).items():
        pod = pod_of(workload.live)
        lost = [f"{name} ({key})" for name, key in _SHARED.items() if pod.get(name) and _is_lost(found, pods, name)]
        lost += [name for name in _NO_SETTING if pod.get(name)]
        names = [each["name"] for each in pod["containers"]]
        lost += [f"container {name}" for name in names if name != workload.container["name"]]
        lost += _of_container(workload.container)
        lost += _variables(workload, place, settings)
        if lost:
            yield workload.name, lost


def _workloads(found: ExistingStudios) -> dict[Place, Workload]:
    return {"proxy": found.proxy} if found.server is None else {"proxy": found.proxy, "server": found.server}


def _is_lost(found: ExistingStudios, pods: Sequence[Mapping[str, Any]], name: str) -> bool:
    # A ServiceAccount of a release goes with it.
    goes = name == "serviceAccountName" and found.proxy.keeper is not None
    return goes or any(each.get(name) != pods[0].get(name) for each in pods)


def _of_container(container: Mapping[str, Any]) -> Iterator[str]:
    yield from (name for name in _NO_SETTING_OF_CONTAINER if container.get(name))
    folders = [each["mountPath"] for each in container.get("volumeMounts") or []]
    others = [each for each in folders if each.rstrip("/") not in _STORAGE]
    if others:
        yield f"mounts at {' and '.join(others)} (extraVolumes, extraMounts)"


def _variables(workload: Workload, place: Place, settings: Settings) -> Iterator[str]:
    ours = proxy_environment(settings) if place == "proxy" else server_environment(settings)
    for name, text in workload.environment.items():
        if name in _SETTLED or ours.get(name) == text:
            continue
        if not _is_known(name):
            # What is in a Secret, or looks like a secret, does not go into the stack's file in plain text.
            yield f"{name} (secret or not known; {place}ExtraEnv)"
        elif (owner := owner_of_variable(name, place)) is not None:
            yield f"{name} ({owner.removeprefix('out of ')})"


def _is_known(name: str) -> bool:
    return any(owner_of_variable(name, place) for place in CONNECT) or name in _SETTLED


def _is_open(name: str, text: str) -> bool:
    return not looks_secret(name) and _USER_INFO.search(text) is None
