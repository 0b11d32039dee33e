"""Pods: the Pod Security Standard "restricted", and images that stay what they are.

https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .objects import UNKNOWN, Resource

_POD_SPECS = {
    "Pod": "spec",
    "Deployment": "spec.template.spec",
    "StatefulSet": "spec.template.spec",
    "DaemonSet": "spec.template.spec",
    "ReplicaSet": "spec.template.spec",
    "Job": "spec.template.spec",
    "CronJob": "spec.jobTemplate.spec.template.spec",
}
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_HOST = ("hostNetwork", "hostPID", "hostIPC")
_VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
)


def restricted_pods(resource: Resource) -> Iterator[str]:
    """A pod may do more than the Pod Security Standard "restricted" lets it."""
    spec = _pod_spec(resource)
    if spec is None:
        return
    for key in _HOST:
        if spec.get(key):
            yield f"the pod has {key}; take it out"
    for volume in spec.get("volumes") or ():
        for kind in sorted(set(volume) - _VOLUMES - {"name"}):
            if volume[kind] is not None:
                yield f"the volume {volume.get('name')} is a {kind}; use one of {', '.join(sorted(_VOLUMES))}"
    pod_security = spec.get("securityContext") or {}
    for container in _containers(spec):
        yield from _restricted_container(container, pod_security)


def _restricted_container(container: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[str]:
    name = container.get("name")
    own = container.get("securityContext") or {}
    capabilities = own.get("capabilities") or {}
    if own.get("privileged"):
        yield f"the container {name} is privileged; take it out"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"the container {name} may gain privileges; write allowPrivilegeEscalation: false"
    if "ALL" not in (capabilities.get("drop") or ()):
        yield f"the container {name} keeps capabilities; write capabilities.drop: [ALL]"
    added = sorted(set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"})
    if added:
        yield f"the container {name} adds the capabilities {', '.join(added)}; only NET_BIND_SERVICE may be added"
    if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        yield f"the container {name} may run as root; write runAsNonRoot: true"
    if own.get("runAsUser", pod.get("runAsUser")) == 0:
        yield f"the container {name} runs as user 0; write another"
    profile = own.get("seccompProfile") or pod.get("seccompProfile") or {}
    if profile.get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"the container {name} has no seccomp profile; write seccompProfile.type: RuntimeDefault"


def pinned_images(resource: Resource) -> Iterator[str]:
    """An image has no tag, or one that is moved: what runs tomorrow would not be what was tested."""
    spec = _pod_spec(resource)
    if spec is None:
        return
    for container in _containers(spec):
        image = container.get("image")
        if image is UNKNOWN or (image is None and resource.type.endswith("Patch")):
            continue
        if not is_pinned(image or ""):
            name = container.get("name")
            yield f"the container {name} has the image {image or 'none'}; write a tag, and not latest"


def is_pinned(image: str) -> bool:
    """Whether an image names a digest, or a tag other than ``latest``."""
    if "@sha256:" in image:
        return True
    # A colon before the last slash belongs to the registry's port.
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    return tag not in ("", "latest")


def _pod_spec(resource: Resource) -> Mapping[str, Any] | None:
    if not resource.is_kubernetes or resource.kind not in _POD_SPECS:
        return None
    return resource.map_at(_POD_SPECS[resource.kind]) or None


def _containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in _CONTAINERS:
        containers = spec.get(key)
        yield from containers if isinstance(containers, list | tuple) else ()
