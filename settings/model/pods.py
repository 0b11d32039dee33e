"""Connect's pods."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from settings import images, resources
from settings.marks import COMPUTED, Derived, Only, connect, platform
from settings.model.section import Section
from settings.mounts import CERTIFICATES_VARIABLE, CONFIG_HOME_VARIABLE, DATA_HOME_VARIABLE, PLATFORM_CA_VARIABLE
from settings.targets import KUBERNETES
from settings.types import kubernetes, pods


class PodsSection(Section):
    """The images of the proxy and the server, and how their pods run."""

    heading: ClassVar[str] = "Connect's pods"

    proxy_image: Annotated[images.ProxyImage, Derived(f"`{images.PROXY}`, tag `proxyVersion`")] = Field(
        default_factory=lambda data: images.default_image(images.PROXY, data["proxy_version"]),
        description="Image of the proxy: a repository, or with a tag or digest of its own.",
        examples=["registry.example.com/studios/proxy"],
    )
    server_image: Annotated[images.ServerImage, Derived(f"`{images.SERVER}`, tag `serverVersion`")] = Field(
        default_factory=lambda data: images.default_image(images.SERVER, data["server_version"]),
        description="Image of the server: a repository, or with a tag or digest of its own.",
        examples=["registry.example.com/studios/server"],
    )
    image_pull_secrets: Annotated[kubernetes.ObjectNames, Only(KUBERNETES)] = Field(
        default=("cr.seqera.io",),
        description="Pull secrets in the namespace for the images' registry.",
        examples=[["registry-login"]],
    )
    node_selector: Annotated[kubernetes.NodeLabels, Only(KUBERNETES)] = Field(
        default={"kubernetes.io/arch": "amd64"},
        description="Labels of the nodes to run on. The images are for amd64 only.",
        examples=[{"kubernetes.io/arch": "amd64", "workload": "studios"}],
    )
    tolerations: Annotated[pods.Tolerations, Only(KUBERNETES)] = Field(
        default=(),
        description="Taints that the pods of proxy and server tolerate, as a pod has them.",
        examples=[[{"key": "workload", "value": "studios", "effect": "NoSchedule"}]],
    )
    affinity: Annotated[pods.Affinity, Only(KUBERNETES), Derived("pods of one workload apart, if there is room")] = (
        Field(
            default={},
            description="Affinity of the pods, as a pod has it; a `podAntiAffinity` replaces the default one.",
            examples=[{"podAntiAffinity": {}}],
        )
    )
    priority_class_name: Annotated[pods.PriorityClass | None, Only(KUBERNETES)] = Field(
        default=None, description="PriorityClass of the pods.", examples=["acme-high"]
    )
    service_account: Annotated[kubernetes.ObjectName | None, Only(KUBERNETES), Derived("`default`")] = Field(
        default=None,
        description="ServiceAccount of the pods, which exists already; its token is not mounted.",
        examples=["studios"],
    )
    pod_labels: Annotated[pods.Labels, Only(KUBERNETES)] = Field(
        default={}, description="Further labels of the pods.", examples=[{"team": "research"}]
    )
    pod_annotations: Annotated[pods.Annotations, Only(KUBERNETES)] = Field(
        default={}, description="Further annotations of the pods.", examples=[{"sidecar.istio.io/inject": "false"}]
    )
    labels: Annotated[pods.Labels, Only(KUBERNETES)] = Field(
        default={},
        description="Further labels of every object that the stack makes; those of the pods are `podLabels`.",
        examples=[{"cost-center": "4711"}],
    )
    pull_policy: Annotated[
        Literal["Always", "IfNotPresent", "Never"] | None,
        Only(KUBERNETES),
        Derived("`Always`, for an image by digest `IfNotPresent`"),
    ] = Field(default=None, description="When nodes pull the images.", examples=["IfNotPresent"])
    extra_volumes: Annotated[pods.Volumes, Only(KUBERNETES)] = Field(
        default=(),
        description="Further volumes of the pods, as a pod has them.",
        examples=[[{"name": "extra", "configMap": {"name": "acme-settings"}}]],
    )
    extra_mounts: Annotated[pods.Mounts, Only(KUBERNETES)] = Field(
        default=(),
        description="Where `extraVolumes` are mounted in proxy and server, read-only unless `readOnly` is `false`.",
        examples=[[{"name": "extra", "mountPath": "/etc/extra"}]],
    )
    ca_certificate: Annotated[
        pods.Certificate | None,
        connect(CERTIFICATES_VARIABLE, COMPUTED),
        platform(PLATFORM_CA_VARIABLE, COMPUTED),
        Only(KUBERNETES),
    ] = Field(
        default=None,
        description=(
            "PEM file with the private CA of Platform's certificate, in a ConfigMap or a Secret: "
            "the proxy and the server trust it beside the public ones. From 26.2 on, Platform gives it to sessions."
        ),
        examples=[{"configMap": "acme-ca", "key": "ca.crt"}],
    )
    proxy_replicas: Annotated[pods.Replicas, Only(KUBERNETES)] = Field(
        default=2, description="Pods of the proxy; `auto` leaves their number to an autoscaler.", examples=[3]
    )
    server_replicas: Annotated[int, Only(KUBERNETES)] = Field(
        default=2, ge=1, le=100, description="Pods of the server.", examples=[3]
    )
    proxy_requests: Annotated[resources.ProxyRequests, Only(KUBERNETES)] = Field(
        default=resources.PROXY_REQUESTS,
        description="Resource requests of each proxy pod.",
        examples=[{"cpu": "100m"}],
    )
    proxy_limits: Annotated[resources.ProxyLimits, Only(KUBERNETES)] = Field(
        default=resources.PROXY_LIMITS,
        description="Resource limits of each proxy pod.",
        examples=[{"memory": "1Gi"}],
    )
    server_requests: Annotated[resources.ServerRequests, Only(KUBERNETES)] = Field(
        default=resources.SERVER_REQUESTS,
        description="Resource requests of each server pod.",
        examples=[{"cpu": "100m"}],
    )
    server_limits: Annotated[resources.ServerLimits, Only(KUBERNETES)] = Field(
        default=resources.SERVER_LIMITS,
        description="Resource limits of each server pod.",
        examples=[{"memory": "1Gi"}],
    )
    drain_seconds: Annotated[int, Only(KUBERNETES)] = Field(
        default=60,
        ge=0,
        le=540,
        description="Seconds that a terminating pod keeps serving open connections. 0 disables this and lifts the "
        "Kubernetes 1.30 requirement.",
        examples=[120],
    )
    ready_timeout: Annotated[int, Only(KUBERNETES)] = Field(
        default=600,
        ge=10,
        le=7200,
        description="Seconds to wait for each of: Connect's pods, the restarts of cron and backend, the load balancer.",
        examples=[900],
    )
    read_only_root_filesystem: Annotated[
        bool,
        connect(CONFIG_HOME_VARIABLE, COMPUTED),
        connect(DATA_HOME_VARIABLE, COMPUTED),
        Only(KUBERNETES),
    ] = Field(
        default=True,
        description="Mount the root file system read-only: the pods write only to `storageRoot` and `/tmp`.",
        examples=[False],
    )
    openshift: Annotated[
        bool,
        connect(CONFIG_HOME_VARIABLE, COMPUTED),
        connect(DATA_HOME_VARIABLE, COMPUTED),
        Only(KUBERNETES),
    ] = Field(
        default=False, description="Let OpenShift choose user and group of the pods, instead of 65532.", examples=[True]
    )
    network_policies: Annotated[bool, Only(KUBERNETES)] = Field(
        default=True,
        description="Create NetworkPolicies: only the proxy reaches the server, and the proxy serves only its port.",
        examples=[False],
    )
    service_monitor: Annotated[bool, Only(KUBERNETES)] = Field(
        default=False,
        description="Make a ServiceMonitor for Prometheus, which fetches `/metrics` at `managementPort`.",
        examples=[True],
    )
    management_namespace: Annotated[kubernetes.Label | None, Only(KUBERNETES), Derived("none")] = Field(
        default=None,
        description="Namespace with pods that may reach `managementPort` in spite of `networkPolicies`.",
        examples=["monitoring"],
    )
