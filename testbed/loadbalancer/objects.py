"""What the controller reads of Kubernetes objects, parsed from the API's JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Backend:
    """A Service of the Ingress's namespace, and its port by number or name; ``service`` is empty where a path names
    no Service."""

    service: str
    port: int | str

    @classmethod
    def of(cls, backend: Json) -> Backend:
        """From an ``IngressBackend``."""
        service = backend.get("service") or {}
        port = service.get("port") or {}
        return cls(service.get("name", ""), port.get("name") or port.get("number", 0))


@dataclass(frozen=True)
class Path:
    """One path of a rule; ``type`` is Exact, Prefix or ImplementationSpecific."""

    path: str
    type: str
    backend: Backend


@dataclass(frozen=True)
class HostRule:
    """The paths of one host; an empty ``host`` is any."""

    host: str
    paths: tuple[Path, ...]

    @classmethod
    def of(cls, rule: Json) -> HostRule:
        """From an ``IngressRule``."""
        paths = (rule.get("http") or {}).get("paths") or []
        return cls(
            rule.get("host", ""),
            tuple(Path(p.get("path", ""), p["pathType"], Backend.of(p["backend"])) for p in paths),
        )


@dataclass(frozen=True)
class Ingress:
    """An Ingress, with what decides whose it is."""

    namespace: str
    name: str
    uid: str
    annotations: Mapping[str, str]
    finalizers: tuple[str, ...]
    deleting: bool
    class_name: str | None
    rules: tuple[HostRule, ...]
    default_backend: Backend | None
    tls_hosts: tuple[str, ...]
    hostname: str | None

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host of rules and TLS entries, each once, in order."""
        hosts = (*(rule.host for rule in self.rules if rule.host), *self.tls_hosts)
        return tuple(dict.fromkeys(hosts))

    @property
    def backends(self) -> tuple[Backend, ...]:
        """Every backend of the rules, and the default one."""
        of_rules = (path.backend for rule in self.rules for path in rule.paths)
        return (*of_rules, self.default_backend) if self.default_backend else tuple(of_rules)

    @classmethod
    def of(cls, ingress: Json) -> Ingress:
        """From an ``Ingress``."""
        metadata, spec = ingress["metadata"], ingress.get("spec") or {}
        published = ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or [{}]
        default = spec.get("defaultBackend")
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            annotations=metadata.get("annotations") or {},
            finalizers=tuple(metadata.get("finalizers") or ()),
            deleting="deletionTimestamp" in metadata,
            class_name=spec.get("ingressClassName"),
            rules=tuple(HostRule.of(rule) for rule in spec.get("rules") or ()),
            default_backend=Backend.of(default) if default else None,
            tls_hosts=tuple(host for tls in spec.get("tls") or () for host in tls.get("hosts") or ()),
            hostname=published[0].get("hostname"),
        )


@dataclass(frozen=True)
class ServicePort:
    """One port; ``target`` is a number, or the name of a container's port."""

    name: str
    port: int
    target: int | str
    node_port: int


@dataclass(frozen=True)
class Service:
    """A Service."""

    namespace: str
    name: str
    uid: str
    type: str
    annotations: Mapping[str, str]
    ports: tuple[ServicePort, ...]

    def find_port(self, wanted: int | str) -> ServicePort | None:
        """The port of that number or name."""
        return next((port for port in self.ports if wanted in (port.port, port.name)), None)

    @classmethod
    def of(cls, service: Json) -> Service:
        """From a ``Service``."""
        metadata, spec = service["metadata"], service["spec"]
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            type=spec.get("type", "ClusterIP"),
            annotations=metadata.get("annotations") or {},
            ports=tuple(
                ServicePort(p.get("name", ""), p["port"], p.get("targetPort", p["port"]), p.get("nodePort", 0))
                for p in spec.get("ports") or ()
            ),
        )


@dataclass(frozen=True)
class Endpoint:
    """A pod that is ready to serve a Service's port, by the name of that port."""

    namespace: str
    service: str
    port_name: str
    address: str
    port: int


def endpoints_of(endpoint_slice: Json) -> Iterable[Endpoint]:
    """The ready endpoints of an ``EndpointSlice``."""
    metadata = endpoint_slice["metadata"]
    service = (metadata.get("labels") or {}).get("kubernetes.io/service-name", "")
    for endpoint in endpoint_slice.get("endpoints") or ():
        # An absent condition counts as ready: the API's own rule.
        if (endpoint.get("conditions") or {}).get("ready") is False:
            continue
        for port in endpoint_slice.get("ports") or ():
            for address in endpoint["addresses"]:
                yield Endpoint(metadata["namespace"], service, port.get("name") or "", address, port["port"])


@dataclass(frozen=True)
class Node:
    """A node that is ready, as an EC2 instance."""

    name: str
    instance_id: str
    labels: Mapping[str, str]


def node_of(node: Json) -> Node | None:
    """The node, or None if it isn't Ready or is no EC2 instance."""
    instance = re.search(r"i-[0-9a-f]+$", (node.get("spec") or {}).get("providerID", ""))
    conditions = (node.get("status") or {}).get("conditions") or ()
    ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    if not instance or not ready:
        return None
    return Node(node["metadata"]["name"], instance[0], node["metadata"].get("labels") or {})


@dataclass(frozen=True)
class Cluster:
    """Everything that the controller reads of Kubernetes, at one moment."""

    ingresses: tuple[Ingress, ...]
    #: The ``spec.controller`` of each IngressClass by its name.
    classes: Mapping[str, str]
    services: Mapping[tuple[str, str], Service]
    endpoints: frozenset[Endpoint]
    nodes: tuple[Node, ...]

    @classmethod
    def of(
        cls,
        ingresses: Iterable[Json] = (),
        classes: Iterable[Json] = (),
        services: Iterable[Json] = (),
        endpoint_slices: Iterable[Json] = (),
        nodes: Iterable[Json] = (),
    ) -> Cluster:
        """From the API's objects."""
        parsed = [Service.of(service) for service in services]
        found = sorted(filter(None, map(node_of, nodes)), key=lambda node: node.name)
        return cls(
            ingresses=tuple(Ingress.of(ingress) for ingress in ingresses),
            classes={item["metadata"]["name"]: item["spec"].get("controller", "") for item in classes},
            services={(service.namespace, service.name): service for service in parsed},
            endpoints=frozenset(endpoint for item in endpoint_slices for endpoint in endpoints_of(item)),
            nodes=tuple(found),
        )
