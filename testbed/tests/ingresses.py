"""Kubernetes objects and an AWS account, as small as the load balancer controller's tests need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from testbed.loadbalancer import groups, model
from testbed.loadbalancer.objects import Cluster
from testbed.loadbalancer.stack import Account, Certificate, Stack, Subnet

PREFIX = "alb.ingress.kubernetes.io/"
APEX = "arn:aws:acm:us-east-1:123456789012:certificate/apex"
WILDCARD = "arn:aws:acm:us-east-1:123456789012:certificate/wildcard"
PENDING = "arn:aws:acm:us-east-1:123456789012:certificate/pending"
IMPLEMENTATION_SPECIFIC = "ImplementationSpecific"

ACCOUNT = Account(
    subnets=(
        Subnet("subnet-a", "vpc-1", "us-east-1a", {"kubernetes.io/role/elb": "1"}),
        Subnet("subnet-b", "vpc-1", "us-east-1b", {"kubernetes.io/role/elb": "1"}),
    ),
    certificates={
        APEX: Certificate(APEX, "ISSUED", ("example.com",)),
        WILDCARD: Certificate(WILDCARD, "ISSUED", ("*.example.com",)),
        PENDING: Certificate(PENDING, "PENDING_VALIDATION", ("example.com", "*.example.com")),
    },
    ssl_policies=frozenset({"ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-2-2021-06"}),
)


def ingress(
    name: str,
    *paths: tuple[str, str],
    host: str = "example.com",
    service: str = "frontend",
    port: int | str = 80,
    finalizers: Sequence[str] = (),
    deleting: bool = False,
    class_name: str | None = "alb",
    **annotations: Any,
) -> dict[str, Any]:
    """An Ingress in namespace ``ns``; annotations are given as ``group_name`` for ``group.name``, and so on: the first
    ``__`` is a dot, every other ``_`` a hyphen. Internet-facing unless it says otherwise."""
    given = {key.replace("__", ".").replace("_", "-"): value for key, value in annotations.items()}
    backend = {"service": {"name": service, "port": {"name" if isinstance(port, str) else "number": port}}}
    rules = [{"path": path, "pathType": kind, "backend": backend} for path, kind in paths or (("/", "Prefix"),)]
    metadata: dict[str, Any] = {
        "namespace": "ns",
        "name": name,
        "uid": f"uid-{name}",
        "finalizers": list(finalizers),
        "annotations": {PREFIX + key: value for key, value in {"scheme": "internet-facing", **given}.items()},
    }
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    spec = {"ingressClassName": class_name, "rules": [{"host": host, "http": {"paths": rules}}]}
    return {"metadata": metadata, "spec": spec}


def service(name: str, type: str = "NodePort", annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A Service on port 80, named ``http``, to the pods' 8081; a NodePort is 30080."""
    port = {"name": "http", "port": 80, "targetPort": 8081}
    if type == "NodePort":
        port["nodePort"] = 30080
    metadata = {"namespace": "ns", "name": name, "uid": f"uid-{name}", "annotations": dict(annotations or {})}
    return {"metadata": metadata, "spec": {"type": type, "ports": [port]}}


def node(name: str, instance: str, ready: str = "True") -> dict[str, Any]:
    """A node that is an EC2 instance."""
    return {
        "metadata": {"name": name},
        "spec": {"providerID": f"aws:///us-east-1a/{instance}"},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def endpoint_slice(service_name: str, **ready_by_address: bool) -> dict[str, Any]:
    """Pods behind port ``http``; addresses are given as ``ip10_0_0_1``."""
    return {
        "metadata": {"namespace": "ns", "labels": {"kubernetes.io/service-name": service_name}},
        "ports": [{"name": "http", "port": 8081}],
        "endpoints": [
            {"addresses": [key.removeprefix("ip").replace("_", ".")], "conditions": {"ready": ready}}
            for key, ready in ready_by_address.items()
        ],
    }


def cluster(*ingresses: Mapping[str, Any], **others: Sequence[Mapping[str, Any]]) -> Cluster:
    """A cluster with IngressClass ``alb``, and Service ``frontend`` unless ``services`` are given."""
    classes = [{"metadata": {"name": "alb"}, "spec": {"controller": "ingress.k8s.aws/alb"}}]
    return Cluster.of(ingresses, classes, **{"services": [service("frontend")], **others})


def build(*ingresses: Mapping[str, Any], **others: Sequence[Mapping[str, Any]]) -> Stack:
    """The stack of the only group that these Ingresses make."""
    state = cluster(*ingresses, **others)
    [group] = groups.load(state)[0]
    return model.build(group, state, ACCOUNT, "testbed")
