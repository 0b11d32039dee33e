"""The Secrets and ConfigMaps that Platform, connect-proxy and connect-server read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import pulumi
import pulumi_random as random
from pulumi_kubernetes import core, meta

from components.checksum import pod_checksum
from components.oidc import ExistingValue, read_value
from components.pods import common_labels, name_of
from components.timeouts import gone_soon
from settings.mounts import SSH_KEY

_CHECKSUM_KEY_LENGTH = 32

_Held = core.v1.SecretInitArgs | core.v1.ConfigMapInitArgs


@dataclass(frozen=True, kw_only=True)
class StudiosConfigurationArgs:
    """The arguments of :class:`StudiosConfiguration`."""

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
    existing: Collection[str] = ()
    """Names of those of the two Secrets that exist already, so that none is made."""
    ssh_secret: str | None = None
    """Name of the Secret for the SSH host key; none is made, or changed, without it."""
    ssh_key: pulumi.Input[str] | None = None
    """The SSH host key, in the form of OpenSSH; None without SSH. Secret."""
    credentials_secret: str
    """Name of the Secret for passwords that are given; it is made only if there are any."""
    proxy_credentials: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Environment variable of the proxy → password. Each is kept only in the Secret."""
    server_credentials: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Environment variable of the server → password. Each is kept only in the Secret."""
    proxy_config_map: str
    """Name of the proxy's ConfigMap."""
    server_config_map: str
    """Name of the server's ConfigMap."""
    proxy_environment: Mapping[str, str]
    """The proxy's environment variables that are not secret."""
    server_environment: Mapping[str, str]
    """The server's environment variables that are not secret."""
    existing_credentials: Mapping[str, ExistingValue] = field(default_factory=dict)
    """Environment variable → where pods read it, in a Secret that exists already; a change of it restarts all."""


class ReadByPods(Protocol):
    """What pods read: the names of objects that hold it, and checksums."""

    @property
    def token_secret_name(self) -> pulumi.Input[str]:
        """The Secret with the registration token."""

    @property
    def ssh_secret_name(self) -> pulumi.Input[str] | None:
        """The Secret with the SSH host key; None without SSH."""

    @property
    def credentials_secret_name(self) -> pulumi.Input[str] | None:
        """The Secret with the passwords; None if there are none."""

    @property
    def proxy_config_map_name(self) -> pulumi.Input[str]:
        """The ConfigMap of the proxy."""

    @property
    def server_config_map_name(self) -> pulumi.Input[str]:
        """The ConfigMap of the server."""

    @property
    def proxy_checksum(self) -> pulumi.Input[str]:
        """Changes with what the proxy reads."""

    @property
    def server_checksum(self) -> pulumi.Input[str]:
        """Changes with what the server reads."""


