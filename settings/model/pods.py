"""Connect's pods."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from settings import images, resources
from settings.marks import COMPUTED, Derived, Only, connect
from settings.model.section import Section
from settings.targets import KUBERNETES
from settings.types import kubernetes


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
        description="Secrets in the namespace that open the images' registry.",
        examples=[["registry-login"]],
    )
    node_selector: Annotated[kubernetes.NodeLabels, Only(KUBERNETES)] = Field(
        default={"kubernetes.io/arch": "amd64"},
        description="Labels of the nodes to run on. The images are for amd64 only.",
        examples=[{"kubernetes.io/arch": "amd64", "workload": "studios"}],
    )
    proxy_replicas: Annotated[int, Only(KUBERNETES)] = Field(
        default=2, ge=1, le=100, description="Pods of the proxy.", examples=[3]
    )
    server_replicas: Annotated[int, Only(KUBERNETES)] = Field(
        default=2, ge=1, le=100, description="Pods of the server.", examples=[3]
    )
    proxy_requests: Annotated[resources.ProxyRequests, Only(KUBERNETES)] = Field(
        default=resources.PROXY_REQUESTS,
        description="What a pod of the proxy is sure to get.",
        examples=[{"cpu": "100m"}],
    )
    proxy_limits: Annotated[resources.ProxyLimits, Only(KUBERNETES)] = Field(
        default=resources.PROXY_LIMITS,
        description="The most that a pod of the proxy may use.",
        examples=[{"memory": "1Gi"}],
    )
    server_requests: Annotated[resources.ServerRequests, Only(KUBERNETES)] = Field(
        default=resources.SERVER_REQUESTS,
        description="What a pod of the server is sure to get.",
        examples=[{"cpu": "100m"}],
    )
    server_limits: Annotated[resources.ServerLimits, Only(KUBERNETES)] = Field(
        default=resources.SERVER_LIMITS,
        description="The most that a pod of the server may use.",
        examples=[{"memory": "1Gi"}],
    )
    drain_seconds: Annotated[int, Only(KUBERNETES)] = Field(
        default=60,
        ge=0,
        le=540,
        description="Seconds for which a pod that is to end still serves who is connected; 0 needs no Kubernetes 1.30.",
        examples=[120],
    )
    ready_timeout: Annotated[int, Only(KUBERNETES)] = Field(
        default=600,
        ge=10,
        le=7200,
        description="Seconds that each may take: Connect's pods, cron and backend to start, the load balancer to come.",
        examples=[900],
    )
    read_only_root_filesystem: Annotated[
        bool,
        connect("XDG_CONFIG_HOME", COMPUTED),
        connect("XDG_DATA_HOME", COMPUTED),
        Only(KUBERNETES),
    ] = Field(default=True, description="Let the pods write to their `storageRoot` and `/tmp` alone.", examples=[False])
    openshift: Annotated[
        bool,
        connect("XDG_CONFIG_HOME", COMPUTED),
        connect("XDG_DATA_HOME", COMPUTED),
        Only(KUBERNETES),
    ] = Field(
        default=False, description="Let OpenShift choose user and group of the pods, instead of 65532.", examples=[True]
    )
    network_policies: Annotated[bool, Only(KUBERNETES)] = Field(
        default=True,
        description="Let the server be reached by the proxy alone, and the proxy on its port.",
        examples=[False],
    )
    management_namespace: Annotated[kubernetes.Label | None, Only(KUBERNETES), Derived("nobody may")] = Field(
        default=None,
        description="Namespace whose pods may reach `managementPort` in spite of `networkPolicies`.",
        examples=["monitoring"],
    )
