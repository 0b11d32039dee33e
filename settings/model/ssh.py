"""SSH into sessions."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from settings import hosts
from settings.host_names import SSH_PORT_VARIABLE
from settings.marks import COMPUTED, Derived, Only, Since, only_true, platform, proxy
from settings.model.dns import CREATE, EXISTING
from settings.model.section import Section
from settings.targets import COMPOSE, KUBERNETES
from settings.types import aws, kubernetes, network, studios, text

FINGERPRINT_VARIABLE = "TOWER_DATA_STUDIO_CONNECT_SSH_KEY_FINGERPRINT"
KEY_VARIABLE = "CONNECT_SSH_KEY_VALUE_BASE64"
"""What has the host key where the proxy reads a file of variables."""
KEY_PATH_VARIABLE = "CONNECT_SSH_KEY_PATH"
LISTEN_VARIABLE = "CONNECT_SSH_ADDR"
ADDRESS_VARIABLE = "TOWER_DATA_STUDIO_CONNECT_SSH_ADDRESS"
WORKSPACES_VARIABLE = "TOWER_DATA_STUDIO_SSH_ALLOWED_WORKSPACES"
_SSH = Since(platform="25.3.3", connect="0.10.0")
_PLATFORM = Since(platform="25.3.3")


def _default_host(data: dict[str, Any]) -> str:
    return hosts.ssh_host_beside(hosts.host_of(data["connect_url"]))


class SshSection(Section):
    """Sessions reached by an SSH client, through a network load balancer of their own; see [ssh.md](ssh.md)."""

    heading: ClassVar[str] = "SSH"

    ssh: Annotated[
        bool,
        proxy("CONNECT_SSH_ENABLED", only_true),
        proxy(KEY_VARIABLE, COMPUTED),
        platform("TOWER_SSH_KEYS_MANAGEMENT_ENABLED", only_true),
        platform(FINGERPRINT_VARIABLE, COMPUTED),
        _SSH,
    ] = Field(default=False, description="Let users reach sessions with an SSH client.", examples=[True])
    ssh_host: Annotated[
        network.Domain,
        platform(ADDRESS_VARIABLE, COMPUTED),
        _PLATFORM,
        Derived("`connect-ssh.` and the connect host's parent"),
    ] = Field(
        default_factory=_default_host,
        description="Host that SSH clients connect to; its record leads to the network load balancer.",
        examples=["ssh.example.com"],
    )
    ssh_port: Annotated[
        network.UnprivilegedPort,
        proxy(LISTEN_VARIABLE, COMPUTED),
        platform(SSH_PORT_VARIABLE, COMPUTED),
        _SSH,
    ] = Field(default=2222, description="Port of SSH, at the load balancer and at the proxy.", examples=[2022])
    ssh_allowed_workspaces: Annotated[studios.Workspaces, platform(WORKSPACES_VARIABLE, COMPUTED), _PLATFORM] = Field(
        default="all",
        description='Workspaces with sessions that are reached by SSH: `"all"`, `"none"` or a list of ids.',
        examples=[[1234, 5678]],
    )
    ssh_client_cidrs: Annotated[network.Cidrs, _PLATFORM, Field(min_length=1)] = Field(
        default=("0.0.0.0/0",),
        description="Networks with the SSH clients that the load balancer, or on Compose the instance, lets in.",
        examples=[["203.0.113.0/24"]],
    )
    ssh_scheme: Annotated[
        Literal["internet-facing", "internal"], Only(KUBERNETES), _PLATFORM, Derived("`loadBalancerScheme`")
    ] = Field(
        default_factory=lambda data: data["load_balancer_scheme"],
        description="Who reaches the network load balancer: `internet-facing` or `internal`.",
        examples=["internal"],
    )
    ssh_record: Annotated[Literal["create", "existing"], _PLATFORM] = Field(
        default=CREATE,
        description="Whether the stack makes the record of `sshHost`, or leaves one that exists to its owner.",
        examples=[EXISTING],
    )
    ssh_load_balancer: Annotated[
        aws.NetworkLoadBalancer | None, Only(COMPOSE), _PLATFORM, Derived("clients connect to the instance")
    ] = Field(
        default=None,
        description="Network load balancer, by name or ARN, that gets a listener at `sshPort`.",
        examples=["platform-ssh"],
    )
    ssh_key_types: Annotated[
        studios.SshKeyTypes | None, platform("TOWER_SSH_KEYS_SUPPORTED_TYPES"), Since(platform="26.1", connect="0.10.0")
    ] = Field(
        default=None,
        description=(
            "Types of the keys that users may add in Platform. The host key that is made is of one of them, too: "
            "`ssh-ed25519` if it may be, else the first."
        ),
        examples=[["ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"]],
    )
    ssh_max_connections: Annotated[int | None, proxy("CONNECT_SSH_MAX_CONNECTIONS"), _SSH, Derived("2000")] = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Maximum number of SSH connections of one proxy pod.",
        examples=[500],
    )
    ssh_max_channels: Annotated[int | None, proxy("CONNECT_SSH_MAX_CONN_CHANNELS"), _SSH, Derived("30")] = Field(
        default=None, ge=1, le=1_000_000, description="Maximum number of channels of one SSH connection.", examples=[10]
    )
    ssh_handshake_timeout: Annotated[
        text.Duration | None, proxy("CONNECT_SSH_HANDSHAKE_TIMEOUT"), _SSH, Derived("1m")
    ] = Field(default=None, description="How long an SSH client may take to sign in.", examples=["30s"])
    ssh_log_level: Annotated[studios.LogLevel | None, platform("TOWER_SSH_LOGLEVEL"), _PLATFORM] = Field(
        default=None, description="Log level of Platform for SSH.", examples=["DEBUG"]
    )
    ssh_key_secret: Annotated[
        kubernetes.ObjectName, proxy(KEY_PATH_VARIABLE, COMPUTED), Only(KUBERNETES), _PLATFORM
    ] = Field(
        default="connect-ssh-host-key",
        description="Secret with the host key, `ssh-privatekey`, that all proxies share.",
        examples=["studios-ssh-key"],
    )
    ssh_key_rotation: Annotated[text.EnvironmentText | None, _PLATFORM] = Field(
        default=None,
        description="Any text, such as a date: another one makes a new host key, of which clients warn their users.",
        examples=["2026-11-25"],
    )
    existing_ssh_key_secret: Annotated[kubernetes.ObjectName | None, Only(KUBERNETES), _PLATFORM] = Field(
        default=None,
        description="Secret that exists already, with the host key as `ssh-privatekey`, without a passphrase.",
        examples=["ssh-host-key"],
    )

    @property
    def ssh_key_secret_in_use(self) -> str:
        """The Secret with the host key, ours or one that exists already."""
        return self.existing_ssh_key_secret or self.ssh_key_secret
