"""Variables and volumes of a pod, out of the readable form that an edit has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from live.fields import Object


def variable_body(name: str, value: str | Mapping[str, str]) -> Object:
    """A variable of a container: a text, or a key of a Secret."""
    if isinstance(value, str):
        return {"name": name, "value": value}
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": value["secret"], "key": value["key"]}}}


def volume_source(source: Mapping[str, Any]) -> Object:
    """The source of a volume: a Secret or a ConfigMap, as a whole or some of its keys as files."""
    files = [{"key": key, "path": path} for key, path in sorted(source.get("items", {}).items())]
    items = {"items": files} if files else {}
    if "configMap" in source:
        return {"configMap": {"name": source["configMap"], **items}}
    return {"secret": {"secretName": source["secret"], **items}}
