"""What is changed in a Platform install: as readable inputs, as bodies to apply, and as paths of owners.

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

from collections.abc import Iterator, Mapping
from typing import Any

from live.fields import Object, desired_values, key_of, value_at, values
from live.ownership import Path, list_item, managed_fields, manager_names, owned_by, owners_of
from live.platform import API_VERSIONS
from settings.mounts import CHECKSUM_ANNOTATION

Edit = Mapping[str, Any]
Names = Any

_PARTS = {"f:env": "env", "f:volumes": "volume", "f:volumeMounts": "mount"}
_POD: Path = ("f:spec", "f:template", "f:spec")


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
                    "env": [_variable_body(variable, value) for variable, value in sorted(edit["env"].items())],
                    "volumeMounts": [
                        {"mountPath": path, "name": volume, "readOnly": True} for path, volume in edit["mount"].items()
                    ],
                }
            ],
            "volumes": [{"name": volume, **_volume_source(source)} for volume, source in edit["volume"].items()],
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


def checksum_of(deployment: Mapping[str, Any] | None) -> str | None:
    """The checksum that a Deployment's pods have; None without one."""
    if deployment is None:
        return None
    annotations: Mapping[str, str] = deployment["spec"]["template"].get("metadata", {}).get("annotations") or {}
    return annotations.get(CHECKSUM_ANNOTATION)


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


def _variable_body(name: str, value: str | Mapping[str, str]) -> Object:
    """A variable of a container: a text, or a key of a Secret."""
    if isinstance(value, str):
        return {"name": name, "value": value}
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": value["secret"], "key": value["key"]}}}


def _volume_source(source: Mapping[str, Any]) -> Object:
    """The source of a volume: a Secret or a ConfigMap, as a whole or some of its keys as files."""
    files = [{"key": key, "path": path} for key, path in sorted(source.get("items", {}).items())]
    items = {"items": files} if files else {}
    if "configMap" in source:
        return {"configMap": {"name": source["configMap"], **items}}
    return {"secret": {"secretName": source["secret"], **items}}


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
