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
from collections.abc import Collection, Iterator, Mapping
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
    parts = {part: sorted(edit[part]) for part in _PARTS.values()}
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
    content = {key: value for key, value in body.items() if key in ("data", "spec")}
    return dict(values(content)) if content else {}


def value_at(obj: Any, path: Path) -> Any:
    """What an object has at a path; None for nothing."""
    for step in path:
        if obj is None:
            return None
        obj = _item(obj, step) if step.startswith("k:") else obj.get(step.removeprefix("f:"))
    return obj


def shown(path: Path) -> str:
    """The path as the API server writes it: ``.spec.template.spec.volumes[name="cert-volume"].secret``."""
    steps = (f"[{'='.join((key, json.dumps(value)))}]" for key, value in (_key(s) for s in path if s.startswith("k:")))
    return "".join(next(steps) if step.startswith("k:") else f".{step.removeprefix('f:')}" for step in path)


def put(obj: Any, path: Path, value: object) -> None:
    """Sets a value in an object, unless the item of a list that it belongs to isn't there."""
    *above, last = path
    for step in above:
        if step.startswith("k:"):
            obj = _item(obj, step)
            if obj is None:
                return
        else:
            obj = obj.setdefault(step.removeprefix("f:"), {})
    obj[last.removeprefix("f:")] = value


def take_out(obj: Any, paths: Collection[Path]) -> None:
    """Takes values out of an object, with what is empty without them, and items of lists that lose what they go by."""
    for path in paths:
        item_path = item_of(path)
        if item_path != path and identity_of(item_path) in paths:
            in_list = value_at(obj, item_path[:-1])
            if (listed := _item(in_list, item_path[-1])) is not None:
                in_list.remove(listed)
        else:
            _take_out(obj, path)


def merge(obj: Object, body: Mapping[str, Any]) -> None:
    """Sets in an object what a body sets, item by item in lists that are merged so."""
    for key, value in body.items():
        if isinstance(value, dict) and key not in _ATOMIC:
            merge(obj.setdefault(key, {}), value)
        elif isinstance(value, list) and key in _KEY_OF:
            obj[key] = _merged_items(obj.get(key) or [], value, _KEY_OF[key])
        else:
            obj[key] = value


def _merged_items(there: list[Object], ours: list[Object], key: str) -> list[Object]:
    """In the order that server-side apply gives them: another order would be a change, too."""
    wanted_keys = [each[key] for each in ours]
    rest, result = list(there), []
    for each in ours:
        while rest and rest[0][key] not in wanted_keys:
            result.append(rest.pop(0))
        if rest and each[key] in [other[key] for other in there]:
            rest.pop(0)
        same = next((other for other in there if other[key] == each[key]), {})
        merge(same, each)
        result.append(same)
    return [*result, *(other for other in rest if other[key] not in wanted_keys)]


def rivals(body: Object, live: Object, manager: str) -> set[Path]:
    """The values of others that can't stand beside what a body sets, such as ``value`` beside ``valueFrom``.

    Server-side apply takes them for no conflict, and would merge both into something that is invalid or has the file of
    another Secret.
    """
    entries = managed_fields(live)
    found: set[Path] = set()
    for path, each in _exclusive(body):
        theirs = value_at(live, path) or {}
        # A volume of the same Secret may well say which of its files it has.
        if theirs.get("secretName") == each.get("secretName", ""):
            continue
        for key in theirs.keys() - each.keys() - {"defaultMode"}:
            found |= {leaf for leaf, _ in values(theirs[key], (*path, f"f:{key}"))}
    ours = owned_by(entries, manager)
    return {path for path in found if path not in ours or owners_of(entries, path, besides=manager)}


def in_sync(live: Object, body: Object, manager: str) -> bool:
    """Whether the object has what the body sets, and ``manager`` has applied that and nothing else."""
    values_wanted, entries = wanted(body), managed_fields(live)
    ours = owned_by(entries, manager) == set(values_wanted) and not owned_by(entries, manager, "Update")
    return ours and all(value_at(live, path) == value for path, value in values_wanted.items())


def observed(target: str, edit: Edit, live: Object, manager: str) -> dict[str, Any]:
    """The edit as the live object has it: without what is gone, and with who changed what is otherwise.

    Values of others are not shown, as they may be secret.
    """
    seen: dict[str, Any] = {**edit, **{part: dict(edit[part]) for part in _PARTS.values() if part in edit}}
    for path in drifted(target, edit, live):
        holder = seen[part_of(path)] if part_of(path) else seen
        name = name_of(path)
        if value_at(live, path) is None:
            del holder[name]
        else:
            others = owners_of(managed_fields(live), path, besides=manager)
            changed = f"(changed by {' and '.join(owner['manager'] for owner in others) or 'somebody else'})"
            holder[name] = {"secret": changed} if part_of(path) == "volume" else changed
    return seen


def drifted(target: str, edit: Edit, live: Object) -> list[Path]:
    """The items of an edit that the live object doesn't have, or has otherwise."""
    body = wanted(apply_body(target, edit))
    return [
        path
        for path in items(target, names_of(target, edit))
        if any(value_at(live, leaf) != value for leaf, value in body.items() if leaf[: len(path)] == path)
    ]


def part_of(path: Path) -> str:
    """The part of an edit that an item is in: ``env``, ``volume`` or ``mount``; "" for a key of a ConfigMap."""
    return _PARTS.get(path[-2], "")


def name_of(path: Path) -> str:
    """The name that an item has in an edit."""
    return str(_key(path[-1])[1]) if path[-1].startswith("k:") else path[-1].removeprefix("f:")


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


def _take_out(obj: Any, path: Path) -> None:
    step, *rest = path
    key = step.removeprefix("f:")
    below = _item(obj, step) if step.startswith("k:") else obj.get(key)
    if rest and below is not None:
        _take_out(below, tuple(rest))
    if not step.startswith("k:") and (not rest or below == {}):
        obj.pop(key, None)


def _item(items_: Any, step: str) -> Any:
    name, value = _key(step)
    return next((each for each in items_ if each.get(name) == value), None)
