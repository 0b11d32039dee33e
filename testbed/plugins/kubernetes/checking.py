"""Check: names, namespaces and defaults filled in, and what the API server would not understand."""

from __future__ import annotations

import base64
from typing import Any

from testbed.plugins.kubernetes.client import ApiError, Cluster, NoMatchError
from testbed.plugins.kubernetes.kinds import Kind, Object
from testbed.plugins.kubernetes.metadata import (
    AUTONAMED,
    READ_ONLY,
    is_annotated,
    is_given,
    name_of,
    pluck,
    with_metadata,
)
from testbed.plugins.naming import autoname
from testbed.plugins.provider import CheckFailure, CheckResult, ProviderError, Resource, Unknown

#: Hexadecimal digits at the end of a name that was made up.
_NAME_DIGITS = 8


def check(
    resource: Resource,
    kind: Kind,
    old: Object | None,
    new: Object,
    *,
    cluster: Cluster | None,
    namespace: str,
    seed: bytes,
) -> CheckResult:
    """The inputs as they will be compared and sent, and what is wrong with them.

    Args:
        resource: whose logical name a made-up name starts with.
        kind: of the object.
        old: the earlier inputs, whose made-up name is kept.
        new: the program's.
        cluster: the API server, or None if there is none to ask: then fields are not looked at.
        namespace: for objects that name none.
        seed: makes a made-up name the same in preview and update.

    Raises:
        ProviderError: a patch says not what it patches, a name is left to the server, or the kind does not exist.
    """
    inputs = with_metadata(new, **dict.fromkeys(READ_ONLY))
    inputs = _named(resource, kind, old, inputs, seed)
    failures: list[CheckFailure] = []
    if _is_namespaced(kind, cluster) and not is_given(pluck(inputs, "metadata", "namespace")):
        inputs = with_metadata(inputs, namespace=namespace)
    schema = cluster.schema(kind.api_version, kind.kind) if cluster else None
    if schema is not None:
        inputs, failures = schema.conform(inputs)
    if kind.is_secret and not failures:
        inputs = fold_string_data(inputs)
    return CheckResult(inputs, failures)


def fold_string_data(secret: Object) -> Object:
    """``stringData`` in base64 among ``data``, which is what the API server makes of it."""
    folded = dict(secret)
    texts = folded.get("stringData")
    if texts is None or isinstance(texts, Unknown) or isinstance(folded.get("data"), Unknown):
        return folded
    del folded["stringData"]
    folded["data"] = {**(folded.get("data") or {}), **{key: _encode(text) for key, text in texts.items()}}
    return folded


def _encode(text: Any) -> Any:
    return text if isinstance(text, Unknown) else base64.b64encode(str(text).encode()).decode()


def _named(resource: Resource, kind: Kind, old: Object | None, inputs: Object, seed: bytes) -> Object:
    if isinstance(inputs["metadata"], Unknown) or is_given(pluck(inputs, "metadata", "name")):
        return inputs
    if kind.patch:
        raise ProviderError("patch resources require the `.metadata.name` field to be set")
    if pluck(inputs, "metadata", "generateName") is not None:
        raise ProviderError("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
    kept = name_of(old) if old is not None and is_annotated(old, AUTONAMED) else ""
    annotations = pluck(inputs, "metadata", "annotations")
    if isinstance(annotations, Unknown):
        raise ProviderError(
            f"{resource.name}: an object whose annotations are not known yet needs its `.metadata.name` set: the "
            f"annotation that marks a made-up name can't be added to them"
        )
    return with_metadata(
        inputs,
        name=kept or autoname(resource.name, seed, _NAME_DIGITS),
        annotations={**(annotations or {}), AUTONAMED: "true"},
    )


def _is_namespaced(kind: Kind, cluster: Cluster | None) -> bool:
    if cluster is None:
        return not kind.cluster_scoped_by_name
    try:
        return cluster.served(kind.api_version, kind.kind).namespaced
    except NoMatchError as error:
        if kind.is_built_in:
            raise ProviderError(f"the Kubernetes API server does not know this kind: {error}") from None
        # Its definition may come with the same update.
        return True
    except ApiError as error:
        raise ProviderError(f"Failed to fetch the kinds of {kind.api_version} from the API server: {error}") from None
