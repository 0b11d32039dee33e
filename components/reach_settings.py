"""From the settings of a stack to who may reach its pods: network policies, and Prometheus."""

from __future__ import annotations

from components.configuration import StudiosConfiguration
from components.network import StudiosNetworkPoliciesArgs
from components.pods import SecretKey
from components.service_monitor import StudiosServiceMonitorArgs
from settings.model import Settings
from settings.model.connect import AUTH_KEY_VARIABLE


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
