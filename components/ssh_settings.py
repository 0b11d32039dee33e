"""From the settings of a stack to the arguments of what SSH consists of."""

from __future__ import annotations

from components.oidc import ExistingValue
from components.ssh import SshServiceArgs
from components.ssh_key import SshHostKeyArgs
from settings.default_tags import TAGS
from settings.model import Settings
from settings.mounts import SSH_KEY


def ssh_key_args(settings: Settings) -> SshHostKeyArgs:
    """The host key that the settings ask for."""
    secret = settings.existing_ssh_key_secret
    return SshHostKeyArgs(
        key_types=settings.ssh_key_types or (),
        rotation=settings.ssh_key_rotation or "",
        existing=None if secret is None else ExistingValue(namespace=settings.namespace, secret=secret, key=SSH_KEY),
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
