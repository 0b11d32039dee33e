"""An entry of tower.yml that this stack sets, and that another owner has written with another value.

The file is one string, and after each edit it belongs to its owner again: nothing in the cluster tells who has written
the entry. The stack's record does, which only the resources have. So the survey answers for a stack that has changed
nothing yet, and the resource with the record for all others; both say the same.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from live.ownership import belongs_to, managed_fields
from live.tower_yml_text import Entry


def is_conflict(entry: Entry, desired: str, written: Collection[str]) -> bool:
    """Whether the live entry is one that neither equals ``desired`` nor is among those that the stack has written.

    Args:
        entry: what the file says.
        desired: JSON, as this stack sets it.
        written: what the stack has written so far, in the same form.
    """
    return entry.present and shown(entry) not in {desired, *written}


def shown(entry: Entry) -> str:
    """The value of an entry that is there, as JSON."""
    return json.dumps(entry.value, default=str)


def field_name(entry: Entry, key: str) -> str:
    """What the entry is called in a message; ``key`` is the file's in its ConfigMap."""
    return f"{'.'.join(entry.path)} in {key}"


def has_changed_any(manager: str | None, objects: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the stack has made one of the objects, or owns a field in one, so that it may have a record."""
    return manager is not None and any(
        belongs_to(manager, each["metadata"].get("labels"))
        or any(entry.get("manager") == manager for entry in managed_fields(each))
        for each in objects
    )
