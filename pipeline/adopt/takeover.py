"""The transfer of live objects: their labels, and the owners of their fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from live.api import ClusterApi, NotFoundError
from live.ownership import labels_of_stack, managed_fields
from live.platform import JSON_PATCH
from pipeline.adopt.state import FIELD_MANAGER

_PATHS: Final[Mapping[str, str]] = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments/{}",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets/{}",
    "Service": "/api/v1/namespaces/{}/services/{}",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{}/ingresses/{}",
}
MERGE_PATCH = "application/merge-patch+json"
#: Managers of fields that are never applied: revisions, addresses, finalizers.
_CONTROLLERS = re.compile(r"kube-|controller$|cluster-autoscaler|vpa-")


def path_of(target: str, namespace: str) -> str:
    """The place of ``Deployment/connect-proxy`` in the API."""
    kind, _, name = target.partition("/")
    return _PATHS[kind].format(namespace, name)


def hand_over(api: ClusterApi, target: str, namespace: str, owner: str) -> None:
    """Makes an object the stack's: by its labels, and by the manager of its fields. No pod notices.

    Pulumi's provider applies on the server, where a field that is left out stays as long as another manager owns it: an
    environment variable of the earlier manifest, or its container. So all of it gets the provider's manager.

    Args:
        api: the cluster.
        target: ``Deployment/connect-proxy``.
        namespace: where it is.
        owner: ``studios-<stack>``.

    Raises:
        ApiError: the cluster refuses it.
    """
    path = path_of(target, namespace)
    labels = {"metadata": {"labels": labels_of_stack(owner)}}
    live = api.send("PATCH", path, {"fieldManager": FIELD_MANAGER}, labels, content=MERGE_PATCH)
    entries = managed_fields(live)
    patch = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": _of_one_manager(entries, live["apiVersion"])},
    ]
    api.send("PATCH", path, {"fieldManager": FIELD_MANAGER}, patch, content=JSON_PATCH)


def _of_one_manager(entries: list[dict[str, Any]], api_version: str) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    fields: dict[str, Any] = {}
    for entry in entries:
        if entry.get("subresource") or _CONTROLLERS.search(str(entry.get("manager", ""))):
            kept.append(entry)
        else:
            _merge(fields, entry.get("fieldsV1") or {})
    applied = {
        "manager": FIELD_MANAGER,
        "operation": "Apply",
        "apiVersion": api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return [applied, *kept]


def _merge(into: dict[str, Any], fields: Mapping[str, Any]) -> None:
    for step, below in fields.items():
        _merge(into.setdefault(step, {}), below)


def delete(api: ClusterApi, target: str, namespace: str, *, with_pods: bool = True) -> bool:
    """Deletes an object; returns whether it was there.

    Args:
        api: the cluster.
        target: ``StatefulSet/connect-server``.
        namespace: where it is.
        with_pods: whether its pods go too.
    """
    options = {"propagationPolicy": "Background" if with_pods else "Orphan"}
    try:
        api.send("DELETE", path_of(target, namespace), body=options)
    except NotFoundError:
        return False
    return True
