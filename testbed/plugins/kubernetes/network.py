"""When a Service or an Ingress leads somewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from testbed.plugins.kubernetes.client import Cluster
from testbed.plugins.kubernetes.kinds import Object
from testbed.plugins.kubernetes.metadata import name_of, namespace_of, pluck
from testbed.plugins.kubernetes.workloads import Awaited

_SERVICE_NAME: Final = "kubernetes.io/service-name"
#: Seconds after which a Service without endpoints will not get any for now.
_SETTLE: Final = 10.0


class ServiceEndpoints:
    """A Service that routes to pods: none of its endpoints is still starting, and it has an address if it is a load
    balancer. Without any endpoint it counts as ready after a while, as in the official provider: its pods may be
    meant to come later.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._settled_at = time.monotonic() + _SETTLE

    def is_ready(self, live: Object) -> bool:
        """As :meth:`Awaited.is_ready`."""
        return _has_address(live) and (not _routes_to_pods(live) or self._endpoints_ready(live))

    def explain(self, live: Object) -> list[str]:
        """As :meth:`Awaited.explain`."""
        reasons = []
        if _routes_to_pods(live) and not self._endpoints_ready(live):
            reasons.append(
                "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' "
                "may not match labels on any Pods"
            )
        if not _has_address(live):
            reasons.append("Service was not allocated an IP address; does your cloud provider support this?")
        return reasons

    def _endpoints_ready(self, live: Object) -> bool:
        ready = [
            pluck(endpoint, "conditions", "ready") is not False
            for endpoint_slice in _slices(self._cluster, namespace_of(live), name_of(live))
            for endpoint in endpoint_slice.get("endpoints") or ()
        ]
        return all(ready) if ready else time.monotonic() >= self._settled_at


class IngressEndpoints:
    """An Ingress: the Services behind its paths exist, and its controller gave it an address."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def is_ready(self, live: Object) -> bool:
        """As :meth:`Awaited.is_ready`."""
        return bool(_addresses(live)) and not self._paths_without_endpoints(live)

    def explain(self, live: Object) -> list[str]:
        """As :meth:`Awaited.explain`."""
        reasons = [
            f"Ingress has at least one rule with an unavailable target endpoint: {path}"
            for path in self._paths_without_endpoints(live)
        ]
        if not _addresses(live):
            reasons.append("Ingress .status.loadBalancer field was not updated with a hostname/IP address.")
        return reasons

    def _paths_without_endpoints(self, live: Object) -> list[str]:
        namespace = namespace_of(live)
        missing = []
        for rule in pluck(live, "spec", "rules") or ():
            for path in pluck(rule, "http", "paths") or ():
                service = pluck(path, "backend", "service", "name")
                if service and not self._exists(namespace, service):
                    missing.append(f'"{rule.get("host", "")}{path.get("path", "")}" -> "{service}"')
        return missing

    def _exists(self, namespace: str, service: str) -> bool:
        """Whether there are endpoint objects of the Service, ready or not, or it needs none."""
        if _slices(self._cluster, namespace, service):
            return True
        services = self._cluster.find("v1", "Service", namespace, fields=f"metadata.name={service}")
        return any(pluck(found, "spec", "type") == "ExternalName" for found in services)


AWAITED: Final[dict[tuple[str, str], Callable[[Cluster], Awaited]]] = {
    ("networking.k8s.io/v1", "Ingress"): IngressEndpoints,
    ("v1", "Service"): ServiceEndpoints,
}


def _routes_to_pods(service: Object) -> bool:
    spec = service["spec"]
    return bool(spec.get("selector")) and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None"


def _has_address(service: Object) -> bool:
    return pluck(service, "spec", "type") != "LoadBalancer" or bool(_addresses(service))


def _addresses(live: Object) -> list[Object]:
    return pluck(live, "status", "loadBalancer", "ingress") or []


def _slices(cluster: Cluster, namespace: str, service: str) -> list[Object]:
    return cluster.find("discovery.k8s.io/v1", "EndpointSlice", namespace, labels=f"{_SERVICE_NAME}={service}")
