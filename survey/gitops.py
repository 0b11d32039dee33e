"""Platform's objects that Argo CD or Flux keep as a repository has them, and what of ours they put back.

Both leave what others add: variables, volumes and keys of a ConfigMap have an owner of their own. What has one value
only, such as the text of tower.yml, they write again at their next reconciliation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from live.ownership import managed_fields
from live.tower_yml_place import path_of
from live.tower_yml_text import TowerYmlError, read_entry
from settings.environment import tower_yml_entries
from settings.model import Settings
from survey.install import Install

Object = Mapping[str, Any]

_ARGO_MANAGERS = {"argocd-controller", "argocd-application-controller"}
_ARGO = ("argocd.argoproj.io/instance", "argocd.argoproj.io/tracking-id")
_ARGO_LABEL = "app.kubernetes.io/instance"
"""By which Argo CD tracks an object unless it is told otherwise, up to 2.x; other tools write it, too."""
_FLUX = {"kustomize.toolkit.fluxcd.io/name": "Kustomization", "helm.toolkit.fluxcd.io/name": "HelmRelease"}


@dataclass(frozen=True)
class Keeper:
    """Who keeps an object as a repository has it.

    Args:
        tool: its name.
        source: what it keeps the object for: ``Application seqera``.
        advice: how to tell it to ignore one field of an object; ``{}`` stands for the field's JSON pointer.
    """

    tool: str
    source: str
    advice: str


def keeper_of(live: Object) -> Keeper | None:
    """Who keeps an object; None where its marks name neither Argo CD nor Flux."""
    metadata = live["metadata"]
    marks = {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
    managers = {str(entry.get("manager", "")) for entry in managed_fields(live)}
    for mark, kind in _FLUX.items():
        if mark in marks:
            advice = (
                "add {} to spec.driftDetection.ignore of that HelmRelease"
                if kind == "HelmRelease"
                else "add {} to spec.ignore of that Kustomization (Flux 2.9 or newer)"
            )
            return Keeper("Flux", f"{kind} {marks[mark]}", advice)
    if any(mark in marks for mark in _ARGO) or _ARGO_MANAGERS & managers:
        name = marks.get(_ARGO[0]) or str(marks.get(_ARGO[1], "")).partition(":")[0] or marks.get(_ARGO_LABEL, "")
        advice = "add {} to ignoreDifferences of that Application, with the sync option RespectIgnoreDifferences=true"
        return Keeper("Argo CD", f"Application {name}".rstrip(), advice)
    return None


def reverted(install: Install, settings: Settings) -> Iterator[str]:
    """What a tool is going to put back, a warning for each object; nothing for what its repository has already."""
    if tower_yml_entries(settings):
        yield from _tower_yml(install, settings)
    for target in settings.take_over:
        yield from _taken_over(install, target)


def _tower_yml(install: Install, settings: Settings) -> Iterator[str]:
    name, key = settings.tower_yml_config_map, settings.tower_yml_key
    live = install.config_maps.get(name)
    keeper = None if live is None else keeper_of(live)
    if live is None or keeper is None:
        return
    for entry, value in tower_yml_entries(settings).items():
        try:
            is_there = read_entry((live.get("data") or {}).get(key, ""), path_of(entry)).present
        except TowerYmlError:
            return
        if not is_there:
            yield (
                f"{keeper.tool} keeps ConfigMap/{name} ({keeper.source}), and will put back the text of {key}, without "
                f"{entry}: write {entry.rpartition('.')[2]}: {value} there in its repository, or "
                f"{keeper.advice.format(_pointer('data', key))}; docs/gitops.md"
            )


def _taken_over(install: Install, target: str) -> Iterator[str]:
    kind, _, name = target.partition("/")
    live = (install.config_maps if kind == "ConfigMap" else install.deployments).get(name)
    keeper = None if live is None else keeper_of(live)
    if live is None or keeper is None:
        return
    yield (
        f"takeOver lists {target}, which {keeper.tool} keeps ({keeper.source}): it will put back each value of its "
        "repository that this stack replaces. Change those values there, or let it ignore what the field manager "
        "of this stack owns; docs/gitops.md"
    )


def _pointer(*steps: str) -> str:
    return "/" + "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)
