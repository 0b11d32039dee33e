"""Studios on Kubernetes: every component, put together from the settings of a stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi
from pydantic import SecretStr

from components.certificate import WildcardCertificate, WildcardCertificateArgs
from components.configuration import StudiosConfiguration, StudiosConfigurationArgs
from components.dns import WildcardRecord, WildcardRecordArgs, hosted_zone_id
from components.existing_secret import ExistingValue
from components.ingress import StudiosIngress, StudiosIngressArgs
from components.network import StudiosNetworkPolicies, StudiosNetworkPoliciesArgs
from components.oidc import OidcCredentials, OidcCredentialsArgs
from components.outputs import STACK_OUTPUTS
from components.platform import PlatformIntegration, PlatformIntegrationArgs
from components.pods import PodSettings, SecretKey
from components.proxy import SERVICE_PORT, ConnectProxy, ConnectProxyArgs
from components.server import ConnectServer, ConnectServerArgs
from live.cluster import Cluster
from live.edits import PEM_KEY, TOKEN_KEY, platform_inputs
from settings import environment
from settings.model import Settings
from settings.resources import Resources


@dataclass(frozen=True, kw_only=True)
class KubernetesStudiosArgs:
    """The arguments of :class:`KubernetesStudios`.

    Args:
        settings: the checked settings of the stack.
        cluster: how to reach the cluster, for the edit of tower.yml; the Kubernetes provider comes with the options.
        field_manager: who owns the fields added to the Platform install: a name of this stack's own.
        zone_id: the hosted zone; None to let the AWS provider look it up.
    """

    settings: Settings
    cluster: Cluster
    field_manager: str
    zone_id: str | None = None


class KubernetesStudios(pulumi.ComponentResource):
    """Certificate, DNS, OIDC credentials, connect-proxy and -server, Ingress, policies, and the changes to Platform."""

    platform_url: pulumi.Output[str]
    """Where users reach Platform."""
    connect_url: pulumi.Output[str]
    """The connect proxy's URL."""
    session_url_pattern: pulumi.Output[str]
    """The URL of a session, with ``<session>`` for its id."""
    certificate_arn: pulumi.Output[str]
    """The issued certificate."""
    load_balancer_hostname: pulumi.Output[str]
    """The DNS name of the load balancer."""
    record_name: pulumi.Output[str]
    """The DNS record that points at it."""
    namespace: pulumi.Output[str]
    """Where Platform and Studios run."""
    oidc_secret_name: pulumi.Output[str]
    """The Secret with the RSA key."""
    token_secret_name: pulumi.Output[str]
    """The Secret with the registration token."""
    registration_token: pulumi.Output[str]
    """The registration token; secret."""
    public_key: pulumi.Output[str]
    """The public half of the RSA key, PEM."""
    studio_templates: pulumi.Output[dict[str, dict[str, str | int]]]
    """The Studio templates by their keys."""
    platform_version: pulumi.Output[str]
    """The Platform release that the settings are for."""
    connect_version: pulumi.Output[str]
    """The Connect release that runs."""

    def __init__(self, name: str, args: KubernetesStudiosArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:KubernetesStudios", name, {}, opts)
        settings = args.settings
        child = pulumi.ResourceOptions(parent=self)
        zone_id = args.zone_id or settings.hosted_zone_id or hosted_zone_id(settings.hosted_zone or "", self)

        certificate = WildcardCertificate(
            f"{name}-certificate",
            WildcardCertificateArgs(
                host=settings.platform_host,
                connect_host=settings.connect_host,
                path_routing=settings.path_routing,
                zone_id=zone_id,
                certificate_arn=settings.certificate_arn,
                issue_seconds=settings.certificate_timeout,
            ),
            child,
        )
        credentials = OidcCredentials(f"{name}-oidc", _oidc_args(settings), child)
        configuration = StudiosConfiguration(f"{name}-configuration", _configuration_args(settings, credentials), child)
        server = ConnectServer(f"{name}-server", _server_args(settings, configuration), child, cluster=args.cluster)
        # Platform is touched once all else has gone well, and before the proxy comes to register with its token.
        platform = PlatformIntegration(
            f"{name}-platform",
            _platform_args(args, credentials, configuration),
            pulumi.ResourceOptions(parent=self, depends_on=[certificate, server]),
        )
        proxy = ConnectProxy(
            f"{name}-proxy",
            _proxy_args(settings, configuration),
            pulumi.ResourceOptions(parent=self, depends_on=[platform]),
            cluster=args.cluster,
        )
        if settings.network_policies:
            StudiosNetworkPolicies(f"{name}-network", _network_args(settings), child)
        ingress = StudiosIngress(
            f"{name}-ingress",
            _ingress_args(settings, proxy.service_name, certificate.certificate_arn),
            child,
            cluster=args.cluster,
        )
        record = WildcardRecord(
            f"{name}-record",
            WildcardRecordArgs(
                record_name=settings.session_host,
                zone_id=zone_id,
                load_balancer_hostname=ingress.load_balancer_hostname,
            ),
            child,
        )

        self.platform_url = pulumi.Output.from_input(settings.platform_url)
        self.connect_url = pulumi.Output.from_input(settings.connect_url)
        self.session_url_pattern = pulumi.Output.from_input(settings.session_url)
        self.certificate_arn = certificate.certificate_arn
        self.load_balancer_hostname = ingress.load_balancer_hostname
        self.record_name = record.fqdn
        self.namespace = pulumi.Output.from_input(settings.namespace)
        self.oidc_secret_name = configuration.pem_secret_name
        self.token_secret_name = configuration.token_secret_name
        self.registration_token = pulumi.Output.secret(credentials.registration_token)
        self.public_key = credentials.public_key
        self.studio_templates = pulumi.Output.from_input(
            {key: template.model_dump() for key, template in sorted(settings.studio_templates.items())}
        )
        self.platform_version = pulumi.Output.from_input(str(settings.platform_version))
        self.connect_version = pulumi.Output.from_input(str(settings.connect_version))
        self.register_outputs({output.attribute: getattr(self, output.attribute) for output in STACK_OUTPUTS})


def _oidc_args(settings: Settings) -> OidcCredentialsArgs:
    def existing(secret: str | None, key: str) -> ExistingValue | None:
        return None if secret is None else ExistingValue(namespace=settings.namespace, secret=secret, key=key)

    return OidcCredentialsArgs(
        rsa_bits=settings.rsa_bits,
        token_rotation=settings.token_rotation or "",
        key_rotation=settings.rsa_rotation or "",
        existing_token=existing(settings.existing_token_secret, TOKEN_KEY),
        existing_pem=existing(settings.existing_oidc_secret, PEM_KEY),
        protect_key=settings.protect_key,
    )


def _configuration_args(settings: Settings, credentials: OidcCredentials) -> StudiosConfigurationArgs:
    return StudiosConfigurationArgs(
        namespace=settings.namespace,
        pem_secret=settings.oidc_secret_in_use,
        pem_key=PEM_KEY,
        pem=credentials.pem,
        token_secret=settings.token_secret_in_use,
        token_key=TOKEN_KEY,
        token=credentials.registration_token,
        existing=[secret for secret in (settings.existing_oidc_secret, settings.existing_token_secret) if secret],
        credentials_secret=f"{settings.server_name}-credentials",
        proxy_credentials=_revealed(environment.secret_environment(settings, "proxy")),
        server_credentials=_revealed(environment.secret_environment(settings, "server")),
        proxy_config_map=settings.proxy_name,
        server_config_map=settings.server_name,
        proxy_environment=environment.proxy_environment(settings),
        server_environment=environment.server_environment(settings),
    )


def _proxy_args(settings: Settings, configuration: StudiosConfiguration) -> ConnectProxyArgs:
    token = SecretKey(secret=configuration.token_secret_name, key=TOKEN_KEY)
    return ConnectProxyArgs(
        namespace=settings.namespace,
        workload=settings.proxy_name,
        image=settings.proxy_image,
        pods=_pods(
            settings, replicas=settings.proxy_replicas, requests=settings.proxy_requests, limits=settings.proxy_limits
        ),
        config_map=configuration.proxy_config_map_name,
        secrets={
            environment.PROXY_TOKEN_VARIABLE: token,
            **_secret_keys(configuration, environment.secret_environment(settings, "proxy")),
        },
        checksum=configuration.proxy_checksum,
        http_port=settings.proxy_port,
        management_port=settings.management_port,
        readiness_path=settings.proxy_readiness_path,
        storage_root=settings.storage_root,
        storage_size=settings.storage_size,
        secret_mounts=_secret_mounts(settings),
        node_port=settings.target_type == "instance",
    )


def _server_args(settings: Settings, configuration: StudiosConfiguration) -> ConnectServerArgs:
    return ConnectServerArgs(
        namespace=settings.namespace,
        workload=settings.server_name,
        image=settings.server_image,
        pods=_pods(
            settings,
            replicas=settings.server_replicas,
            requests=settings.server_requests,
            limits=settings.server_limits,
        ),
        config_map=configuration.server_config_map_name,
        secrets=_secret_keys(configuration, environment.secret_environment(settings, "server")),
        checksum=configuration.server_checksum,
        tunnel_port=settings.tunnel_port,
        listener_port=settings.listener_port,
        management_port=settings.management_port,
        secret_mounts=_secret_mounts(settings),
    )


def _network_args(settings: Settings) -> StudiosNetworkPoliciesArgs:
    return StudiosNetworkPoliciesArgs(
        namespace=settings.namespace,
        proxy=settings.proxy_name,
        proxy_port=settings.proxy_port,
        server=settings.server_name,
        server_ports=(settings.tunnel_port, settings.listener_port),
        management_port=settings.management_port,
        management_namespace=settings.management_namespace,
    )


def _ingress_args(
    settings: Settings, service: pulumi.Input[str], certificate_arn: pulumi.Input[str]
) -> StudiosIngressArgs:
    return StudiosIngressArgs(
        namespace=settings.namespace,
        ingress_name=settings.ingress_name,
        host=settings.session_host,
        service_name=service,
        service_port=SERVICE_PORT,
        certificate_arn=certificate_arn,
        ingress_class=settings.ingress_class,
        scheme=settings.load_balancer_scheme,
        target_type=settings.target_type,
        ssl_policy=settings.ssl_policy,
        idle_timeout_seconds=settings.idle_timeout,
        load_balancer_attributes=settings.load_balancer_attributes,
        healthcheck_path=settings.health_check_path,
        success_codes=settings.health_check_success_codes,
        group_name=settings.load_balancer_group,
        group_order=settings.load_balancer_group_order,
        ready_seconds=settings.ready_timeout,
    )


def _platform_args(
    args: KubernetesStudiosArgs, credentials: OidcCredentials, configuration: StudiosConfiguration
) -> PlatformIntegrationArgs:
    settings = args.settings
    return PlatformIntegrationArgs(
        **platform_inputs(settings),
        cluster=args.cluster,
        namespace=settings.namespace,
        field_manager=args.field_manager,
        take_over=settings.take_over,
        pem_secret=SecretKey(secret=configuration.pem_secret_name, key=PEM_KEY),
        token_secret=SecretKey(secret=configuration.token_secret_name, key=TOKEN_KEY),
        pem=credentials.pem,
        token=credentials.registration_token,
        checksum_key=configuration.checksum_key,
        rollout_seconds=settings.ready_timeout,
    )


def _pods(settings: Settings, *, replicas: int, requests: Resources, limits: Resources) -> PodSettings:
    return PodSettings(
        replicas=replicas,
        node_selector=settings.node_selector,
        image_pull_secrets=settings.image_pull_secrets,
        requests={str(name): value for name, value in requests.items()},
        limits={str(name): value for name, value in limits.items()},
        fixed_ids=not settings.openshift,
        read_only_root=settings.read_only_root_filesystem,
        drain_seconds=settings.drain_seconds,
        ready_seconds=settings.ready_timeout,
    )


def _revealed(values: Mapping[str, SecretStr]) -> dict[str, pulumi.Output[str]]:
    return {name: pulumi.Output.secret(value.get_secret_value()) for name, value in values.items()}


def _secret_keys(configuration: StudiosConfiguration, variables: Iterable[str]) -> dict[str, SecretKey]:
    secret = configuration.credentials_secret_name
    return {} if secret is None else {name: SecretKey(secret=secret, key=name) for name in variables}


def _secret_mounts(settings: Settings) -> dict[str, str]:
    return {environment.REDIS_TLS_MOUNT: settings.redis_tls_secret} if settings.redis_tls_secret else {}
