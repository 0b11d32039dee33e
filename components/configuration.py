"""The Secrets and ConfigMaps that Platform, connect-proxy and connect-server read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_random as random
from pulumi_kubernetes import core, meta

from components.checksum import pod_checksum
from components.pods import labels_of, name_of

_CHECKSUM_KEY_LENGTH = 32


@dataclass(frozen=True, kw_only=True)
class SecretValue:
    """One key of a Secret, and its value.

    Args:
        name: the Secret's name.
        key: the key in it.
        value: what it holds; of a Secret that exists, what it holds now, so that a change is noticed.
        exists: somebody else keeps the Secret: it is read, and neither made nor changed.
    """

    name: str
    key: str
    value: pulumi.Input[str]
    exists: bool = False


@dataclass(frozen=True, kw_only=True)
class StudiosConfigurationArgs:
    """The arguments of :class:`StudiosConfiguration`.

    Args:
        namespace: where Platform runs, and where everything of Studios goes.
        pem: the OIDC key: private key, then public key.
        token: the initial registration token of the OIDC client.
        redis_password: for a Redis that wants one.
        proxy_config_map, server_config_map: the ConfigMaps' names.
        proxy_environment, server_environment: the variables that are not secret.
    """

    namespace: str
    pem: SecretValue
    token: SecretValue
    redis_password: SecretValue | None = None
    proxy_config_map: str
    server_config_map: str
    proxy_environment: Mapping[str, str]
    server_environment: Mapping[str, str]


class StudiosConfiguration(pulumi.ComponentResource):
    """Secrets for the OIDC key, the token and the Redis password (those that don't exist yet), and two ConfigMaps."""

    pem_secret_name: pulumi.Output[str]
    """The Secret with the OIDC key."""
    token_secret_name: pulumi.Output[str]
    """The Secret with the registration token."""
    redis_secret_name: pulumi.Output[str] | None
    """The Secret with the Redis password, if there is one."""
    proxy_config_map_name: pulumi.Output[str]
    """The ConfigMap of connect-proxy."""
    server_config_map_name: pulumi.Output[str]
    """The ConfigMap of connect-server."""
    proxy_checksum: pulumi.Output[str]
    """Changes when, and only when, something changes that connect-proxy reads here; reveals none of it."""
    server_checksum: pulumi.Output[str]
    """The same for connect-server."""
    checksum_key: pulumi.Output[str]
    """The key of the checksums, which no pod and no Kubernetes object holds; secret."""

    def __init__(self, name: str, args: StudiosConfigurationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:StudiosConfiguration", name, {}, opts)
        checksum_key = random.RandomPassword(
            f"{name}-checksum-key",
            length=_CHECKSUM_KEY_LENGTH,
            special=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.checksum_key = pulumi.Output.secret(checksum_key.result)

        self.pem_secret_name = self._secret(f"{name}-pem", args.namespace, args.pem)
        self.token_secret_name = self._secret(f"{name}-token", args.namespace, args.token)
        self.redis_secret_name = None
        redis: dict[str, pulumi.Input[str]] = {}
        if args.redis_password is not None:
            self.redis_secret_name = self._secret(f"{name}-redis", args.namespace, args.redis_password)
            redis = {"redis-password": args.redis_password.value}

        self.proxy_config_map_name = self._config_map(
            f"{name}-proxy", args.namespace, args.proxy_config_map, args.proxy_environment
        )
        self.server_config_map_name = self._config_map(
            f"{name}-server", args.namespace, args.server_config_map, args.server_environment
        )
        token: dict[str, pulumi.Input[str]] = {"token": args.token.value}
        self.proxy_checksum = pod_checksum(self.checksum_key, {**args.proxy_environment, **redis, **token})
        self.server_checksum = pod_checksum(self.checksum_key, {**args.server_environment, **redis})
        self.register_outputs(
            {
                "pem_secret_name": self.pem_secret_name,
                "token_secret_name": self.token_secret_name,
                "redis_secret_name": self.redis_secret_name,
                "proxy_config_map_name": self.proxy_config_map_name,
                "server_config_map_name": self.server_config_map_name,
                "proxy_checksum": self.proxy_checksum,
                "server_checksum": self.server_checksum,
                "checksum_key": self.checksum_key,
            }
        )

    def _secret(self, name: str, namespace: str, secret: SecretValue) -> pulumi.Output[str]:
        if secret.exists:
            return pulumi.Output.from_input(secret.name)
        return core.v1.Secret(
            name,
            metadata=meta.v1.ObjectMetaArgs(name=secret.name, namespace=namespace, labels=labels_of(secret.name)),
            type="Opaque",
            string_data={secret.key: pulumi.Output.secret(secret.value)},
            opts=pulumi.ResourceOptions(parent=self),
        ).metadata.apply(name_of)

    def _config_map(
        self, name: str, namespace: str, config_map: str, environment: Mapping[str, str]
    ) -> pulumi.Output[str]:
        return core.v1.ConfigMap(
            name,
            metadata=meta.v1.ObjectMetaArgs(name=config_map, namespace=namespace, labels=labels_of(config_map)),
            data=dict(sorted(environment.items())),
            opts=pulumi.ResourceOptions(parent=self),
        ).metadata.apply(name_of)
