"""The arguments of the package's components, as a program in any language gives them.

The Pulumi SDK makes the package's schema from these types and the texts beneath them: hence a text for each, and no
`from __future__ import annotations`, which would hide the types from it.
"""

from typing import TypedDict

import pulumi
from typing_extensions import NotRequired


class SecretKey(TypedDict):
    """One key of a Secret, in the pod's own namespace."""

    secret: pulumi.Input[str]
    """Name of the Secret."""
    key: str
    """Key in it."""


class PodSettings(TypedDict):
    """How the pods of one workload are scheduled and what they may use."""

    replicas: int
    """Number of pods."""
    node_selector: NotRequired[dict[str, str]]
    """Labels that a node must have. Without them `kubernetes.io/arch: amd64`, as the Connect images are for amd64."""
    image_pull_secrets: NotRequired[list[str]]
    """Names of registry Secrets that exist in the namespace."""
    requests: dict[str, str]
    """What the scheduler sets aside: `cpu`, `memory` and `ephemeral-storage`, in Kubernetes' units."""
    limits: dict[str, str]
    """What a pod may use at most, by the same names."""
    fixed_ids: NotRequired[bool]
    """Run as uid, gid and fsGroup 65532; `false` lets OpenShift choose them. Default: `true`."""
    read_only_root: NotRequired[bool]
    """Let the container write to its volumes alone. Default: `true`."""
    drain_seconds: NotRequired[int]
    """Seconds for which a pod that is to end still serves those who are connected; 0 ends it at once. Default: 60."""
    ready_seconds: NotRequired[int]
    """Seconds that the pods may take to become ready. Default: 600."""


class ExistingValue(TypedDict):
    """One key of a Secret that exists already."""

    namespace: str
    """The Secret's namespace."""
    secret: str
    """Name of the Secret."""
    key: str
    """Key in it."""


class WildcardCertificateArgs(TypedDict):
    """The arguments of WildcardCertificate."""

    host: str
    """The Platform's host, without scheme: `example.com`."""
    connect_host: str
    """The connect proxy's host: `connect.example.com`."""
    path_routing: NotRequired[bool]
    """Whether sessions are paths of the connect host, so that no wildcard is needed. Default: `false`."""
    zone_id: NotRequired[pulumi.Input[str]]
    """The public hosted zone that the validation records go into; needed unless `certificateArn` is given."""
    certificate_arn: NotRequired[pulumi.Input[str]]
    """An issued certificate that covers those hosts; then nothing is created."""
    issue_seconds: NotRequired[int]
    """How long ACM may take to issue the certificate, once its records exist. Default: 1800."""


class WildcardRecordArgs(TypedDict):
    """The arguments of WildcardRecord."""

    record_name: str
    """`*.example.com`; with path routing the connect host, `connect.example.com`."""
    zone_id: pulumi.Input[str]
    """The public hosted zone that serves the name."""
    load_balancer_hostname: pulumi.Input[str]
    """The DNS name of the application load balancer."""


class OidcCredentialsArgs(TypedDict):
    """The arguments of OidcCredentials."""

    rsa_bits: NotRequired[int]
    """The size of the RSA key, at least 2048 bits. Default: 2048. Another size makes another key."""
    token_rotation: NotRequired[str]
    """Any text; another one makes a new registration token."""
    key_rotation: NotRequired[str]
    """Any text; another one makes a new RSA key."""
    existing_token: NotRequired[ExistingValue]
    """Where the registration token is, if it exists already; then none is made."""
    existing_pem: NotRequired[ExistingValue]
    """Where the RSA key is, if it exists already, as private key with the public key beneath; then none is made."""
    protect_key: NotRequired[bool]
    """Whether the engine refuses to delete or to replace the RSA key that is made. Default: `false`."""


class StudiosConfigurationArgs(TypedDict):
    """The arguments of StudiosConfiguration."""

    namespace: str
    """Where Platform runs, and where everything of Studios goes."""
    pem_secret: str
    """Name of the Secret for the OIDC key."""
    pem_key: str
    """Key in it: `oidc.pem`."""
    pem: pulumi.Input[str]
    """The OIDC key: private key, with the public key beneath. Secret."""
    token_secret: str
    """Name of the Secret for the initial registration token of the OIDC client."""
    token_key: str
    """Key in it: `token`."""
    token: pulumi.Input[str]
    """The registration token. Secret."""
    existing: NotRequired[list[str]]
    """Names of those of the two Secrets that exist already, so that none is made."""
    credentials_secret: str
    """Name of the Secret for passwords that are given; it is made only if there are any."""
    proxy_credentials: NotRequired[dict[str, pulumi.Input[str]]]
    """Environment variable of the proxy → password. Each is kept in the Secret alone."""
    server_credentials: NotRequired[dict[str, pulumi.Input[str]]]
    """Environment variable of the server → password. Each is kept in the Secret alone."""
    proxy_config_map: str
    """Name of the proxy's ConfigMap."""
    server_config_map: str
    """Name of the server's ConfigMap."""
    proxy_environment: dict[str, str]
    """The proxy's environment variables that are not secret."""
    server_environment: dict[str, str]
    """The server's environment variables that are not secret."""


