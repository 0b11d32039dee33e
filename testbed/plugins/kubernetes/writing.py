"""Create, update and delete on the API server, with field managers as the official provider uses them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

from testbed.plugins.kubernetes.client import ApiError, Cluster
from testbed.plugins.kubernetes.kinds import Object
from testbed.plugins.kubernetes.metadata import (
    DELETION_PROPAGATION,
    PATCH_FORCE,
    annotation,
    is_annotated,
    name_of,
    namespace_of,
)

#: The manager of a first POST; the next update moves its fields to the resource's own manager.
CREATE_MANAGER: Final = "pulumi-kubernetes"

#: Managers whose fields an update takes over: kubectl's, and those of this provider's own client-side writes. A
#: manager's name counts when it starts like this.
_TAKEN_OVER: Final = (
    ("kubectl", "Apply"),
    ("kubectl", "Update"),
    ("before-first-apply", "Update"),
    ("pulumi-kubernetes", "Update"),
    ("pulumi-resource-kubernetes", "Update"),
)

_TROUBLESHOOTING: Final = (
    "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/"
    "managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources"
)

#: Seconds before each retry of a create whose namespace is not there yet.
_RETRY_AFTER: Final = (0.25, 0.5, 1.0, 2.0, 4.0)


def conflict(error: ApiError, manager: str) -> ApiError:
    """A field conflict in the official provider's words; any other error as it is."""
    if error.reason != "Conflict":
        return error
    message = (
        f"server-side apply field conflict detected, see {_TROUBLESHOOTING} for troubleshooting help\n"
        f'The resource managed by field manager "{manager}" had an apply conflict: {error}'
    )
    return ApiError(error.code, error.reason, message, error.details)


def apply(cluster: Cluster, obj: Object, *, manager: str, force: bool, dry_run: bool) -> Object:
    """Server-side apply.

    Raises:
        ApiError: refused; a conflict names the fields and their managers.
    """
    try:
        return cluster.apply(obj, manager=manager, force=force, dry_run=dry_run)
    except ApiError as error:
        raise conflict(error, manager) from None


def create(cluster: Cluster, obj: Object, *, dry_run: bool) -> Object:
    """POSTs a new object; an ``up`` gives a namespace that is being made a few seconds to appear.

    Raises:
        ApiError: refused.
    """
    for pause in _RETRY_AFTER:
        try:
            return cluster.create(obj, manager=CREATE_MANAGER, dry_run=dry_run)
        except ApiError as error:
            if dry_run or error.reason != "NotFound":
                raise
        time.sleep(pause)
    return cluster.create(obj, manager=CREATE_MANAGER, dry_run=dry_run)


def take_over(cluster: Cluster, live: Object, manager: str) -> Object:
    """Moves the fields of kubectl, and of this provider's first POST, to ``manager``; without that an apply would
    conflict with them.
    """
    for _ in _RETRY_AFTER:
        metadata = live["metadata"]
        fields = merge_managers(metadata.get("managedFields") or (), manager, live["apiVersion"])
        if fields is None:
            return live
        operations = [
            {"op": "replace", "path": "/metadata/managedFields", "value": fields},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        ]
        try:
            return cluster.patch(live, operations)
        except ApiError as error:
            if error.reason != "Conflict":
                raise
        # A controller wrote in between: its status update must not be undone, so look again.
        live = cluster.get(live["apiVersion"], live["kind"], namespace_of(live), name_of(live))
    raise ApiError(409, "Conflict", f'"{name_of(live)}" is changed too often to take over its fields; try again')


def merge_managers(entries: Iterable[Object], manager: str, api_version: str) -> list[Object] | None:
    """The ``managedFields`` with what is taken over merged into one entry of ``manager``; None if nothing changes."""
    taken = [entry for entry in entries if _is_taken_over(entry) and not _is_of(entry, manager)]
    if not taken:
        return None
    kept = [entry for entry in entries if entry not in taken and not _is_of(entry, manager)]
    own = next((entry for entry in entries if _is_of(entry, manager)), None)
    fields: Object = {}
    for entry in [*([own] if own else []), *taken]:
        fields = _union(fields, entry.get("fieldsV1") or {})
    merged = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": (own or taken[0]).get("apiVersion", api_version),
        "time": (own or taken[0]).get("time"),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return [*kept, {key: value for key, value in merged.items() if value is not None}]


def must_force(inputs: Object, live: Object | None, *, always: bool, preview: bool) -> bool:
    """Whether an apply may take fields from other managers.

    The user says so for a resource or the whole provider. A preview can't take over this provider's own earlier
    fields, so it forces where the update will have done that; and an object without managers has none to lose.
    """
    if always or is_annotated(inputs, PATCH_FORCE):
        return True
    managers = live["metadata"].get("managedFields") or [] if live is not None else []
    if live is None or not managers:
        return live is not None or preview
    return preview and any(
        entry.get("operation") == "Update" and entry.get("manager") in (CREATE_MANAGER, "pulumi-resource-kubernetes")
        for entry in managers
    )


def relinquish(cluster: Cluster, live: Object, manager: str) -> None:
    """Gives up every field that ``manager`` owns: an apply of nothing.

    Raises:
        ApiError: refused, because a field that has to be there would go away.
    """
    metadata: dict[str, Any] = {"name": name_of(live)}
    if namespace_of(live):
        metadata["namespace"] = namespace_of(live)
    nothing = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}
    cluster.apply(nothing, manager=manager, force=False)


def propagation(inputs: Object) -> str:
    """How deletion treats the objects that belong to this one: Foreground unless the annotation says otherwise."""
    wanted = annotation(inputs, DELETION_PROPAGATION).capitalize()
    return wanted if wanted in {"Orphan", "Background"} else "Foreground"


def _is_of(entry: Object, manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")


def _is_taken_over(entry: Object) -> bool:
    return not entry.get("subresource") and any(
        entry.get("operation") == operation and str(entry.get("manager", "")).startswith(name)
        for name, operation in _TAKEN_OVER
    )


def _union(one: Object, other: Object) -> Object:
    union = dict(one)
    for key, value in other.items():
        union[key] = _union(union.get(key) or {}, value)
    return union
