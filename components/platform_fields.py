"""The fields of a Platform install that are edited: as readable inputs, as bodies to apply, and as paths of owners.

An edit says what is added to one object, without the shape that the API has for it::

    "ConfigMap/tower-backend-cfg": {"TOWER_DATA_STUDIO_CONNECT_URL": "https://connect.example.com"}
    "Deployment/cron": {
        "container": "backend",
        "env": {"TOWER_OIDC_PEM_PATH": "/data/certs/oidc.pem", "TOKEN": {"secret": "connect-token", "key": "token"}},
        "volume": {"cert-volume": {"secret": "platform-oidc-certs"}},
        "mount": {"/data/certs": "cert-volume"},
    }

Its names are the same without the values: a list of keys for a ConfigMap, lists in place of mappings for a Deployment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from components.field_owners import Path, managed_fields, owned_by, owners_of
from components.platform_api import API_VERSIONS, Object
from components.pods import CHECKSUM_ANNOTATION
from survey.ownership import item

Edit = Mapping[str, Any]
Names = Any

_KEY_OF = {"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath"}
"""The lists that are merged item by item, and what tells their items apart; all others are one value."""
_ATOMIC = {"secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef", "fileKeyRef"}
"""The mappings that the API server treats as one value."""

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
                    "env": [_variable(variable, value) for variable, value in sorted(edit["env"].items())],
                    "volumeMounts": [
                        {"mountPath": path, "name": volume, "readOnly": True} for path, volume in edit["mount"].items()
                    ],
                }
            ],
            "volumes": [{"name": volume, "secret": _source(source)} for volume, source in edit["volume"].items()],
        }
    return {**body, "spec": {"template": template}} if template else body


def names_of(target: str, edit: Edit) -> Names:
    """The names in an edit, without its values."""
    if target.startswith("ConfigMap/"):
        return sorted(edit)
    parts = {part: sorted(edit[part]) for part in ("env", "volume", "mount")}
    return {"container": edit["container"], **parts}


def items(target: str, names: Names) -> list[Path]:
    """The paths of what is named: a key of a ConfigMap, a variable, a volume, a mount."""
    if target.startswith("ConfigMap/"):
        return [("f:data", f"f:{key}") for key in names]
    container = (*_POD, "f:containers", item(name=names["container"]))
    return [
        *((*container, "f:env", item(name=name)) for name in names["env"]),
        *((*_POD, "f:volumes", item(name=name)) for name in names["volume"]),
        *((*container, "f:volumeMounts", item(mountPath=path)) for path in names["mount"]),
    ]


def item_of(path: Path) -> Path:
    """The item that a value belongs to; a key of a ConfigMap is one by itself."""
    steps = [number for number, step in enumerate(path) if step.startswith("k:")]
    return path[: steps[-1] + 1] if steps else path


def identity_of(item_path: Path) -> Path:
    """The value that tells the item from the others of its list: a path that whoever has the item owns."""
    return (*item_path, f"f:{_key(item_path[-1])[0]}") if item_path[-1].startswith("k:") else item_path


def values(obj: object, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value in an object, with its path."""
    if not isinstance(obj, dict) or not obj:
        yield at, obj
        return
    for key, below in obj.items():
        path = (*at, f"f:{key}")
        if key in _ATOMIC:
            yield path, below
        elif isinstance(below, list) and key in _KEY_OF:
            name = _KEY_OF[key]
            for each in below:
                yield from values(each, (*path, item(**{name: each[name]})))
        else:
            yield from values(below, path)


def wanted(body: Object) -> dict[Path, Any]:
    """The values that a body sets, by their paths."""
    return dict(values({key: value for key, value in body.items() if key in ("data", "spec")}))


def value_at(obj: Any, path: Path) -> Any:
    """What an object has at a path; None for nothing."""
    for step in path:
        if obj is None:
            return None
        obj = _item(obj, step) if step.startswith("k:") else obj.get(step.removeprefix("f:"))
    return obj


def set_value(obj: Any, path: Path, value: object) -> None:
    """Sets a value in an object, unless the list's item that it belongs to isn't there."""
    *above, last = path
    for step in above:
        if step.startswith("k:"):
            obj = _item(obj, step)
            if obj is None:
                return
        else:
            obj = obj.setdefault(step.removeprefix("f:"), {})
    obj[last.removeprefix("f:")] = value