class ConnectProxyArgs(TypedDict):
    """The arguments of ConnectProxy."""

    namespace: str
    """Where Platform runs."""
    workload: str
    """The name of the Deployment and of the Service: `connect-proxy`."""
    image: str
    """Repository and tag."""
    pods: PodSettings
    """Replicas, scheduling, resources."""
    config_map: pulumi.Input[str]
    """The ConfigMap whose every key is an environment variable."""
    secrets: dict[str, SecretKey]
    """Environment variables by name, each read from a Secret."""
    checksum: pulumi.Input[str]
    """Any text that changes with what the pods read, so that they restart: an output of StudiosConfiguration."""
    http_port: NotRequired[int]
    """Where the proxy listens: `CONNECT_HTTP_PORT`. Default: 8081."""
    management_port: NotRequired[int]
    """Port of metrics and readiness, `CONNECT_MANAGEMENT_PORT`; none without it."""
    storage_root: NotRequired[str]
    """Where the proxy writes: `CONNECT_STORAGE_ROOT`. Default: `/data`."""
    storage_size: NotRequired[str]
    """The size limit there, in Kubernetes' units. Default: `100Mi`."""
    secret_mounts: NotRequired[dict[str, str]]
    """Mount path → name of a Secret that exists already."""
    node_port: NotRequired[bool]
    """Open the Service on every node, for a load balancer whose targets are nodes and not pods. Default: `false`."""


class ConnectServerArgs(TypedDict):
    """The arguments of ConnectServer."""

    namespace: str
    """Where Platform runs."""
    workload: str
    """The name of the StatefulSet and of the Service: `connect-server`."""
    image: str
    """Repository and tag."""
    pods: PodSettings
    """Replicas, scheduling, resources."""
    config_map: pulumi.Input[str]
    """The ConfigMap whose every key is an environment variable."""
    secrets: dict[str, SecretKey]
    """Environment variables by name, each read from a Secret."""
    checksum: pulumi.Input[str]
    """Any text that changes with what the pods read, so that they restart: an output of StudiosConfiguration."""
    tunnel_port: NotRequired[int]
    """Where the tunnels arrive: `CONNECT_TUNNEL_PORT`. Default: 7070."""
    listener_port: NotRequired[int]
    """Where the proxy asks for them: `CONNECT_LISTENER_PORT`. Default: 7777."""
    management_port: NotRequired[int]
    """Port of metrics and readiness, `CONNECT_MANAGEMENT_PORT`; none without it."""
    secret_mounts: NotRequired[dict[str, str]]
    """Mount path → name of a Secret that exists already."""


class StudiosIngressArgs(TypedDict):
    """The arguments of StudiosIngress."""

    namespace: str
    """Where Platform runs."""
    ingress_name: str
    """The Ingress's name."""
    host: str
    """`*.example.com`; with path routing the connect host."""
    service_name: pulumi.Input[str]
    """Name of the proxy's Service."""
    service_port: int
    """Port of the proxy's Service."""
    certificate_arn: pulumi.Input[str]
    """An issued certificate that covers `host`."""
    ingress_class: NotRequired[str]
    """The class that the controller serves. Default: `alb`."""
    scheme: NotRequired[str]
    """`internet-facing` or `internal`. Default: `internet-facing`."""
    target_type: NotRequired[str]
    """`ip` (pods) or `instance` (the nodes' ports). Default: `ip`."""
    ssl_policy: NotRequired[str]
    """The name of a predefined ELB security policy. Default: `ELBSecurityPolicy-TLS13-1-2-2021-06`."""
    idle_timeout_seconds: NotRequired[int]
    """Seconds without traffic after which a connection is cut. Default: 301, as 60 s cut a quiet WebSocket."""
    load_balancer_attributes: NotRequired[dict[str, str]]
    """Further attributes of the load balancer, by name."""
    healthcheck_path: NotRequired[str]
    """Path that the target group asks for. Default: `/`."""
    success_codes: NotRequired[str]
    """Status codes that mean the proxy is alive. Default: `200-399`."""
    group_name: NotRequired[str]
    """Share the load balancer of the Ingresses with this `group.name`; without it the Ingress gets one of its own."""
    group_order: NotRequired[int]
    """Where this Ingress's rules stand among the group's, lowest first."""
    annotations: NotRequired[dict[str, str]]
    """Further annotations of the Ingress."""
    ready_seconds: NotRequired[int]
    """How long the controller may take to make the load balancer. Default: 600."""


class StudiosNetworkPoliciesArgs(TypedDict):
    """The arguments of StudiosNetworkPolicies."""

    namespace: str
    """Where the pods run."""
    proxy: str
    """The proxy's workload: `app` labels its pods with that name."""
    proxy_port: int
    """Where the proxy listens."""
    server: str
    """The server's workload: `app` labels its pods with that name."""
    server_ports: list[int]
    """Where the server listens for the proxy and, through it, for sessions."""
    management_port: NotRequired[int]
    """Where both give metrics; none without it."""
    management_namespace: NotRequired[str]
    """The namespace whose pods may fetch them; without it nobody may."""
