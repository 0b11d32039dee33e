"""What Studios changes in a Platform install: as readable inputs, as bodies to apply, and as paths of owners.

An edit says what is added to one object, without the shape that the API has for it::

    "ConfigMap/tower-backend-cfg": {"TOWER_DATA_STUDIO_CONNECT_URL": "https://connect.example.com"}
    "Deployment/cron": {
        "container": "backend",
        "env": {"TOWER_OIDC_PEM_PATH": "/data/certs/oidc.pem", "TOKEN": {"secret": "connect-token", "key": "token"}},
        "volume": {"cert-volume": {"secret": "platform-oidc-certs"}},
        "mount": {"/data/certs": "cert-volume"},
    }

Its names are the same without the values, each of which is true: a name more is one line of a preview, which an item in
the middle of a list would not be. States of 1.0.0 hold lists.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from live.fields import Object, desired_values, key_of, value_at, values
from live.ownership import Path, list_item, managed_fields, manager_names, owned_by, owners_of
from live.platform import API_VERSIONS
from live.pod_parts import ca_volume, variable_body, volume_source
from live.tower_yml import TowerYmlEdit, tower_yml_edit
from settings.environment import platform_environment, tower_yml_entries
from settings.model import Settings
from settings.model.install import PEM_PATH_VARIABLE
from settings.model.keys import PLATFORM_TOKEN_VARIABLE
from settings.mounts import PLATFORM_CA_FOLDER

Edit = Mapping[str, Any]
Names = Any

CHECKSUM_ANNOTATION = "checksum/studios"
"""The pod-template annotation that changes with what the pod reads."""

CA_VOLUME = "studios-ca"
"""The volume of backend and cron with the private CA."""

_PARTS = {"f:env": "env", "f:volumes": "volume", "f:volumeMounts": "mount"}
_POD: Path = ("f:spec", "f:template", "f:spec")


@dataclass(frozen=True, kw_only=True)
class PlatformWorkload:
    """A Deployment of the Platform install, and the container in it that runs Platform."""

    deployment: str
    container: str


class SecretValue(Protocol):
    """A key of a Secret. The Secret's name may not be known yet, so it is only passed on."""

    @property
    def secret(self) -> Any:
        """The Secret's name."""

    @property
    def key(self) -> str:
        """The key in it."""


class PlatformInputs(TypedDict):
    """What the settings decide of the edits: objects, containers and values, without the two Secrets."""

    config_map: str
    cron_config_map: str
    environment: Mapping[str, Any]
    cron: PlatformWorkload
    backend: PlatformWorkload
    pem_path: str
    pem_volume: str
    tower_yml: TowerYmlEdit | None
    ca: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class _NamedValue:
    secret: str
    key: str


def platform_inputs(settings: Settings, known: Mapping[str, Any] | None = None) -> PlatformInputs:
    """What the settings of a stack change in Platform.

    Args:
        settings: of the stack.
        known: variables with the values that only the deployment knows.
    """
    return PlatformInputs(
        config_map=settings.backend_config_map,
        cron_config_map=settings.cron_config_map,
        environment={**platform_environment(settings), **(known or {})},
        cron=PlatformWorkload(deployment=settings.cron_deployment, container=settings.cron_container),
        backend=PlatformWorkload(deployment=settings.backend_deployment, container=settings.backend_container),
        pem_path=settings.pem_path,
        pem_volume=settings.cert_volume,
        tower_yml=tower_yml_edit_of(settings),
        ca=ca_volume(settings),
    )


def tower_yml_edit_of(settings: Settings) -> TowerYmlEdit | None:
    """What a stack with these settings sets in tower.yml; None where Platform reads all of it elsewhere."""
    return tower_yml_edit(settings.tower_yml_config_map, settings.tower_yml_key, tower_yml_entries(settings))


def platform_edits_of(settings: Settings) -> dict[str, Edit]:
    """The edits that a stack with these settings makes: object → edit."""
    inputs = platform_inputs(settings)
    return platform_edits(
        inputs,
        pem_secret=_NamedValue(secret=settings.oidc_secret_in_use, key=settings.oidc_key_in_use),
        token_secret=_NamedValue(secret=settings.token_secret_in_use, key=settings.token_key_in_use),
    )


def platform_edits(inputs: PlatformInputs, *, pem_secret: SecretValue, token_secret: SecretValue) -> dict[str, Edit]:
    """The edits of a Platform install's objects; cron comes before backend, as they restart in this order.

    Args:
        inputs: what the settings decide.
        pem_secret: where the OIDC key is.
        token_secret: where the registration token is.
    """
    folder, file = posixpath.split(inputs["pem_path"])
    # The templates mount the whole Secret: the same volume there and here is not a conflict.
    files = {} if file == pem_secret.key else {"items": {pem_secret.key: file}}

    ca = inputs["ca"]

    def deployment(workload: PlatformWorkload) -> dict[str, Any]:
        return {
            "container": workload.container,
            "env": {
                PEM_PATH_VARIABLE: inputs["pem_path"],
                PLATFORM_TOKEN_VARIABLE: {"secret": token_secret.secret, "key": token_secret.key},
            },
            "volume": {
                inputs["pem_volume"]: {"secret": pem_secret.secret, **files},
                **({CA_VOLUME: ca} if ca is not None else {}),
            },
            "mount": {
                folder: inputs["pem_volume"],
                **({PLATFORM_CA_FOLDER: CA_VOLUME} if ca is not None else {}),
            },
        }

    config_maps = sorted({inputs["config_map"], inputs["cron_config_map"]})
    return {
        **{f"ConfigMap/{name}": dict(sorted(inputs["environment"].items())) for name in config_maps},
        **{f"Deployment/{each.deployment}": deployment(each) for each in (inputs["cron"], inputs["backend"])},
    }


