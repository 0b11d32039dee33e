"""The components that the package offers one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pulumi

from components.certificate import WildcardCertificate
from components.configuration import StudiosConfiguration
from components.dns import WildcardRecord
from components.ingress import StudiosIngress
from components.network import StudiosNetworkPolicies
from components.oidc import OidcCredentials
from components.proxy import ConnectProxy
from components.server import ConnectServer
from components.service_monitor import StudiosServiceMonitor
from components.ssh import SshService
from components.ssh_key import SshHostKey

PARTS: Final[Mapping[str, type[pulumi.ComponentResource]]] = {
    each.__name__: each
    for each in (
        WildcardCertificate,
        WildcardRecord,
        OidcCredentials,
        StudiosConfiguration,
        ConnectProxy,
        ConnectServer,
        StudiosIngress,
        StudiosNetworkPolicies,
        SshHostKey,
        SshService,
        StudiosServiceMonitor,
    )
}
"""The components that the package offers one by one, by their names."""
