"""Every setting of a stack, typed, with its default and what it means.

The field `connect_url` is the config key `seqera-studios:connectUrl`. Defaults that follow from other settings are
filled in, so that no consumer has to derive anything. `settings.parsing.parse_settings` makes an instance from plain
values, `settings.loader.load_settings` from the stack's configuration.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

from settings import hosts, images, resources, templates, types
from settings.targets import KUBERNETES, Target
from settings.versions import default_connect_version


def _default_connect_url(data: dict[str, Any]) -> str:
    return f"https://connect.{hosts.host_of(data['platform_url'])}"


def _default_templates(data: dict[str, Any]) -> dict[str, templates.StudioTemplate]:
    return templates.default_templates(data["platform_version"], path_routing=data["path_routing"])


def _default_proxy_port(data: dict[str, Any]) -> int:
    return 8081 if data["target"] == KUBERNETES else 9090


def _default_redis_address(data: dict[str, Any]) -> str:
    return "" if data["target"] == KUBERNETES else "redis:6379"


def _default_override(data: dict[str, Any]) -> str:
    stem, _, extension = data["compose_file"].rpartition(".")
    return f"{stem}.override.{extension}"


class Settings(BaseModel):
    """The settings of one stack, checked as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, arbitrary_types_allowed=True)

    target: Target = Field(
        default=KUBERNETES,
        description="Where Platform runs: `kubernetes` for EKS, `compose` for Docker Compose on an EC2 instance.",
    )

    # Platform and its release
    platform_url: types.HttpsUrl = Field(
        description="Where users reach Platform: its `TOWER_SERVER_URL`, https.", examples=["https://example.com"]
    )
    platform_version: types.PlatformVersion = Field(
        description="Release of the Platform install, 25.1 to 26.1, such as `25.3` or `25.3.3`.", examples=["25.3"]
    )
    connect_url: types.HttpsUrl = Field(
        default_factory=_default_connect_url,
        description="Where sessions are reached: a first-level subdomain of Platform's host.",
        json_schema_extra={"shown_default": "`https://connect.` and Platform's host"},
    )
    connect_version: types.ConnectVersion = Field(
        default_factory=lambda data: default_connect_version(data["platform_version"]),
        description="Release of Connect: the tag of the proxy's and the server's image.",
        json_schema_extra={"shown_default": "what Seqera ships with `platformVersion`"},
    )
    path_routing: bool = Field(
        default=False,
        description="One host and a path for each session, instead of a host each: needs no wildcard certificate.",
    )

    # Where Platform runs
    namespace: types.Label = Field(
        default="",
        description="Namespace of the Platform install; Studios is put beside it.",
        examples=["platform-stage"],
    )
    eks_cluster: types.ClusterName | None = Field(
        default=None, description="EKS cluster by name. Without it and `kubeconfig`: the cluster that kubectl uses."
    )
    kubeconfig: types.EnvironmentText | None = Field(default=None, description="Path of a kubeconfig file.")
    kube_context: types.EnvironmentText | None = Field(
        default=None, description="Context in the kubeconfig.", json_schema_extra={"shown_default": "the current one"}
    )

    # Where Platform runs, with Docker Compose
    instance_id: types.InstanceId | None = Field(
        default=None,
        description="EC2 instance that Platform runs on, by id. Exactly one of this and `instanceTags`.",
        examples=["i-0123456789abcdef0"],
    )
    instance_tags: types.Tags | None = Field(
        default=None, description="EC2 instance by its tags: the one running instance that has all of them."
    )
    instance_security_group: types.SecurityGroupId | None = Field(
        default=None,
        description="Security group of the instance that is opened for the load balancer.",
        json_schema_extra={"shown_default": "the instance's, if it has one only"},
    )
    compose_folder: types.Folder = Field(
        default="",
        description="Folder on the instance that holds Platform's docker-compose.yml, tower.env and tower.yml.",
        examples=["/home/ec2-user/seqera"],
    )
    compose_file: types.YamlFile = Field(
        default="docker-compose.yml", description="Name of Platform's compose file in that folder."
    )
    compose_override: types.YamlFile = Field(
        default_factory=_default_override,
        description="Name of the compose file that is put beside it, and must not exist.",
        json_schema_extra={"shown_default": "`docker-compose.override.yml`, which docker compose reads by itself"},
    )
    backend_service: types.ComposeService = Field(default="backend", description="Service of Platform's backend.")
    cron_service: types.ComposeService = Field(default="cron", description="Service of Platform's cron.")
    proxy_networks: types.ComposeNetworks = Field(
        default=("frontend", "backend"), description="Networks of the compose file that the proxy joins."
    )
    server_networks: types.ComposeNetworks = Field(
        default=("backend",), description="Networks of the compose file that the server joins."
    )
    container_uid: int = Field(
        default=101,
        ge=0,
        le=2**31 - 1,
        description="User as which backend and cron run: the RSA key's file is readable by this one and root alone.",
    )
    docker_config: types.Folder | None = Field(
        default=None,
        description="Folder on the instance with docker's `config.json`, and in it the login at the images' registry.",
        json_schema_extra={"shown_default": "root's own, `/root/.docker`"},
    )
    delivery: Literal["ssm", "files"] = Field(
        default="ssm",
        description="How the files get there: by Systems Manager, or by hand from what `python -m delivery` writes.",
    )
    attach_instance_policy: bool = Field(
        default=True,
        description="Let the instance's role read the bundle's secret; if not, the policy to attach is an output.",
    )
    install_timeout: int = Field(
        default=900, ge=60, le=7200, description="Seconds that the installation on the instance may take."
    )

    # DNS and certificate
    hosted_zone: types.Domain | None = Field(
        default=None, description="Route 53 zone for the records, by name. Exactly one of this and `hostedZoneId`."
    )
    hosted_zone_id: types.HostedZoneId | None = Field(default=None, description="Route 53 zone for the records, by id.")
    certificate_arn: types.CertificateArn | None = Field(
        default=None,
        description="An ACM certificate that exists already, for Platform's host and all its first-level subdomains.",
        json_schema_extra={"shown_default": "one is made and validated"},
    )
    certificate_timeout: int = Field(
        default=1800,
        ge=10,
        le=86400,
        description="Seconds that ACM may take to issue the certificate, once its records are in the zone.",
    )

    # Redis
    redis_address: types.RedisAddress = Field(
        default_factory=_default_redis_address,
        json_schema_extra={"shown_default": "**required**; on Compose `redis:6379`"},
        description="Redis of the Platform install, `host:port`; port 6379 if left out.",
        examples=["redis:6379"],
    )
    redis_prefix: types.EnvironmentText = Field(
        default="connect:session", description="Prefix of Connect's keys in Redis."
    )
    redis_database: int = Field(default=1, ge=0, le=65535, description="Number of the Redis database.")
    redis_tls: bool = Field(default=False, description="Speak TLS to Redis.")
    redis_tls_skip_verify: bool = Field(default=False, description="Accept any certificate from Redis.")
    redis_tls_secret: types.ObjectName | None = Field(
        default=None, description="Secret of type `kubernetes.io/tls` with the client certificate for Redis."
    )
    redis_user: types.EnvironmentText | None = Field(default=None, description="User name at Redis.")
    redis_password: SecretStr | None = Field(default=None, min_length=1, description="Password at Redis (secret).")

    # Connect's pods
    proxy_image: images.ConnectImage = Field(
        default_factory=lambda data: images.default_image(images.PROXY, data["connect_version"]),
        description="Image of the proxy: a repository, or with a tag or digest of its own.",
        json_schema_extra={"shown_default": f"`{images.PROXY}`, tag `connectVersion`"},
    )
    server_image: images.ConnectImage = Field(
        default_factory=lambda data: images.default_image(images.SERVER, data["connect_version"]),
        description="Image of the server: a repository, or with a tag or digest of its own.",
        json_schema_extra={"shown_default": f"`{images.SERVER}`, tag `connectVersion`"},
    )
    image_pull_secrets: types.ObjectNames = Field(
        default=("cr.seqera.io",), description="Secrets in the namespace that open the images' registry."
    )
    node_selector: types.NodeLabels = Field(
        default={"kubernetes.io/arch": "amd64"},
        description="Labels of the nodes to run on. The images are for amd64 only.",
    )
    proxy_replicas: int = Field(default=2, ge=1, le=100, description="Pods of the proxy.")
    server_replicas: int = Field(default=2, ge=1, le=100, description="Pods of the server.")
    proxy_requests: resources.ProxyRequests = Field(
        default=resources.PROXY_REQUESTS, description="What a pod of the proxy is sure to get."
    )
    proxy_limits: resources.ProxyLimits = Field(
        default=resources.PROXY_LIMITS, description="The most that a pod of the proxy may use."
    )
    server_requests: resources.ServerRequests = Field(
        default=resources.SERVER_REQUESTS, description="What a pod of the server is sure to get."
    )
    server_limits: resources.ServerLimits = Field(
        default=resources.SERVER_LIMITS, description="The most that a pod of the server may use."
    )
    drain_seconds: int = Field(
        default=60,
        ge=0,
        le=540,
        description="Seconds for which a pod that is to end still serves who is connected; 0 needs no Kubernetes 1.30.",
    )
    ready_timeout: int = Field(
        default=600,
        ge=10,
        le=7200,
        description="Seconds that each may take: Connect's pods, cron and backend to start, the load balancer to come.",
    )
    read_only_root_filesystem: bool = Field(
        default=True, description="Let the pods write to their `storageRoot` and `/tmp` alone."
    )
    openshift: bool = Field(
        default=False, description="Let OpenShift choose user and group of the pods, instead of 65532."
    )
    network_policies: bool = Field(
        default=True, description="Let the server be reached by the proxy alone, and the proxy on its port."
    )
    management_namespace: types.Label | None = Field(
        default=None,
        description="Namespace whose pods may reach `managementPort` in spite of `networkPolicies`.",
        json_schema_extra={"shown_default": "nobody may"},
    )
    proxy_name: types.ServiceName = Field(default="connect-proxy", description="Name of the proxy's objects.")
    server_name: types.StatefulSetName = Field(default="connect-server", description="Name of the server's objects.")
    log_level: types.LogLevel = Field(default="INFO", description="Least severe level that Connect logs.")
    proxy_port: types.UnprivilegedPort = Field(
        default_factory=_default_proxy_port,
        description="Where the proxy's container listens.",
        json_schema_extra={"shown_default": "`8081`, on Compose `9090`"},
    )
    listener_port: types.UnprivilegedPort = Field(default=7777, description="Where the server listens for the proxy.")
    tunnel_port: types.UnprivilegedPort = Field(default=7070, description="Where the server listens for sessions.")
    management_port: types.UnprivilegedPort | None = Field(
        default=None, description="Port of Connect's metrics and readiness, on proxy and server."
    )
    management_auth_key: SecretStr | None = Field(
        default=None, min_length=1, description="Key that the server's management port asks for (secret)."
    )
    host_domain: types.ObjectName | None = Field(
        default=None,
        description="Domain under which the server's pods find each other.",
        json_schema_extra={"shown_default": "`serverName`"},
    )
    storage_root: types.Folder = Field(
        default="/data", description="Where the proxy writes: an emptyDir is mounted there."
    )
    storage_size: types.Quantity = Field(default="100Mi", description="Size limit of that emptyDir.")
    cache_ttl: types.Duration = Field(default="2m", description="How long the proxy caches what it knows of a session.")
    client_name: types.EnvironmentText = Field(
        default="tower-connect-proxy-client", description="Name under which the proxy registers with Platform."
    )
    grant_type: types.EnvironmentText = Field(
        default="authorization_code", description="OAuth grant that the proxy registers for."
    )
    trusted_proxy_cidrs: types.Cidrs = Field(
        default=(),
        description="Networks whose `X-Forwarded-For` the proxy believes.",
        json_schema_extra={"shown_default": "the proxy's own, `127.0.0.1/32`"},
    )
    telemetry_flush_interval: types.Duration | None = Field(default=None, description="How often usage is flushed.")
    telemetry_ttl: types.Duration | None = Field(default=None, description="How long usage is kept.")
    telemetry_stream_emit_interval: types.Duration | None = Field(
        default=None, description="How often usage is emitted."
    )

    # Ingress and load balancer
    ingress_name: types.ObjectName = Field(default="connect-ingress", description="Name of the Ingress.")
    ingress_class: types.ObjectName = Field(default="alb", description="Class of the Ingress.")
    load_balancer_group: types.GroupName | None = Field(
        default=None,
        description="Ingress group: shares the load balancer of the Ingresses with this `group.name`.",
        json_schema_extra={"shown_default": "a load balancer of its own"},
    )
    load_balancer_group_order: int | None = Field(
        default=None, ge=-1000, le=1000, description="Place of its rules in the group; the lowest comes first."
    )
    load_balancer_scheme: Literal["internet-facing", "internal"] = Field(
        default="internet-facing", description="Who reaches the load balancer: `internet-facing` or `internal`."
    )
    load_balancer: types.LoadBalancer | None = Field(
        default=None,
        description="Platform's application load balancer, by name or ARN. Exactly one of this and `loadBalancerTags`.",
        examples=["platform"],
    )
    load_balancer_tags: types.Tags | None = Field(
        default=None, description="Load balancer by its tags: the one that has all of them."
    )
    listener_arn: types.ListenerArn | None = Field(
        default=None,
        description="HTTPS listener of the load balancer, by ARN. At most one of this and `listenerTags`.",
        json_schema_extra={"shown_default": "the one at port 443"},
    )
    listener_tags: types.Tags | None = Field(
        default=None,
        description="Listener by its tags: the one HTTPS listener of the load balancer that has all of them.",
    )
    listener_rule_priority: int | None = Field(
        default=None,
        ge=1,
        le=50000,
        description="Place of the sessions' rule at the listener; the lowest comes first.",
        json_schema_extra={"shown_default": "after the last"},
    )
    idle_timeout: int = Field(
        default=301,
        ge=1,
        le=4000,
        description=(
            "Seconds without traffic after which a connection, also a WebSocket, is cut. "
            "On Compose: what the load balancer should have."
        ),
    )
    load_balancer_attributes: types.LoadBalancerAttributes = Field(
        default={"routing.http2.enabled": "false"}, description="Further attributes of the load balancer."
    )
    ssl_policy: types.SslPolicy = Field(
        default="ELBSecurityPolicy-TLS-1-2-Ext-2018-06", description="TLS policy of the HTTPS listener."
    )
    target_type: Literal["instance", "ip"] = Field(
        default="instance",
        description="How the load balancer reaches the proxy: through a NodePort, or its pods' addresses.",
    )
    health_check_path: types.UrlPath = Field(default="/", description="What the load balancer asks the proxy for.")
    health_check_success_codes: types.SuccessCodes = Field(
        default="200-499", description="Status codes that mean the proxy is alive."
    )

    # What users get
    allowed_workspaces: types.Workspaces = Field(
        default="all", description='Workspaces with Studios: `"all"`, `"none"` or a list of ids.'
    )
    studio_templates: templates.StudioTemplates = Field(
        default_factory=_default_templates,
        description="Images offered for new Studios: key → `repository`, `tool`, `icon`, `status`, `port`.",
        json_schema_extra={"shown_default": "Seqera's JupyterLab, R-IDE, VS Code and Xpra"},
    )
    custom_image_registry: types.EnvironmentText | None = Field(
        default=None, description="Registry to which Wave pushes the images that it builds for Studios."
    )
    custom_image_repository: types.EnvironmentText | None = Field(
        default=None, description="Repository to which Wave pushes them."
    )
    custom_image_name_strategy: types.EnvironmentText | None = Field(
        default=None, description="How Wave names them, such as `tagPrefix`."
    )
    disallowed_registries: types.Texts | None = Field(
        default=None, description="Registries whose images no Studio may use."
    )
    default_lifespan: int | None = Field(default=None, ge=1, description="Hours after which a Studio is stopped.")
    private_by_default: bool | None = Field(default=None, description="New Studios are private.")
    list_max_allowed: int | None = Field(default=None, ge=1, description="Most Studios in one answer of the API.")

    feature_manifest_url: types.HttpsAddress | None = Field(
        default=None, description="Where Platform reads which features a Studio's image has."
    )
    iframe_allowed_workspaces: types.Workspaces | None = Field(
        default=None, description='Workspaces whose Studios open inside Platform: `"all"`, `"none"` or a list of ids.'
    )
    wave_status_check_initial_delay: types.Duration | None = Field(
        default=None, description="How long Platform waits before it asks Wave for the state of a build."
    )
    wave_status_check_rate: types.Duration | None = Field(default=None, description="How often it asks.")
    metrics_enabled_workspaces: types.Workspaces | None = Field(
        default=None, description='Workspaces whose Studios are measured: `"all"`, `"none"` or a list of ids.'
    )
    metrics_retention_days: int | None = Field(default=None, ge=1, description="Days for which measurements are kept.")

    # Keys and tokens
    rsa_bits: int = Field(default=2048, ge=2048, le=16384, description="Size of the RSA key that signs OIDC tokens.")
    protect_key: bool = Field(
        default=False,
        description="The RSA key can't be deleted, nor replaced, before this is `false` again and deployed.",
    )
    oidc_secret: types.ObjectName = Field(
        default="platform-oidc-certs", description="Secret with the RSA key, `oidc.pem`."
    )
    token_secret: types.ObjectName = Field(
        default="connect-registration-token", description="Secret with the OIDC registration token, `token`."
    )
    token_rotation: types.EnvironmentText | None = Field(
        default=None, description="Any text, such as a date: another one makes a new registration token."
    )
    rsa_rotation: types.EnvironmentText | None = Field(
        default=None, description="Any text, such as a date: another one makes a new RSA key, of `rsaBits`."
    )
    existing_oidc_secret: types.ObjectName | None = Field(
        default=None, description="Secret that exists already, with private and public key as `oidc.pem`; none is made."
    )
    existing_token_secret: types.ObjectName | None = Field(
        default=None, description="Secret that exists already, with the registration token as `token`; none is made."
    )

    # Names in the Platform install
    backend_deployment: types.ObjectName = Field(default="backend", description="Deployment of Platform's backend.")
    backend_container: types.Label = Field(default="backend", description="Its container.")
    cron_deployment: types.ObjectName = Field(default="cron", description="Deployment of Platform's cron.")
    cron_container: types.Label = Field(default="backend", description="Its container.")
    backend_config_map: types.ObjectName = Field(
        default="platform-backend-cfg", description="ConfigMap that backend and cron take their environment from."
    )
    tower_yml_config_map: types.ObjectName = Field(default="tower-yml", description="ConfigMap with `tower.yml`.")
    tower_yml_key: types.DataKey = Field(default="tower.yml", description="Its key.")
    pem_path: types.MountedFile = Field(
        default="/data/certs/oidc.pem", description="Where backend and cron read the RSA key."
    )
    cert_volume: types.Label = Field(default="cert-volume", description="Name of the volume that holds it.")
    take_over: types.PlatformObjects = Field(
        default=(),
        description="Platform's objects, such as `ConfigMap/tower-backend-cfg`, whose values may be replaced.",
    )

    @property
    def oidc_secret_in_use(self) -> str:
        """The Secret with the RSA key, ours or one that exists already."""
        return self.existing_oidc_secret or self.oidc_secret

    @property
    def token_secret_in_use(self) -> str:
        """The Secret with the registration token, ours or one that exists already."""
        return self.existing_token_secret or self.token_secret

    @property
    def platform_host(self) -> str:
        """Platform's host name: the parent of the session hosts."""
        return hosts.host_of(self.platform_url)

    @property
    def connect_host(self) -> str:
        """The proxy's host name."""
        return hosts.host_of(self.connect_url)

    @property
    def session_host(self) -> str:
        """The host of Ingress and record: `*.<platform host>`, or the proxy's host with path routing."""
        return self.connect_host if self.path_routing else f"*.{self.platform_host}"

    @property
    def session_url(self) -> str:
        """The pattern of a session's URL."""
        if self.path_routing:
            return f"{self.connect_url}/_studio/<session>"
        return f"https://<session>.{self.platform_host}"

    @property
    def tunnel_url(self) -> str:
        """`host:port` at which sessions' tunnels end: the server's headless Service."""
        return f"{self.server_name}:{self.tunnel_port}"
