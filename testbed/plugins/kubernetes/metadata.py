"""Reading and writing an object's metadata, where any part may be missing or unknown."""

from __future__ import annotations

from typing import Any, Final

from testbed.plugins.kubernetes.kinds import Object
from testbed.plugins.provider import Unknown

AUTONAMED: Final = "pulumi.com/autonamed"
DELETION_PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"
PATCH_FIELD_MANAGER: Final = "pulumi.com/patchFieldManager"
PATCH_FORCE: Final = "pulumi.com/patchForce"
SKIP_AWAIT: Final = "pulumi.com/skipAwait"
TIMEOUT_SECONDS: Final = "pulumi.com/timeoutSeconds"
WAIT_FOR: Final = "pulumi.com/waitFor"

#: Parts of metadata that only the API server writes.
READ_ONLY: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


def pluck(value: Any, *path: str) -> Any:
    """What lies at ``path`` below ``value``, or None."""
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def text(value: Any, *path: str) -> str:
    """Like :func:`pluck`, for texts: ``""`` where there is none, or it is not known yet."""
    found = pluck(value, *path)
    return found if isinstance(found, str) else ""


def is_given(value: Any) -> bool:
    """Whether there is a value, known or not; an empty one counts as none, as it does for the API server."""
    return isinstance(value, Unknown) or bool(value)


def name_of(obj: Object) -> str:
    """``metadata.name``, or ``""``."""
    return text(obj, "metadata", "name")


def namespace_of(obj: Object) -> str:
    """``metadata.namespace``, or ``""``."""
    return text(obj, "metadata", "namespace")


def annotation(obj: Object, key: str) -> str:
    """The annotation's value, or ``""``."""
    return text(obj, "metadata", "annotations", key)


def is_annotated(obj: Object, key: str) -> bool:
    """Whether the annotation says ``"true"``."""
    return annotation(obj, key) == "true"


def with_metadata(obj: Object, **changes: Any) -> Object:
    """A copy of ``obj`` with these keys of its metadata set; None takes a key away. Metadata that is unknown as a
    whole stays so."""
    if isinstance(obj.get("metadata"), Unknown):
        return obj
    metadata = dict(obj.get("metadata") or {})
    for key, value in changes.items():
        if value is None:
            metadata.pop(key, None)
        else:
            metadata[key] = value
    return {**obj, "metadata": metadata}
