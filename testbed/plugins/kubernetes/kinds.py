"""From a type token to the kind it stands for, and which of a kind's properties can't be changed in place."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from testbed.plugins.provider import Properties, ProviderError

Object = dict[str, Any]

_TOKEN: Final = re.compile(r"kubernetes:(?P<group>[a-z0-9.-]+)/(?P<version>v\d\w*):(?P<kind>[A-Z]\w*)")

#: What the official provider builds in its SDKs or with Helm, and a stand-in for kinds of the API server does not.
_NOT_KINDS: Final = ("helm.sh", "yaml", "kustomize")

#: Kinds without a namespace, for when no API server can be asked.
_CLUSTER_SCOPED: Final = frozenset(
    {
        "APIService",
        "CSIDriver",
        "CSINode",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "FlowSchema",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
    }
)

#: The API groups with a dot in their name that are Kubernetes' own; others ending alike are custom (Gateway API, say).
_BUILT_IN_GROUPS: Final = frozenset(
    f"{group}.k8s.io"
    for group in (
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "resource",
        "scheduling",
        "storage",
    )
)

_WORKLOAD: Final = ("spec.selector",)
_STATEFUL_SET: Final = (
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
)
_JOB: Final = ("spec.completions", "spec.parallelism", "spec.selector", "spec.template")
_CLAIM: Final = ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName")

#: Properties whose change replaces, by API version and kind; Secret and ConfigMap depend on the configuration too.
_REPLACED_BY: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("apps/v1", "DaemonSet"): _WORKLOAD,
    ("apps/v1", "Deployment"): _WORKLOAD,
    ("apps/v1", "StatefulSet"): _STATEFUL_SET,
    ("batch/v1", "Job"): _JOB,
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io/v1", "StorageClass"): ("parameters", "provisioner"),
    ("v1", "PersistentVolumeClaim"): _CLAIM,
    ("v1", "ResourceQuota"): ("spec.scopes",),
    ("v1", "Secret"): ("type",),
    ("v1", "Service"): ("spec.clusterIP",),
}


@dataclass(frozen=True)
class Kind:
    """A kind of the Kubernetes API; ``patch`` when the resource only patches an object that somebody else made."""

    api_version: str
    kind: str
    patch: bool = False

    @property
    def is_secret(self) -> bool:
        """Whether its data has to be kept secret."""
        return self.api_version == "v1" and self.kind == "Secret"

    @property
    def is_config_map(self) -> bool:
        """Whether it is a ConfigMap."""
        return self.api_version == "v1" and self.kind == "ConfigMap"

    @property
    def cluster_scoped_by_name(self) -> bool:
        """Whether it is one of Kubernetes' own kinds without a namespace."""
        return self.kind in _CLUSTER_SCOPED

    @property
    def is_built_in(self) -> bool:
        """Whether its group is one of Kubernetes itself: such kinds can't appear later, as custom ones can."""
        group = self.api_version.rpartition("/")[0]
        return "." not in group or group in _BUILT_IN_GROUPS


def parse_token(token: str) -> Kind:
    """The kind behind ``kubernetes:apps/v1:Deployment``, ``kubernetes:core/v1:ConfigMapPatch``, ….

    Raises:
        ProviderError: the token is no kind of the API server (a Helm chart, a YAML file), or a list of objects.
    """
    match = _TOKEN.fullmatch(token)
    if match is None or match["group"] in _NOT_KINDS:
        raise ProviderError(
            f"{token} is not a kind of the Kubernetes API: the stand-in provider of the testbed serves only kinds; "
            "Helm, Kustomize and YAML resources need the official provider"
        )
    group, version, kind = match["group"], match["version"], match["kind"]
    if kind.endswith("List"):
        raise ProviderError(
            "list resources exist for compatibility with YAML manifests and Helm charts, and cannot be created "
            "directly. Use the underlying resource type instead"
        )
    api_version = version if group == "core" else f"{group}/{version}"
    if kind.endswith("Patch"):
        return Kind(api_version, kind.removesuffix("Patch"), patch=True)
    return Kind(api_version, kind)


def replaced_by(kind: Kind, inputs: Properties, *, secret_mutable: bool, config_map_mutable: bool) -> Collection[str]:
    """The property patterns whose change means a new object.

    Args:
        kind: of the object.
        inputs: the new ones: an ``immutable`` Secret or ConfigMap is replaced whatever the configuration says.
        secret_mutable: the provider's ``enableSecretMutable``.
        config_map_mutable: the provider's ``enableConfigMapMutable``.
    """
    identity = ("metadata.name", "metadata.namespace")
    if kind.patch:
        return identity
    immutable = inputs.get("immutable") is True
    if kind.is_secret and (immutable or not secret_mutable):
        return (*identity, "type", "stringData", "data")
    if kind.is_config_map and (immutable or not config_map_mutable):
        return (*identity, "binaryData", "data")
    return (*identity, *_REPLACED_BY.get((kind.api_version, kind.kind), ()))


def object_id(namespace: str | None, name: str) -> str:
    """The id of a resource: ``namespace/name``, or the name alone where the kind has no namespace."""
    return f"{namespace}/{name}" if namespace else name


def parse_id(id: str) -> tuple[str | None, str]:
    """Namespace and name of an id.

    Raises:
        ProviderError: it has no name.
    """
    namespace, _, name = id.rpartition("/")
    if not name or "/" in namespace:
        raise ProviderError(
            f"failed to read resource because of a failure to parse resource name from request ID: {id}"
        )
    return namespace or None, name