def apply_body(target: str, edit: Edit, checksum: str | None = None) -> Object:
    """What to apply so that exactly the edit, and for a Deployment the checksum, is ours."""
    kind, _, name = target.partition("/")
    body: Object = {"apiVersion": API_VERSIONS[kind], "kind": kind, "metadata": {"name": name}}
    if kind == "ConfigMap" and edit:
        return {**body, "data": dict(edit)}
    template: Object = {}
    if checksum is not None:
        template["metadata"] = {"annotations": {CHECKSUM_ANNOTATION: checksum}}
    if edit:
        template["spec"] = {
            "containers": [
                {
                    "name": edit["container"],
                    "env": [variable_body(variable, value) for variable, value in sorted(edit["env"].items())],
                    "volumeMounts": [
                        {"mountPath": path, "name": volume, "readOnly": True} for path, volume in edit["mount"].items()
                    ],
                }
            ],
            "volumes": [{"name": volume, **volume_source(source)} for volume, source in edit["volume"].items()],
        }
    return {**body, "spec": {"template": template}} if template else body


def edited_names(target: str, edit: Edit) -> Names:
    """The names in an edit, without its values."""
    if target.startswith("ConfigMap/"):
        return dict.fromkeys(sorted(edit), True)
    parts = {part: dict.fromkeys(sorted(edit[part]), True) for part in _PARTS.values()}
    return {"container": edit["container"], **parts}


def item_paths(target: str, names: Names) -> list[Path]:
    """The paths of what is named: a key of a ConfigMap, a variable, a volume, a mount."""
    if target.startswith("ConfigMap/"):
        return [("f:data", f"f:{key}") for key in names]
    container = (*_POD, "f:containers", list_item(name=names["container"]))
    return [
        *((*container, "f:env", list_item(name=name)) for name in names["env"]),
        *((*_POD, "f:volumes", list_item(name=name)) for name in names["volume"]),
        *((*container, "f:volumeMounts", list_item(mountPath=path)) for path in names["mount"]),
    ]


def part_of(path: Path) -> str:
    """The part of an edit that an item is in: ``env``, ``volume`` or ``mount``; "" for a key of a ConfigMap."""
    return _PARTS.get(path[-2], "")


def name_of(path: Path) -> str:
    """The name that an item has in an edit."""
    return str(key_of(path[-1])[1]) if path[-1].startswith("k:") else path[-1].removeprefix("f:")


def conflicting_fields(body: Object, live: Object, manager: str) -> set[Path]:
    """The values of others that can't stay beside what a body sets, such as ``value`` beside ``valueFrom``.

    Server-side apply doesn't report them as conflicts: it would merge both into something that is invalid, or that has
    the file of another Secret.
    """
    entries = managed_fields(live)
    found: set[Path] = set()
    for path, each in _exclusive(body):
        theirs = value_at(live, path) or {}
        # A volume of the same Secret may well say which of its files it has.
        if theirs.get("secretName") == each.get("secretName", ""):
            continue
        for key in theirs.keys() - each.keys() - {"defaultMode"}:
            found |= {leaf for leaf, _ in values({key: theirs[key]}, path)}
    ours = owned_by(entries, manager)
    return {path for path in found if path not in ours or owners_of(entries, path, besides=manager)}


def observed_edit(target: str, edit: Edit, live: Object, manager: str) -> dict[str, Any]:
    """The edit as the live object has it: without what is missing, and with the manager of what differs.

    Values of others are not shown, as they may be secret.
    """
    seen: dict[str, Any] = {**edit, **{part: dict(edit[part]) for part in _PARTS.values() if part in edit}}
    for path in drifted_items(target, edit, live):
        holder = seen[part_of(path)] if part_of(path) else seen
        name = name_of(path)
        if value_at(live, path) is None:
            del holder[name]
        else:
            others = manager_names(owners_of(managed_fields(live), path, besides=manager))
            changed = f"(changed by {' and '.join(others) or 'another manager'})"
            kind = "configMap" if part_of(path) == "volume" and "configMap" in edit["volume"][name] else "secret"
            holder[name] = {kind: changed} if part_of(path) == "volume" else changed
    return seen


def drifted_items(target: str, edit: Edit, live: Object) -> list[Path]:
    """The items of an edit that the live object doesn't have, or has with another value."""
    body = desired_values(apply_body(target, edit))
    return [
        path
        for path in item_paths(target, edited_names(target, edit))
        if any(value_at(live, leaf) != value for leaf, value in body.items() if leaf[: len(path)] == path)
    ]


def _exclusive(body: Object) -> Iterator[tuple[Path, Object]]:
    """The mappings in a Deployment's body, of which other members can't stay beside ours."""
    pod = body.get("spec", {}).get("template", {}).get("spec", {"containers": [], "volumes": []})
    for container in pod["containers"]:
        at = (*_POD, "f:containers", list_item(name=container["name"]))
        for variable in container["env"]:
            path = (*at, "f:env", list_item(name=variable["name"]))
            yield path, variable
            if "valueFrom" in variable:
                yield (*path, "f:valueFrom"), variable["valueFrom"]
        for mount in container["volumeMounts"]:
            yield (*at, "f:volumeMounts", list_item(mountPath=mount["mountPath"])), mount
    for volume in pod["volumes"]:
        path = (*_POD, "f:volumes", list_item(name=volume["name"]))
        yield path, volume
        for kind in ("secret", "configMap"):
            if kind in volume:
                yield (*path, f"f:{kind}"), volume[kind]
