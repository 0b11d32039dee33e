"""From the settings of a stack to the arguments of its components in the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pulumi
from pydantic import SecretStr

from components.configuration import ReadByPods, StudiosConfiguration, StudiosConfigurationArgs
from components.ingress import StudiosIngressArgs
from components.network import StudiosNetworkPoliciesArgs
from components.oidc import ExistingValue
from components.pod_settings import pod_settings
from components.pods import SecretKey
from components.proxy import SERVICE_PORT, ConnectProxyArgs
from components.server import ConnectServerArgs
from components.service_monitor import StudiosServiceMonitorArgs
from components.ssh import SshServiceArgs
from settings import environment
from settings.default_tags import TAGS
from settings.host_names import PROXY_TOKEN_VARIABLE
from settings.marks import CONNECT, Place
from settings.model import Settings
from settings.model.connect import AUTH_KEY_VARIABLE
from settings.model.dns import EXTERNAL_DNS
from settings.mounts import REDIS_TLS_MOUNT


def configuration_args(
    settings: Settings,
    *,
    pem: pulumi.Input[str],
    token: pulumi.Input[str],
    ssh_key: pulumi.Input[str] | None,
    sealed: Callable[[SecretStr], pulumi.Input[str]] = lambda value: pulumi.Output.secret(value.get_secret_value()),
) -> StudiosConfigurationArgs:
    """What the Secrets and ConfigMaps hold; ``sealed`` makes an input of a value that is given."""
    existing = (settings.existing_oidc_secret, settings.existing_token_secret, settings.existing_ssh_key_secret)
    return StudiosConfigurationArgs(
        namespace=settings.namespace,
        pem_secret=settings.oidc_secret_in_use,
        pem_key=settings.oidc_key_in_use,
        pem=pem,
        token_secret=settings.token_secret_in_use,
        token_key=settings.token_key_in_use,
        token=token,
        existing=[secret for secret in existing if secret],
        ssh_secret=settings.ssh_key_secret_in_use,
        ssh_key=ssh_key,
        credentials_secret=settings.credentials_secret,
        proxy_credentials=_inputs(environment.secret_environment(settings, "proxy"), sealed),
        server_credentials=_inputs(environment.secret_environment(settings, "server"), sealed),
        proxy_config_map=settings.proxy_name,
        server_config_map=settings.server_name,
        proxy_environment=environment.proxy_environment(settings),
        server_environment=environment.server_environment(settings),
        existing_credentials={
            variable: ExistingValue(namespace=settings.namespace, secret=reference.name, key=reference.key)
            for place in CONNECT
            for variable, reference in environment.secret_references(settings, place).items()
        },
    )


def proxy_args(settings: Settings, configuration: ReadByPods) -> ConnectProxyArgs:
    """Those of the proxy."""
    token = SecretKey(secret=configuration.token_secret_name, key=settings.token_key_in_use)
    return ConnectProxyArgs(
        namespace=settings.namespace,
        workload=settings.proxy_name,
        image=settings.proxy_image,
        pods=pod_settings(
            settings, replicas=settings.proxy_replicas, requests=settings.proxy_requests, limits=settings.proxy_limits
        ),
        config_map=configuration.proxy_config_map_name,
        secrets={
            PROXY_TOKEN_VARIABLE: token,
            **_secret_keys(configuration, environment.secret_environment(settings, "proxy")),
            **_existing_keys(settings, "proxy"),
        },
        checksum=configuration.proxy_checksum,
        http_port=settings.proxy_port,
        management_port=settings.management_port,
        publish_management=settings.service_monitor,
        readiness_path=settings.proxy_readiness_path,
        storage_root=settings.storage_root,
        storage_size=settings.storage_size,
        secret_mounts=_secret_mounts(settings),
        ssh_key_secret=configuration.ssh_secret_name,
        ssh_port=settings.ssh_port if settings.ssh else None,
        node_port=settings.target_type == "instance" and settings.ingress != "none",
    )


def server_args(settings: Settings, configuration: ReadByPods) -> ConnectServerArgs:
    """Those of the server."""
    return ConnectServerArgs(
        namespace=settings.namespace,
        workload=settings.server_name,
        image=settings.server_image,
        pods=pod_settings(
            settings,
            replicas=settings.server_replicas,
            requests=settings.server_requests,
            limits=settings.server_limits,
        ),
        config_map=configuration.server_config_map_name,
        secrets={
            **_secret_keys(configuration, environment.secret_environment(settings, "server")),
            **_existing_keys(settings, "server"),
        },
        checksum=configuration.server_checksum,
        tunnel_port=settings.tunnel_port,
        listener_port=settings.listener_port,
        management_port=settings.management_port,
        publish_management=settings.service_monitor,
        secret_mounts=_secret_mounts(settings),
    )


def ingress_args(
    settings: Settings, service: pulumi.Input[str], own_certificate: pulumi.Input[str]
) -> StudiosIngressArgs:
    """Those of the Ingress; ``own_certificate`` is the one that the stack makes where it is given none."""
    return StudiosIngressArgs(
        namespace=settings.namespace,
        ingress_name=settings.ingress_name,
        host=settings.session_host,
        service_name=service,
        service_port=SERVICE_PORT,
        certificate_arn=settings.certificate_arn or own_certificate,
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
        annotations={**_external_dns(settings), **settings.ingress_annotations},
        ip_address_type=settings.ip_address_type,
        ready_seconds=settings.ready_timeout,
    )


def network_args(settings: Settings) -> StudiosNetworkPoliciesArgs:
    """Who may talk to the pods."""
    return StudiosNetworkPoliciesArgs(
        namespace=settings.namespace,
        proxy=settings.proxy_name,
        proxy_port=settings.proxy_port,
        ssh_port=settings.ssh_port if settings.ssh else None,
        server=settings.server_name,
        server_ports=(settings.tunnel_port, settings.listener_port),
        management_port=settings.management_port,
        management_namespace=settings.management_namespace,
    )


def monitor_args(settings: Settings, configuration: StudiosConfiguration) -> StudiosServiceMonitorArgs:
    """Where Prometheus finds the metrics."""
    secret = configuration.credentials_secret_name if settings.management_auth_key is not None else None
    return StudiosServiceMonitorArgs(
        namespace=settings.namespace,
        monitor_name=settings.proxy_name,
        workloads=(settings.proxy_name, settings.server_name),
        auth_key=None if secret is None else SecretKey(secret=secret, key=AUTH_KEY_VARIABLE),
    )


def ssh_service_args(settings: Settings) -> SshServiceArgs:
    """The way of SSH clients to the pods of the proxy."""
    return SshServiceArgs(
        namespace=settings.namespace,
        service_name=settings.ssh_service_name,
        workload=settings.proxy_name,
        port=settings.ssh_port,
        scheme=settings.ssh_scheme,
        target_type=settings.target_type,
        client_cidrs=settings.ssh_client_cidrs,
        ip_address_type=settings.ip_address_type,
        tags=settings.ingress_annotations.get(TAGS),
        ready_seconds=settings.ready_timeout,
    )


def _external_dns(settings: Settings) -> dict[str, str]:
    """What external-dns reads: https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations/"""
    if settings.dns != EXTERNAL_DNS:
        return {}
    return {"external-dns.alpha.kubernetes.io/hostname": settings.session_host}


def _existing_keys(settings: Settings, place: Place) -> dict[str, SecretKey]:
    references = environment.secret_references(settings, place).items()
    return {variable: SecretKey(secret=reference.name, key=reference.key) for variable, reference in references}


def _inputs(
    values: Mapping[str, SecretStr], sealed: Callable[[SecretStr], pulumi.Input[str]]
) -> dict[str, pulumi.Input[str]]:
    return {name: sealed(value) for name, value in values.items()}


def _secret_keys(configuration: ReadByPods, variables: Iterable[str]) -> dict[str, SecretKey]:
    secret = configuration.credentials_secret_name
    return {} if secret is None else {name: SecretKey(secret=secret, key=name) for name in variables}


def _secret_mounts(settings: Settings) -> dict[str, str]:
    return {REDIS_TLS_MOUNT: settings.redis_tls_secret} if settings.redis_tls_secret else {}
