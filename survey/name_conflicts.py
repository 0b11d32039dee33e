"""Objects that bear a name which this stack is about to use, and that it hasn't made.

The API server would refuse them too, but only half-way through the `up`; a preview doesn't notice them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from live.ownership import belongs_to, labels_of_stack, managed_fields, owner_of, owners_of, stack_of
from settings.environment import secret_environment, tower_yml_entries
from settings.errors import Problem
from settings.labels import INSTANCE
from settings.marks import CONNECT
from settings.model import Settings
from settings.remedies import Write, in_arguments
from survey.install import resource_of

_PULUMI: Final = "pulumi-"
"""The beginning of the field managers of Pulumi's Kubernetes provider."""
_INSTANCE_FIELD: Final = ("f:metadata", "f:labels", f"f:{INSTANCE}")

Named = Mapping[str, Mapping[str, Any]]


def name_conflicts(settings: Settings, objects: Mapping[str, Named], owner: str, *, is_here: bool) -> Iterator[Problem]:
    """The names that another owner has taken: one problem a setting, and before them one for each other stack.

    Args:
        settings: the stack's settings.
        objects: by kind, the namespace's objects by their names.
        owner: ``studios-<stack>``, as in the labels of the stack's objects.
        is_here: whether the stack has made or changed something in the namespace before. Then an object that Pulumi
            has made may be its own with labels that a tool has changed: :func:`unproven_own`.
    """
    unproven = _relabelled(settings, objects, owner) if is_here else ()
    yield from _conflicts(settings, objects, owner, lambda target: target not in unproven)


def unproven_own(settings: Settings, objects: Mapping[str, Named], owner: str) -> dict[str, Problem]:
    """The objects of Pulumi's that no label gives to a stack: only the state tells whether they are this stack's.

    Returns:
        By ``Deployment/connect-proxy``, what stands against the stack where the state does not have that object.
    """
    found = _relabelled(settings, objects, owner)
    return {target: next(_conflicts(settings, objects, owner, target.__eq__)) for target in found}


def _conflicts(
    settings: Settings, objects: Mapping[str, Named], owner: str, counts: Callable[[str], bool]
) -> Iterator[Problem]:
    of_stacks: dict[str, list[str]] = {}
    conflicts = []
    for setting, name, kinds, instead in _names_to_create(settings):
        taken = []
        for kind in kinds:
            live = objects[kind].get(name)
            labels = None if live is None else live["metadata"].get("labels")
            if live is None or belongs_to(owner, labels) or not counts(f"{kind}/{name}"):
                continue
            if other := _other_stack(labels):
                of_stacks.setdefault(other, []).append(f"{kind.lower()}/{name}")
            else:
                taken.append(kind)
        if taken:
            conflicts.append((setting, name, taken, instead))
    yield from (_of_another_stack(settings.namespace, stack, made, owner) for stack, made in of_stacks.items())
    # Where the workloads are another Studios', so is all else of these names.
    runs = any({"Deployment", "StatefulSet"} & set(taken) for _, _, taken, _ in conflicts)
    for setting, name, taken, instead in conflicts:
        theirs = " ".join(f"{kind.lower()}/{name}" for kind in taken)
        ways = [instead]
        if runs:
            ways.append(_taking_in(owner))
        elif {"Secret", "ConfigMap"} >= set(taken) and name not in _read_by_pods(objects):
            ways.append(f"if it is not needed any more, `kubectl delete -n {settings.namespace} {theirs}`")
        message = f"this stack has not made {theirs}; {', or '.join(ways)}"
        yield Problem(setting, name, f"is taken in namespace {settings.namespace}: {message}")


def _of_another_stack(namespace: str, stack: str, made: list[str], owner: str) -> Problem:
    """One problem for all that another stack has made: the names are not what is wrong."""
    theirs = " ".join(made)
    return Problem(
        "namespace",
        namespace,
        f"holds the Studios of the stack {stack}, and a Platform install has one; write the namespace of another "
        f"Platform install. If this stack was renamed from {stack}, run `kubectl label -n {namespace} {theirs} "
        f"--overwrite {INSTANCE}={labels_of_stack(owner)[INSTANCE]}`",
    )