def without_rivals(body: Object, live: Object, manager: str) -> Object:
    """The body with a null for each value that can't stand beside ours, such as ``value`` beside ``valueFrom``.

    A null makes the API server take the value for a conflict, and remove it where the conflict is forced. Without it
    the values would be merged into something invalid, or into a volume with the file of another Secret.
    """
    ours = owned_by(managed_fields(live), manager, "Apply")
    for path, each in _exclusive(body):
        theirs = value_at(live, path) or {}
        held = {owned[len(path)] for owned in ours if owned[: len(path)] == path and len(owned) > len(path)}
        # A volume of the same Secret may well say which of its files it has.
        if theirs.get("secretName") != each.get("secretName", ""):
            held |= {f"f:{key}" for key in theirs}
        for step in held - {f"f:{key}" for key in each} - {"f:defaultMode"}:
            each[step.removeprefix("f:")] = None
    return body


def in_sync(live: Object, body: Object, manager: str) -> bool:
    """Whether the object has what the body sets, and ``manager`` has applied that and nothing else."""
    values_wanted = wanted(body)
    return owned_by(managed_fields(live), manager) == set(values_wanted) and all(
        value_at(live, path) == value for path, value in values_wanted.items()
    )


def observed(target: str, edit: Edit, live: Object, manager: str) -> dict[str, Any]:
    """The edit as the live object has it: without what is gone, and with who changed what is otherwise.

    Values of others are not shown, as they may be secret.
    """
    body = wanted(apply_body(target, edit))
    shown: dict[str, Any] = dict(edit) if target.startswith("ConfigMap/") else {k: _copied(v) for k, v in edit.items()}
    for path in items(target, names_of(target, edit)):
        holder, name = _place(shown, path)
        if value_at(live, path) is None:
            del holder[name]
        elif any(value_at(live, leaf) != value for leaf, value in body.items() if leaf[: len(path)] == path):
            others = owners_of(managed_fields(live), path, besides=manager)
            holder[name] = f"(changed by {' and '.join(owner['manager'] for owner in others) or 'somebody else'})"
    return shown


def _copied(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _place(shown: dict[str, Any], path: Path) -> tuple[dict[str, Any], str]:
    last = path[-1]
    if not last.startswith("k:"):
        return shown, last.removeprefix("f:")
    part = {"f:env": "env", "f:volumes": "volume", "f:volumeMounts": "mount"}[path[-2]]
    return shown[part], str(_key(last)[1])


def _exclusive(body: Object) -> Iterator[tuple[Path, Object]]:
    """The mappings in a Deployment's body whose other members can't stay beside ours."""
    pod = body.get("spec", {}).get("template", {}).get("spec", {"containers": [], "volumes": []})
    for container in pod["containers"]:
        at = (*_POD, "f:containers", item(name=container["name"]))
        for variable in container["env"]:
            path = (*at, "f:env", item(name=variable["name"]))
            yield path, variable
            if "valueFrom" in variable:
                yield (*path, "f:valueFrom"), variable["valueFrom"]
        for mount in container["volumeMounts"]:
            yield (*at, "f:volumeMounts", item(mountPath=mount["mountPath"])), mount
    for volume in pod["volumes"]:
        path = (*_POD, "f:volumes", item(name=volume["name"]))
        yield path, volume
        yield (*path, "f:secret"), volume["secret"]


def _variable(name: str, value: str | Mapping[str, str]) -> Object:
    if isinstance(value, str):
        return {"name": name, "value": value}
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": value["secret"], "key": value["key"]}}}


def _source(source: Mapping[str, Any]) -> Object:
    files = [{"key": key, "path": path} for key, path in sorted(source.get("items", {}).items())]
    return {"secretName": source["secret"], **({"items": files} if files else {})}


def _key(step: str) -> tuple[str, object]:
    ((name, value),) = json.loads(step.removeprefix("k:")).items()
    return name, value


def _item(items_: Any, step: str) -> Any:
    name, value = _key(step)
    return next((each for each in items_ if each.get(name) == value), None)
