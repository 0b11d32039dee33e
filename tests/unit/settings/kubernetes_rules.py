"""What Kubernetes and AWS take, written down from their own documents and not from the program.

Kubernetes: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and the API reference;
AWS: the API references of ACM, Route 53 and Elastic Load Balancing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z", re.ASCII)
SUBDOMAIN_LABEL = re.compile(r"(?!-)[a-z0-9-]+(?<!-)\Z", re.ASCII)
CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}\Z", re.ASCII)
LABEL_PART = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\Z", re.ASCII)
QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|k|M|G|Ki|Mi|Gi)?\Z", re.ASCII)
IMAGE_TAG = re.compile(r"[\w][\w.-]{0,127}\Z", re.ASCII)
IMAGE_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*\Z", re.ASCII)
REGISTRY = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]+)?\Z", re.ASCII)
CONFIG_MAP_BYTES = 1024 * 1024


def is_label(text: str) -> bool:
    """RFC 1123: the name of a namespace, a container, a volume."""
    return LABEL.match(text) is not None


def is_subdomain(text: str) -> bool:
    """The name of most objects: as a host's, but Kubernetes doesn't limit a label's length."""
    return len(text) <= 253 and all(SUBDOMAIN_LABEL.match(label) for label in text.split("."))


def is_host(text: str) -> bool:
    """A host, or a wildcard in place of its first label, as an Ingress, a record and a certificate take it."""
    labels = text.removeprefix("*.").split(".")
    return len(text) <= 253 and len(labels) > 1 and all(map(is_label, labels))


def is_service_name(text: str) -> bool:
    """RFC 1035: a label that begins with a letter."""
    return is_label(text) and text[0].isalpha()


def is_label_key(text: str) -> bool:
    """A label's or annotation's key: a name, behind a domain or not."""
    domain, slash, name = text.rpartition("/")
    return bool(name) and LABEL_PART.match(name) is not None and (not slash or is_subdomain(domain))


def is_config_key(text: str) -> bool:
    """A key of a ConfigMap or Secret."""
    return CONFIG_KEY.match(text) is not None and text != "." and not text.startswith("..")


def is_image(text: str) -> bool:
    """A reference that a container runtime can pull."""
    name, _, digest = text.partition("@")
    if digest and not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        return False
    path, _, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    first, *rest = [*path.split("/"), last] if path else [last]
    parts_fit = all(IMAGE_NAME.match(part) for part in rest)
    return parts_fit and (REGISTRY.match(first) is not None) and (not tag or IMAGE_TAG.match(tag) is not None)


def violations(kind: str, spec: dict[str, Any]) -> Iterator[str]:
    """What the API server would refuse in an object's inputs."""
    metadata = spec["metadata"]
    name_fits = is_service_name if kind in ("Service", "StatefulSet") else is_subdomain
    if not name_fits(metadata["name"]):
        yield f"{kind} is called {metadata['name']!r}"
    if kind == "StatefulSet" and len(metadata["name"]) > 52:
        yield f"pods of {metadata['name']!r} can't have the label controller-revision-hash"
    if not is_label(metadata["namespace"]):
        yield f"namespace {metadata['namespace']!r}"
    for key, value in (metadata.get("labels") or {}).items():
        if not is_label_key(key) or not LABEL_PART.match(value):
            yield f"label {key!r}: {value!r}"
    for key in metadata.get("annotations") or {}:
        if not is_label_key(key):
            yield f"annotation {key!r}"
    data = spec.get("data") or {}
    for key, value in data.items():
        if not is_config_key(key) or not isinstance(value, str) or _unprintable(value):
            yield f"data {key!r}: {value!r}"
    if sum(len(key) + len(str(value).encode()) for key, value in data.items()) > CONFIG_MAP_BYTES:
        yield f"{kind} {metadata['name']} holds more than 1 MiB"
    pod = ((spec.get("spec") or {}).get("template") or {}).get("spec")
    if pod is not None and "volumes" in pod:
        yield from _pod_violations(pod)
    for rule in (spec.get("spec") or {}).get("rules") or []:
        if not is_host(rule["host"]):
            yield f"rule for host {rule['host']!r}"


def _unprintable(text: str) -> bool:
    return any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in text)


def _pod_violations(pod: dict[str, Any]) -> Iterator[str]:
    (container,) = pod["containers"]
    volumes = [volume["name"] for volume in pod["volumes"]]
    paths = [mount["mountPath"] for mount in container["volumeMounts"]]
    if len(set(volumes)) < len(volumes) or len(set(paths)) < len(paths):
        yield f"volumes {volumes} at {paths} are not distinct"
    for path in paths:
        if not path.startswith("/") or ":" in path or ".." in path.split("/"):
            yield f"mount path {path!r}"
    for name in (*volumes, container["name"], *(port["name"] for port in container.get("ports", []))):
        if not is_label(name):
            yield f"name {name!r}"
    for secret in pod.get("imagePullSecrets", []):
        if not is_subdomain(secret["name"]):
            yield f"pull secret {secret['name']!r}"
    for key, value in pod.get("nodeSelector", {}).items():
        if not is_label_key(key) or not LABEL_PART.match(value):
            yield f"node selector {key!r}: {value!r}"
    ports = [port["containerPort"] for port in container.get("ports", [])]
    if len(set(ports)) < len(ports) or any(not 1 <= port <= 65535 for port in ports):
        yield f"ports {ports}"
    if not is_image(container.get("image", "")):
        yield f"image {container.get('image')!r}"
    amounts = [size for volume in pod["volumes"] if (size := volume.get("emptyDir", {}).get("sizeLimit"))]
    amounts += [amount for part in container["resources"].values() for amount in part.values()]
    for amount in amounts:
        if not QUANTITY.match(amount):
            yield f"amount {amount!r}"