def names_in_use(settings: Settings) -> dict[str, list[str]]:
    """The objects that a stack makes or changes: by the API's name of the kind, in lower case and plural."""
    names: dict[str, list[str]] = {
        "configmaps": [settings.backend_config_map, settings.cron_config_map],
        "deployments": [settings.backend_deployment, settings.cron_deployment],
    }
    if tower_yml_entries(settings):
        names["configmaps"].append(settings.tower_yml_config_map)
    for _, name, kinds, _ in _names_to_create(settings):
        for kind in kinds:
            names.setdefault(resource_of(kind), []).append(name)
    return {resource: sorted(set(found)) for resource, found in names.items()}


def _relabelled(settings: Settings, objects: Mapping[str, Named], owner: str) -> list[str]:
    """The objects of the stack's names that may be its own without its labels: what Pulumi has made."""
    return [
        f"{kind}/{name}"
        for _, name, kinds, _ in _names_to_create(settings)
        for kind in kinds
        if (live := objects[kind].get(name)) is not None
        and not belongs_to(owner, live["metadata"].get("labels"))
        and _is_relabelled(live)
    ]


def _is_relabelled(live: Mapping[str, Any]) -> bool:
    """Whether Pulumi has made an object that no label gives to another stack, or only a label that a tool has set."""
    entries = managed_fields(live)
    if not any(str(entry.get("manager", "")).startswith(_PULUMI) for entry in entries):
        return False
    if _other_stack(live["metadata"].get("labels")) is None:
        return True
    # Pulumi applies labels. A webhook that changes them on the way is an update by the same manager.
    writers = owners_of(entries, _INSTANCE_FIELD)
    return bool(writers) and not any(
        each["operation"] == "Apply" and each["manager"].startswith(_PULUMI) for each in writers
    )


def _other_stack(labels: Mapping[str, str] | None) -> str | None:
    """The stack that the labels of an object name; None where they name none."""
    found = stack_of(labels)
    return found if found and (labels or {})[INSTANCE] != found else None


def _taking_in(owner: str) -> str:
    """What to do with a Studios that exists: what runs is never to be deleted on our advice."""
    if in_arguments():
        # The package's users have no stack file for the command to write into.
        return "remove them once that Studios is not used any more"
    return f"take that Studios into this stack: `make adopt STACK={owner.removeprefix(owner_of(''))}`"


def _read_by_pods(objects: Mapping[str, Named]) -> set[str]:
    """Every text in the templates of the namespace's pods: among them the names of what they read."""
    return {text for each in objects["Deployment"].values() for text in _texts(each.get("spec"))}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def _names_to_create(settings: Settings) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Setting, name, the kinds that get it, and what to write instead."""
    policies = ("NetworkPolicy",) if settings.network_policies else ()
    both = ("Service", "ConfigMap", *policies, "PodDisruptionBudget")
    monitor = ("ServiceMonitor",) if settings.service_monitor else ()
    yield "proxyName", settings.proxy_name, ("Deployment", *both, *monitor), "write another name in proxyName"
    yield "serverName", settings.server_name, ("StatefulSet", *both), "write another name in serverName"
    if any(secret_environment(settings, place) for place in CONNECT):
        yield "serverName", settings.credentials_secret, ("Secret",), "write another name in serverName"
    if settings.ingress != "none":
        yield "ingressName", settings.ingress_name, ("Ingress",), "write another name in ingressName"
    if settings.ssh:
        yield "proxyName", settings.ssh_service_name, ("Service",), "write another name in proxyName"
    ssh_key = ("sshKeySecret", settings.ssh_key_secret, "existingSshKeySecret", settings.existing_ssh_key_secret)
    for setting, name, existing_setting, existing in (
        ("oidcSecret", settings.oidc_secret, "existingOidcSecret", settings.existing_oidc_secret),
        ("tokenSecret", settings.token_secret, "existingTokenSecret", settings.existing_token_secret),
        *((ssh_key,) if settings.ssh else ()),
    ):
        if existing is None:
            use_it = f"use what it holds by `{Write(existing_setting, name)}`"
            yield setting, name, ("Secret",), f"{use_it}, or write another name in {setting}"
