"""Diff: what the live object has, in the shape of the earlier inputs, against the new inputs."""

from __future__ import annotations

from typing import Any

from testbed.plugins.diff import detailed_diff
from testbed.plugins.kubernetes.kinds import Kind, Object, replaced_by
from testbed.plugins.kubernetes.metadata import (
    AUTONAMED,
    READ_ONLY,
    is_annotated,
    is_given,
    name_of,
    namespace_of,
    pluck,
    with_metadata,
)
from testbed.plugins.provider import DiffResult

#: What the state keeps beside the live object.
FIELD_MANAGER = "__fieldManager"
INITIAL_API_VERSION = "__initialApiVersion"


def prune(live: Any, shape: Any) -> Any:
    """``live`` without what ``shape`` has no counterpart for.

    Lists are matched by position, because the official provider does so: a Patch whose list items the API server
    merged behind those of others therefore shows a change at every preview.
    """
    if isinstance(live, dict) and isinstance(shape, dict):
        return {key: prune(live[key], shape[key]) for key in live if key in shape}
    if isinstance(live, list) and isinstance(shape, list):
        return _prune_list(live, shape)
    return live


def _prune_list(live: list[Any], shape: list[Any]) -> list[Any]:
    if not live or not shape:
        return []
    if isinstance(live[0], dict) != isinstance(shape[0], dict):
        return live
    return [prune(item, wanted) for item, wanted in zip(live, shape, strict=False)]


def compare(
    kind: Kind,
    old_inputs: Object,
    live: Object,
    new: Object,
    *,
    namespaced: bool,
    secret_mutable: bool,
    config_map_mutable: bool,
) -> DiffResult:
    """The detailed diff between the last known live object and the new inputs.

    Args:
        kind: of both.
        old_inputs: what the program asked for when ``live`` was read.
        live: the state's outputs.
        new: the checked inputs.
        namespaced: whether objects of this kind live in namespaces.
        secret_mutable: the provider's ``enableSecretMutable``.
        config_map_mutable: the provider's ``enableConfigMapMutable``.
    """
    base = with_metadata(prune(live, old_inputs), **dict.fromkeys(READ_ONLY))
    # The name in the program may be one that was made up before.
    base = with_metadata(base, name=name_of(live))
    base = _in_namespace(base, namespaced)
    new = _in_namespace(new, namespaced)
    for key in ("apiVersion", "kind"):
        if key in new:
            base.setdefault(key, new[key])
    same_name = name_of(new) == name_of(live) and namespace_of(new) == namespace_of(base)
    return detailed_diff(
        base,
        new,
        replaced_by(kind, new, secret_mutable=secret_mutable, config_map_mutable=config_map_mutable),
        delete_before_replace=bool(name_of(new)) and not is_annotated(new, AUTONAMED) and same_name,
    )


def _in_namespace(obj: Object, namespaced: bool) -> Object:
    if not namespaced:
        return with_metadata(obj, namespace=None)
    namespace = pluck(obj, "metadata", "namespace")
    return with_metadata(obj, namespace=namespace if is_given(namespace) else "default")


def live_inputs(live: Object, inputs: Object) -> Object:
    """The inputs as the live object has them now: what a refresh puts into the state."""
    return prune(live, inputs)  # type: ignore[no-any-return]


def imported_inputs(live: Object) -> Object:
    """Inputs for an object that was never in a program: all that isn't written by the server alone."""
    inputs = with_metadata({key: value for key, value in live.items() if key != "status"}, **dict.fromkeys(READ_ONLY))
    annotations = dict(inputs["metadata"].get("annotations") or {})
    for key in ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"):
        annotations.pop(key, None)
    return with_metadata(inputs, annotations=annotations or None)
