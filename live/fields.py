"""The values in an object of the Kubernetes API, by their paths: read, set, removed, merged.

Server-side apply merges some lists item by item and treats some mappings as one value; so does everything here, so that
what it computes is what the API server makes of an apply.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from live.ownership import Path, list_item, managed_fields, owned_by

Object = dict[str, Any]
"""An object as the API sends it: the client's classes lose what ``managedFields`` say."""

_MERGE_KEYS = {"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath"}
"""The lists that are merged item by item, and the field that tells their items apart; any other list is one value."""
_ATOMIC = {"secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef", "fileKeyRef"}
"""The mappings that the API server treats as one value."""


def item_of(path: Path) -> Path:
    """The item that a value belongs to; a key of a ConfigMap is an item by itself."""
    steps = [number for number, step in enumerate(path) if step.startswith("k:")]
    return path[: steps[-1] + 1] if steps else path


def merge_key_of(item_path: Path) -> Path:
    """The path of the item's merge key (such as ``name``); every owner of the item owns it."""
    return (*item_path, f"f:{key_of(item_path[-1])[0]}") if item_path[-1].startswith("k:") else item_path


def key_of(step: str) -> tuple[str, object]:
    """The merge key in the step to an item, and its value: ``("name", "backend")``."""
    ((name, value),) = json.loads(step.removeprefix("k:")).items()
    return name, value


def values(obj: object, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value in an object, with its path."""
    if not isinstance(obj, dict) or not obj:
        yield at, obj
        return
    for key, below in obj.items():
        path = (*at, f"f:{key}")
        if key in _ATOMIC:
            yield path, below
        elif isinstance(below, list) and key in _MERGE_KEYS:
            merge_key = _MERGE_KEYS[key]
            for each in below:
                yield from values(each, (*path, list_item(**{merge_key: each[merge_key]})))
        else:
            yield from values(below, path)


def desired_values(body: Object) -> dict[Path, Any]:
    """The values that a body sets, by their paths."""
    content = {key: value for key, value in body.items() if key in ("data", "spec")}
    return dict(values(content)) if content else {}


def value_at(obj: Any, path: Path) -> Any:
    """The value at a path, None if there is none."""
    for step in path:
        if obj is None:
            return None
        obj = _item(obj, step) if step.startswith("k:") else obj.get(step.removeprefix("f:"))
    return obj


def shown(path: Path) -> str:
    """The path as the API server writes it: ``.spec.template.spec.volumes[name="cert-volume"].secret``."""
    steps = (
        f"[{'='.join((key, json.dumps(value)))}]" for key, value in (key_of(s) for s in path if s.startswith("k:"))
    )
    return "".join(next(steps) if step.startswith("k:") else f".{step.removeprefix('f:')}" for step in path)


def put(obj: Any, path: Path, value: object) -> None:
    """Sets a value in an object, unless the item of a list that it belongs to is missing."""
    *above, last = path
    for step in above:
        if step.startswith("k:"):
            obj = _item(obj, step)
            if obj is None:
                return
        else:
            obj = obj.setdefault(step.removeprefix("f:"), {})
    obj[last.removeprefix("f:")] = value


def remove_values(obj: Any, paths: Collection[Path]) -> None:
    """Removes values from an object, with what is empty without them, and the list items that lose their merge key."""
    for path in paths:
        item_path = item_of(path)
        if item_path != path and merge_key_of(item_path) in paths:
            in_list = value_at(obj, item_path[:-1])
            if (listed := _item(in_list, item_path[-1])) is not None:
                in_list.remove(listed)
        else:
            _remove(obj, path)


def merge(obj: Object, body: Mapping[str, Any]) -> None:
    """Sets in an object what a body sets, item by item in lists that are merged so."""
    for key, value in body.items():
        if isinstance(value, dict) and key not in _ATOMIC:
            merge(obj.setdefault(key, {}), value)
        elif isinstance(value, list) and key in _MERGE_KEYS:
            obj[key] = _merged_items(obj.get(key) or [], value, _MERGE_KEYS[key])
        else:
            obj[key] = value


def in_sync(live: Object, body: Object, manager: str) -> bool:
    """Whether the object has what the body sets, and ``manager`` has applied that and nothing else."""
    desired, entries = desired_values(body), managed_fields(live)
    applied = owned_by(entries, manager) == set(desired) and not owned_by(entries, manager, "Update")
    return applied and all(value_at(live, path) == value for path, value in desired.items())


def _merged_items(found: list[Object], ours: list[Object], key: str) -> list[Object]:
    """In the order that server-side apply gives them: another order would be a change, too."""
    our_keys = [each[key] for each in ours]
    found_keys = [each[key] for each in found]
    rest, result = list(found), []
    for each in ours:
        while rest and rest[0][key] not in our_keys:
            result.append(rest.pop(0))
        if rest and each[key] in found_keys:
            rest.pop(0)
        same = next((other for other in found if other[key] == each[key]), {})
        merge(same, each)
        result.append(same)
    return [*result, *(other for other in rest if other[key] not in our_keys)]


def _remove(obj: Any, path: Path) -> None:
    step, *rest = path
    key = step.removeprefix("f:")
    below = _item(obj, step) if step.startswith("k:") else obj.get(key)
    if rest and below is not None:
        _remove(below, tuple(rest))
    if not step.startswith("k:") and (not rest or below == {}):
        obj.pop(key, None)


def _item(items: Any, step: str) -> Any:
    name, value = key_of(step)
    return next((each for each in items if each.get(name) == value), None)
