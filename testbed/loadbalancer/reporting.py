"""What the controller writes to Kubernetes: finalizers, the hostname and Events on Ingresses, and its IngressClass."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from typing import Any, Final

from kubernetes.client import ApiClient, ApiException, CoreV1Api, NetworkingV1Api

from testbed.loadbalancer.groups import CONTROLLER
from testbed.loadbalancer.objects import Ingress

FIELD_MANAGER: Final = "aws-load-balancer-controller"
_MERGE_PATCH: Final = "application/merge-patch+json"
_NOT_FOUND, _CONFLICT = 404, 409
#: The API server refuses a longer message of an Event.
_MESSAGE_LIMIT: Final = 1024
_TIMEOUT: Final = (5, 30)


class Reporter:
    """Writes as the controller would; an Ingress that is gone in the meantime is no error."""

    def __init__(self, api: ApiClient) -> None:
        self._core = CoreV1Api(api)
        self._networking = NetworkingV1Api(api)

    def ensure_ingress_class(self, name: str) -> None:
        """Makes the IngressClass of this controller, as its Helm chart does, unless there is one of that name."""
        body = {"metadata": {"name": name}, "spec": {"controller": CONTROLLER}}
        try:
            self._networking.create_ingress_class(body, field_manager=FIELD_MANAGER, _request_timeout=_TIMEOUT)
        except ApiException as error:
            if error.status != _CONFLICT:
                raise

    def add_finalizer(self, ingress: Ingress, finalizer: str) -> None:
        """Holds the Ingress back from being deleted before its load balancer is."""
        if finalizer not in ingress.finalizers:
            self._change_finalizers(ingress, add=finalizer)

    def remove_finalizer(self, ingress: Ingress, finalizer: str) -> None:
        """Lets the Ingress go."""
        self._change_finalizers(ingress, remove=finalizer)

    def _change_finalizers(self, ingress: Ingress, add: str | None = None, remove: str | None = None) -> None:
        # Read anew: others may hold the Ingress too, and a merge patch replaces the whole list.
        live = self._read(ingress)
        if live is None:
            return
        finalizers = [item for item in live.get("finalizers", ()) if item != remove]
        if add and add not in finalizers:
            finalizers.append(add)
        metadata = {"resourceVersion": live["resourceVersion"], "finalizers": finalizers}
        self._patch(self._networking.patch_namespaced_ingress, ingress, {"metadata": metadata})

    def publish(self, ingress: Ingress, hostname: str) -> None:
        """Writes the load balancer's hostname into the status."""
        if ingress.hostname != hostname:
            status = {"loadBalancer": {"ingress": [{"hostname": hostname}]}}
            self._patch(self._networking.patch_namespaced_ingress_status, ingress, {"status": status})

    def event(self, ingress: Ingress, type: str, reason: str, message: str) -> None:
        """Records an Event on the Ingress; the same one again only counts up.

        Args:
            ingress: what it is about.
            type: ``Normal`` or ``Warning``.
            reason: one word in capitals and lower case.
            message: cut to what an Event takes.
        """
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        digest = hashlib.sha256(f"{ingress.uid}\0{reason}\0{message}".encode()).hexdigest()[:16]
        name = f"{ingress.name}.{digest}"
        if not self._count_up(name, ingress.namespace, now):
            self._create_event(name, ingress, now, {"type": type, "reason": reason, "message": message})

    def _count_up(self, name: str, namespace: str, now: str) -> bool:
        try:
            known = self._core.read_namespaced_event(name, namespace, _request_timeout=_TIMEOUT)
        except ApiException as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        again = {"count": (known.count or 1) + 1, "lastTimestamp": now}
        self._core.patch_namespaced_event(name, namespace, again, _content_type=_MERGE_PATCH, _request_timeout=_TIMEOUT)
        return True

    def _create_event(self, name: str, ingress: Ingress, now: str, what: dict[str, str]) -> None:
        body = {
            "metadata": {"name": name, "namespace": ingress.namespace},
            "involvedObject": {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "namespace": ingress.namespace,
                "name": ingress.name,
                "uid": ingress.uid,
            },
            "type": what["type"],
            "reason": what["reason"],
            "message": what["message"][:_MESSAGE_LIMIT],
            "source": {"component": "ingress"},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        self._core.create_namespaced_event(ingress.namespace, body, _request_timeout=_TIMEOUT)

    def _read(self, ingress: Ingress) -> dict[str, Any] | None:
        try:
            response = self._networking.read_namespaced_ingress(
                ingress.name, ingress.namespace, _preload_content=False, _request_timeout=_TIMEOUT
            )
        except ApiException as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        metadata: dict[str, Any] = json.loads(response.data)["metadata"]
        return metadata if metadata["uid"] == ingress.uid else None

    @staticmethod
    def _patch(function: Any, ingress: Ingress, body: dict[str, Any]) -> None:
        try:
            function(
                ingress.name,
                ingress.namespace,
                body,
                field_manager=FIELD_MANAGER,
                _content_type=_MERGE_PATCH,
                _request_timeout=_TIMEOUT,
            )
        except ApiException as error:
            if error.status != _NOT_FOUND:
                raise
