"""The state of a stack after a killed update: what was being made becomes part of it again.

The engine notes each operation in the state before it begins, and the result once it is there. Killed in between, it
leaves a note: of a creation, that something may exist which no resource in the state stands for. `pulumi refresh` asks
a human for its id, forgets dependencies and inputs, and can't do it for a replacement. Here the note itself, which has
all of that, is made the resource; a refresh then reads it from the provider, or drops it if it was never made.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

State = dict[str, Any]
Resource = dict[str, Any]
#: What finds the provider's id of what a note is about, among all but the resources that it is given.
Finder = Callable[[Resource, Sequence[Resource]], str | None]


@dataclass(frozen=True)
class Resumed:
    """The state without notes.

    Args:
        state: as `pulumi stack import` takes it.
        adopted: what is now in it; a refresh has to tell whether it is really there.
        interrupted: URN → what was being done, of every note.
    """

    state: State
    adopted: list[Resource] = field(default_factory=list)
    interrupted: dict[str, str] = field(default_factory=dict)


def resume(state: State, find: Finder) -> Resumed:
    """Makes resources of the notes on creations, and drops the others, which an update or a deletion repeats."""
    result = Resumed(copy.deepcopy(state))
    deployment = result.state["deployment"]
    resources: list[Resource] = deployment.setdefault("resources", [])
    for note in deployment.pop("pending_operations", []):
        made: Resource = note["resource"]
        result.interrupted[made["urn"]] = note["type"]
        if note["type"] != "creating":
            continue
        made_id = find(made, resources)
        if made_id is None:
            continue
        adopted = {**made, "id": made_id, "outputs": copy.deepcopy(made.get("inputs", {}))}
        if _adopt(resources, adopted):
            result.adopted.append(adopted)
    return result


def _adopt(resources: list[Resource], made: Resource) -> bool:
    """Puts it where the engine would have, had it lived; False if it is in the state already."""
    same = [each for each in resources if each["urn"] == made["urn"]]
    if any(each.get("id") == made["id"] and not each.get("pendingReplacement") for each in same):
        return False
    current = next((each for each in same if not each.get("delete")), None)
    if current is None:
        resources.append(made)
    elif current.get("id") == made["id"]:
        # Deleted to be made anew under the same name: the one that exists now is the new one.
        resources[resources.index(current)] = made
    elif current.get("inputs") == made.get("inputs"):
        # It was made once more since: the engine deletes the one that nothing points at.
        resources.append({**made, "delete": True})
    else:
        # The new one was made first, and the old one was to be deleted.
        resources.append(made)
        current["delete"] = True
    return True


def without(state: State, urns: set[str]) -> State:
    """The state without these resources."""
    result = copy.deepcopy(state)
    deployment = result["deployment"]
    deployment["resources"] = [each for each in deployment["resources"] if each["urn"] not in urns]
    return result


def strangers(state: State, adopted: Sequence[Resource]) -> dict[str, str]:
    """URN → id of what was adopted and, now that it has been read, turns out to be another owner's of the same name.

    Args:
        state: after a refresh, which has made the inputs of each resource those of the live object.
        adopted: with what the stack asked for.
    """
    asked_for = {(each["urn"], each["id"]): each for each in adopted}
    return {
        each["urn"]: each["id"]
        for each in state["deployment"].get("resources", [])
        if (asked := asked_for.get((each["urn"], each.get("id")))) and not _is_as_asked_for(asked, each)
    }


def _is_as_asked_for(made: Resource, found: Resource) -> bool:
    asked, live = made.get("inputs", {}), found.get("outputs", {})
    if made["type"].startswith("kubernetes:"):
        # Defaults and controllers change much of an object, but only the stack's own bear these labels.
        asked, live = ((each.get("metadata") or {}).get("labels") or {} for each in (asked, live))
    return _same(asked, live)


def _same(asked: Any, live: Any) -> bool:
    if isinstance(asked, Mapping) and isinstance(live, Mapping):
        return all(_same(value, live.get(key)) for key, value in asked.items() if not key.startswith("__"))
    if isinstance(asked, list) and isinstance(live, list):
        # AWS adds to lists: ACM the domain to its alternative names.
        return all(any(_same(one, other) for other in live) for one in asked)
    if isinstance(asked, str) and isinstance(live, str):
        return asked.rstrip(".").lower() == live.rstrip(".").lower()
    return bool(asked == live)
