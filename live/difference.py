"""What an update changes in a Platform install, in words: the resources of a preview tell it in data.

The words go by the live objects and not by the last update: what an owner has changed meanwhile is changed back, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from live.edits import Edit, apply_body, checksum_of, edited_names, item_paths, name_of, part_of
from live.fields import Object, desired_values, item_of, value_at
from live.ownership import Path, managed_fields, owned_by
from live.platform import PlatformApi
from live.redaction import looks_secret
from live.tower_yml import TowerYmlEdit, live_entries

UNSET = "unset"
"""How a variable, a volume or a mount is shown that is not there."""
MASKED = "[secret]"
_MOST_IN_A_LINE = 4


def differences(
    api: PlatformApi,
    edits: Mapping[str, Edit],
    tower_yml: TowerYmlEdit | None,
    manager: str,
    *,
    given_back: Sequence[str] = (),
) -> dict[str, list[str]]:
    """What differs from the edits, by object, or file for tower.yml: ``KEY old → new``.

    Args:
        api: the namespace.
        edits: object → edit, in the order of the changes.
        tower_yml: the edit of tower.yml.
        manager: who owns what the edits add.
        given_back: the objects that are no longer edited.

    Raises:
        PlatformError: tower.yml can't be read.
    """
    found = {}
    for target, edit in [*edits.items(), *((target, {}) for target in given_back)]:
        live = api.get(target)
        if live is not None:
            found[target] = [*_set(target, edit, live), *_given_back(target, edit, live, manager)]
    for name, entry, desired in live_entries(api, tower_yml, manager):
        was = entry.shown()
        if tower_yml is not None and was not in (None, desired):
            found.setdefault(tower_yml["key"], []).append(f"{name.rpartition('.')[2]} {was} → {desired}")
    return {target: texts for target, texts in found.items() if texts}


def given_back(
    api: PlatformApi, targets: Sequence[str], tower_yml: TowerYmlEdit | None, manager: str
) -> dict[str, list[str]]:
    """What a destroy restores, by object, or file for tower.yml: ``KEY value → restored``.

    Args:
        api: the namespace.
        targets: the edited objects, in the order of the changes.
        tower_yml: the edit of tower.yml; another entry than that has an owner, and stays.
        manager: who owns what the edits added.

    Raises:
        PlatformError: tower.yml can't be read.
    """
    ours = [
        f"{name.rpartition('.')[2]} {desired} → restored"
        for name, entry, desired in live_entries(api, tower_yml, manager)
        if entry.shown() == desired
    ]
    first = {tower_yml["key"]: ours} if tower_yml is not None and ours else {}
    return {**first, **differences(api, {}, None, manager, given_back=targets)}


def restarting(
    api: PlatformApi, deployments: Sequence[str], checksum: str | None, changed: Mapping[str, Any]
) -> list[str]:
    """The Deployments, in this order, of which the pods restart.

    Args:
        api: the namespace.
        deployments: those that the edits concern.
        checksum: of all that their pods read; None if it is not known yet, since part of that is going to change.
        changed: the objects that differ.
    """
    return [
        name
        for name in deployments
        if f"Deployment/{name}" in changed or checksum is None or checksum_of(api.get(f"Deployment/{name}")) != checksum
    ]


def in_words(changed: Mapping[str, Sequence[str]], restarts: Sequence[str]) -> str:
    """One line, or where that would be long, a line for each field beneath its object."""
    last = [f"{', then '.join(restarts)} {'restart' if len(restarts) > 1 else 'restarts'}"] if restarts else []
    if sum(len(texts) for texts in changed.values()) <= _MOST_IN_A_LINE:
        return "; ".join([*(f"{target}: {', '.join(texts)}" for target, texts in changed.items()), *last])
    return "\n".join([*(line for target, texts in changed.items() for line in _lines(target, texts)), *last])


def _lines(target: str, texts: Sequence[str]) -> list[str]:
    return [f"{target}: {texts[0]}"] if len(texts) == 1 else [f"{target}:", *(f"  {text}" for text in texts)]


def _set(target: str, edit: Edit, live: Object) -> Iterator[str]:
    if not edit:
        return
    body = desired_values(apply_body(target, edit))
    for path in item_paths(target, edited_names(target, edit)):
        ours = {leaf: value for leaf, value in body.items() if leaf[: len(path)] == path}
        if any(value_at(live, leaf) != value for leaf, value in ours.items()):
            part, name = part_of(path), name_of(path)
            desired = edit[part][name] if part else edit[name]
            yield f"{_label(part, name)} {_live(part, name, value_at(live, path))} → {_shown(part, name, desired)}"


def _given_back(target: str, edit: Edit, live: Object, manager: str) -> Iterator[str]:
    """What is ours and no longer wanted."""
    kept = set(item_paths(target, edited_names(target, edit))) if edit else set()
    ours = dict.fromkeys(item_of(path) for path in sorted(owned_by(managed_fields(live), manager)))
    for path in ours:
        if path not in kept and _is_item(path):
            part, name = part_of(path), name_of(path)
            yield f"{_label(part, name)} {_live(part, name, value_at(live, path))} → restored"


def _is_item(path: Path) -> bool:
    return bool(part_of(path)) if path[-1].startswith("k:") else path[0] == "f:data"


def _label(part: str, name: str) -> str:
    return name if part in ("", "env") else f"{part} {name}"


def _live(part: str, name: str, found: Any) -> str:
    if found is None:
        return UNSET
    if part == "env":
        reference = (found.get("valueFrom") or {}).get("secretKeyRef")
        return _shown(part, name, {"secret": reference["name"]} if reference else found.get("value", ""))
    if part == "volume":
        return f"Secret/{found['secret']['secretName']}" if found.get("secret") else "another volume"
    return _shown(part, name, found.get("name", "") if part == "mount" else found)


def _shown(part: str, name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return f"Secret/{value['secret']}" if isinstance(value.get("secret"), str) else "a Secret"
    return shown(name if part in ("", "env") else "", value)


def shown(variable: str, value: object) -> str:
    """The value of a variable on one line; masked where its name looks like a secret's."""
    if looks_secret(variable):
        return MASKED
    text = str(value)
    return text if text and text == text.strip() and "\n" not in text else json.dumps(text)