class StudiosConfiguration(pulumi.ComponentResource):
    """Secrets for the OIDC key, the registration token and the passwords, and a ConfigMap for each workload."""

    pem_secret_name: pulumi.Output[str]
    """The Secret with the OIDC key."""
    token_secret_name: pulumi.Output[str]
    """The Secret with the registration token."""
    ssh_secret_name: pulumi.Output[str] | None
    """The Secret with the SSH host key, `ssh-privatekey`; none without SSH."""
    credentials_secret_name: pulumi.Output[str] | None
    """The Secret with the passwords, by the name of their environment variable; none if there are none."""
    proxy_config_map_name: pulumi.Output[str]
    """The ConfigMap of the proxy."""
    server_config_map_name: pulumi.Output[str]
    """The ConfigMap of the server."""
    proxy_checksum: pulumi.Output[str]
    """Changes when, and only when, something changes that the proxy reads here; reveals none of it."""
    server_checksum: pulumi.Output[str]
    """The same for the server."""
    checksum_key: pulumi.Output[str]
    """The key of the checksums. Secret."""

    def __init__(self, name: str, args: StudiosConfigurationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:StudiosConfiguration", name, {}, opts)
        # The pods' own token or key would not do: a rotation would restart pods that don't read it, and connect-server
        # reads nothing but passwords, which may be guessed.
        checksum_key = random.RandomPassword(
            f"{name}-checksum-key",
            length=_CHECKSUM_KEY_LENGTH,
            special=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.checksum_key = pulumi.Output.secret(checksum_key.result)

        args = _sealed(args)
        self._read_by_platform = {"pem": args.pem, "token": args.token}
        made = {role: self._make(f"{name}-{role}", each) for role, each in configuration_objects(args).items()}
        self.pem_secret_name = made.get("pem", pulumi.Output.from_input(args.pem_secret))
        self.token_secret_name = made.get("token", pulumi.Output.from_input(args.token_secret))
        self.credentials_secret_name = made.get("credentials")
        self.proxy_config_map_name, self.server_config_map_name = made["proxy"], made["server"]
        has_ssh = args.ssh_key is not None and args.ssh_secret is not None
        existing_ssh = pulumi.Output.from_input(args.ssh_secret or "") if has_ssh else None
        self.ssh_secret_name = made.get("ssh-key", existing_ssh)
        existing = {
            variable: read_value(f"{name}-{variable.lower().replace('_', '-')}", source, self)
            for variable, source in args.existing_credentials.items()
        }
        self.proxy_checksum = pod_checksum(
            self.checksum_key,
            {
                **args.proxy_environment,
                **args.proxy_credentials,
                **existing,
                "token": args.token,
                **({} if args.ssh_key is None else {"ssh key": args.ssh_key}),
            },
        )
        self.server_checksum = pod_checksum(
            self.checksum_key, {**args.server_environment, **args.server_credentials, **existing}
        )
        self.register_outputs(
            {
                "pem_secret_name": self.pem_secret_name,
                "token_secret_name": self.token_secret_name,
                "ssh_secret_name": self.ssh_secret_name,
                "credentials_secret_name": self.credentials_secret_name,
                "proxy_config_map_name": self.proxy_config_map_name,
                "server_config_map_name": self.server_config_map_name,
                "proxy_checksum": self.proxy_checksum,
                "server_checksum": self.server_checksum,
                "checksum_key": self.checksum_key,
            }
        )

    def platform_checksum(self, values: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
        """Changes when, and only when, something changes that Platform reads: these values, the OIDC key, the token."""
        return pod_checksum(self.checksum_key, {**values, **self._read_by_platform})

    def _make(self, name: str, inputs: _Held) -> pulumi.Output[str]:
        opts = gone_soon(self)
        made = (
            core.v1.Secret(name, inputs, opts)
            if isinstance(inputs, core.v1.SecretInitArgs)
            else core.v1.ConfigMap(name, inputs, opts)
        )
        return made.metadata.apply(name_of)


def configuration_objects(args: StudiosConfigurationArgs) -> dict[str, _Held]:
    """The Secrets and ConfigMaps that are made, by what they are for."""
    secrets = {
        "pem": (args.pem_secret, {args.pem_key: args.pem}),
        "token": (args.token_secret, {args.token_key: args.token}),
        "ssh-key": (
            args.ssh_secret or "",
            {} if args.ssh_key is None or args.ssh_secret is None else {SSH_KEY: args.ssh_key},
        ),
        "credentials": (args.credentials_secret, {**args.proxy_credentials, **args.server_credentials}),
    }
    config_maps = {
        "proxy": (args.proxy_config_map, args.proxy_environment),
        "server": (args.server_config_map, args.server_environment),
    }
    return {
        **{
            role: core.v1.SecretInitArgs(
                metadata=_metadata(secret, args), type="Opaque", string_data=dict(sorted(values.items()))
            )
            for role, (secret, values) in secrets.items()
            if values and secret not in args.existing
        },
        **{
            role: core.v1.ConfigMapInitArgs(metadata=_metadata(name, args), data=dict(sorted(environment.items())))
            for role, (name, environment) in config_maps.items()
        },
    }


def _sealed(args: StudiosConfigurationArgs) -> StudiosConfigurationArgs:
    def seal(values: Mapping[str, pulumi.Input[str]]) -> dict[str, pulumi.Input[str]]:
        return {name: pulumi.Output.secret(value) for name, value in values.items()}

    return replace(
        args,
        pem=pulumi.Output.secret(args.pem),
        token=pulumi.Output.secret(args.token),
        ssh_key=None if args.ssh_key is None else pulumi.Output.secret(args.ssh_key),
        proxy_credentials=seal(args.proxy_credentials),
        server_credentials=seal(args.server_credentials),
    )


def _metadata(name: str, args: StudiosConfigurationArgs) -> meta.v1.ObjectMetaArgs:
    return meta.v1.ObjectMetaArgs(name=name, namespace=args.namespace, labels=common_labels())
