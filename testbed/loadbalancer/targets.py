"""Target groups: one for each Ingress, Service and port that a rule forwards to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from testbed.loadbalancer.annotations import AnnotationError, parse
from testbed.loadbalancer.objects import Backend, Cluster, Service, ServicePort
from testbed.loadbalancer.settings import Member, ModelError, check_tags
from testbed.loadbalancer.stack import HealthCheck, Tags, TargetGroup

_GRPC_HEALTH_CHECK = ("/AWS.ALB/healthcheck", "12")
_HTTP_HEALTH_CHECK = ("/", "200")


def short_name(*parts: str, widths: tuple[int, ...], identity: tuple[str, ...]) -> str:
    """``k8s-<part>-<part>-<hash>``: each part's letters and digits, cut to its width, and ten digits of a hash of
    ``identity``, to stay within AWS's 32 characters."""
    digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()
    words = [re.sub(r"[^A-Za-z0-9]", "", part)[:width] for part, width in zip(parts, widths, strict=True)]
    return "-".join(["k8s", *words, digest[:10]])


def build(member: Member, backend: Backend, cluster: Cluster, stack_id: str, cluster_name: str) -> TargetGroup:
    """The target group for one backend of ``member``.

    Raises:
        ModelError: no such Service or port, a Service of the wrong type, or its annotations are malformed.
    """
    service, port = _find(member, backend, cluster)
    settings = _merge_settings(member, service)
    target_type = settings.get("target-type", "instance")
    group_port = _group_port(target_type, port)
    protocol = settings.get("backend-protocol", "HTTP")
    version = settings.get("backend-protocol-version", "HTTP1")
    immutable = (str(group_port), target_type, protocol, version)
    identity = (cluster_name, stack_id, member.ingress.key, service.uid, str(backend.port), *immutable)
    return TargetGroup(
        name=short_name(service.namespace, service.name, widths=(8, 8), identity=identity),
        port=group_port,
        protocol=protocol,
        protocol_version=version,
        target_type=target_type,
        health_check=_health_check(settings, version),
        attributes=settings.get("target-group-attributes", {}),
        targets=_targets(target_type, service, port, settings.get("target-node-labels", {}), cluster),
        tags=_tags(member, settings, service, backend),
    )


def _find(member: Member, backend: Backend, cluster: Cluster) -> tuple[Service, ServicePort]:
    if not backend.service:
        raise ModelError('missing required "service" field')
    service = cluster.services.get((member.ingress.namespace, backend.service))
    if service is None:
        raise ModelError(f'Service "{backend.service}" not found')
    port = service.find_port(backend.port)
    if port is None:
        raise ModelError(f"unable to find port {backend.port} on service {service.namespace}/{service.name}")
    return service, port


def _merge_settings(member: Member, service: Service) -> dict[str, Any]:
    """The Ingress's settings, over which the Service's own win."""
    try:
        own = parse(service.annotations, on_service=True)
    except AnnotationError as error:
        raise ModelError(f"service: {service.namespace}/{service.name}: {error}") from None
    return {**member.settings, **own}


def _group_port(target_type: str, port: ServicePort) -> int:
    if target_type == "instance":
        if not port.node_port:
            raise ModelError(
                "TargetGroup port is empty. When using Instance targets, your service be must of type 'NodePort' or"
                " 'LoadBalancer'"
            )
        return port.node_port
    # A named port can be another number in each pod; targets carry their own, and the group's is not used.
    return port.target if isinstance(port.target, int) else 1


def _health_check(settings: Mapping[str, Any], version: str) -> HealthCheck:
    path, codes = _GRPC_HEALTH_CHECK if version == "GRPC" else _HTTP_HEALTH_CHECK
    check = HealthCheck(
        protocol=settings.get("healthcheck-protocol", settings.get("backend-protocol", "HTTP")),
        port=str(settings.get("healthcheck-port", "traffic-port")),
        path=settings.get("healthcheck-path", path),
        interval_seconds=settings.get("healthcheck-interval-seconds", 15),
        timeout_seconds=settings.get("healthcheck-timeout-seconds", 5),
        healthy_threshold=settings.get("healthy-threshold-count", 2),
        unhealthy_threshold=settings.get("unhealthy-threshold-count", 2),
        success_codes=settings.get("success-codes", codes),
    )
    if check.timeout_seconds >= check.interval_seconds:
        raise ModelError(
            f"health check timeout ({check.timeout_seconds}) must be smaller than the interval"
            f" ({check.interval_seconds})"
        )
    return check


def _targets(
    target_type: str, service: Service, port: ServicePort, node_labels: Mapping[str, str], cluster: Cluster
) -> frozenset[tuple[str, int]]:
    if target_type == "instance":
        nodes = [node for node in cluster.nodes if node_labels.items() <= node.labels.items()]
        return frozenset((node.instance_id, port.node_port) for node in nodes)
    wanted = (service.namespace, service.name, port.name)
    return frozenset(
        (endpoint.address, endpoint.port)
        for endpoint in cluster.endpoints
        if (endpoint.namespace, endpoint.service, endpoint.port_name) == wanted
    )


def _tags(member: Member, settings: Mapping[str, Any], service: Service, backend: Backend) -> Tags:
    service_tags = settings.get("tags", {})
    check_tags(service_tags)
    resource = f"{member.ingress.key}-{service.name}:{backend.port}"
    return {**member.tags, **service_tags, "ingress.k8s.aws/resource": resource}
