"""Asking the API server what the user may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from live.api import ApiError, ClusterApi, NotFoundError

_AUTHORIZATION: Final = "/apis/authorization.k8s.io/v1"


@dataclass(frozen=True)
class Right:
    """A verb on a resource; ``group`` is "" for the core API."""

    group: str
    resource: str
    verb: str


def rules_of(api: ClusterApi, namespace: str) -> list[Mapping[str, Any]]:
    """What a rules review lists as granted, which may be less than is granted."""
    body = {"spec": {"namespace": namespace}}
    try:
        status = _reviewed(api, "SelfSubjectRulesReview", body)
    except (ApiError, NotFoundError):
        return []
    rules = status.get("resourceRules")
    return [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []


def covers(rule: Mapping[str, Any], right: Right) -> bool:
    """Whether a rule grants a right on all objects."""

    def has(key: str, value: str) -> bool:
        found = rule.get(key)
        return isinstance(found, list) and (value in found or "*" in found)

    is_for_all = not rule.get("resourceNames")
    return (
        is_for_all and has("apiGroups", right.group) and has("resources", right.resource) and has("verbs", right.verb)
    )


def is_allowed(api: ClusterApi, namespace: str, right: Right, name: str = "") -> bool:
    """Whether the user has a right, on one object or on all.

    Raises:
        ApiError: the API server does not tell.
        NotFoundError: it serves no reviews.
    """
    if right.resource == "namespaces":
        name = namespace
    attributes = {"namespace": namespace, "group": right.group, "resource": right.resource, "verb": right.verb}
    body = {"spec": {"resourceAttributes": {**attributes, **({"name": name} if name else {})}}}
    allowed = _reviewed(api, "SelfSubjectAccessReview", body).get("allowed")
    if not isinstance(allowed, bool):
        raise NotFoundError("allowed")
    return allowed


def _reviewed(api: ClusterApi, kind: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    asked = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, **body}
    status = api.send("POST", f"{_AUTHORIZATION}/{kind.lower()}s", body=asked).get("status")
    if not isinstance(status, dict):
        raise NotFoundError(kind)
    return status
