"""The Secrets and ConfigMaps that Platform, connect-proxy and connect-server read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_random as random
from pulumi_kubernetes import core, meta

from components.checksum import pod_checksum
from components.oidc import ExistingValue, read_value
from components.pods import common_labels, name_of
from settings.mounts import SSH_KEY

_CHECKSUM_KEY_LENGTH = 32


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
    """Environment variable → where both the proxy and the server read it, in a Secret that exists already."""


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

        self.pem_secret_name = self._own_secret(f"{name}-pem", args, args.pem_secret, {args.pem_key: args.pem})
        self.token_secret_name = self._own_secret(
            f"{name}-token", args, args.token_secret, {args.token_key: args.token}
        )
        self.ssh_secret_name = self._ssh_secret(f"{name}-ssh-key", args)
        credentials = {**args.proxy_credentials, **args.server_credentials}
        self.credentials_secret_name = (
            self._secret(f"{name}-credentials", args.namespace, args.credentials_secret, credentials)
            if credentials
            else None
        )
        self.proxy_config_map_name = self._config_map(
            f"{name}-proxy", args.namespace, args.proxy_config_map, args.proxy_environment
        )
        self.server_config_map_name = self._config_map(
            f"{name}-server", args.namespace, args.server_config_map, args.server_environment
        )
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

    def _own_secret(
        self, name: str, args: StudiosConfigurationArgs, secret: str, values: Mapping[str, pulumi.Input[str]]
    ) -> pulumi.Output[str]:
        if secret in args.existing:
            return pulumi.Output.from_input(secret)
        return self._secret(name, args.namespace, secret, values)

    def _ssh_secret(self, name: str, args: StudiosConfigurationArgs) -> pulumi.Output[str] | None:
        if args.ssh_key is None or args.ssh_secret is None:
            return None
        return self._own_secret(name, args, args.ssh_secret, {SSH_KEY: args.ssh_key})

    def _secret(
        self, name: str, namespace: str, secret: str, values: Mapping[str, pulumi.Input[str]]
    ) -> pulumi.Output[str]:
        return core.v1.Secret(
            name,
            metadata=meta.v1.ObjectMetaArgs(name=secret, namespace=namespace, labels=common_labels()),
            type="Opaque",
            string_data={key: pulumi.Output.secret(value) for key, value in sorted(values.items())},
            opts=pulumi.ResourceOptions(parent=self),
        ).metadata.apply(name_of)

    def _config_map(
        self, name: str, namespace: str, config_map: str, environment: Mapping[str, str]
    ) -> pulumi.Output[str]:
        return core.v1.ConfigMap(
            name,
            metadata=meta.v1.ObjectMetaArgs(name=config_map, namespace=namespace, labels=common_labels()),
            data=dict(sorted(environment.items())),
            opts=pulumi.ResourceOptions(parent=self),
        ).metadata.apply(name_of)
