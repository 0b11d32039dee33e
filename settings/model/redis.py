"""Redis."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, SecretStr

from settings.marks import COMPUTED, Derived, Only, Required, connect
from settings.model.section import ByTarget, Section
from settings.mounts import CERTIFICATES_VARIABLE, redis_tls_file
from settings.targets import COMPOSE, KUBERNETES
from settings.types import kubernetes, network, pods, text
from settings.types.text import MapInText

PASSWORD_VARIABLE = "CONNECT_REDIS_PASSWORD"  # noqa: S105 (the name of a variable)


def _has_ca(data: dict[str, Any]) -> bool:
    return data["redis_ca_secret"] is not None


class RedisSection(Section):
    """The Redis in which Connect keeps its sessions: that of the Platform install, or another one."""

    heading: ClassVar[str] = "Redis"

    redis_address: Annotated[network.RedisAddress, connect("CONNECT_REDIS_ADDRESS"), Required(KUBERNETES)] = Field(
        default_factory=ByTarget("", {COMPOSE: "redis:6379"}),
        description="Redis of the Platform install, `host:port`; port 6379 if left out.",
        examples=["redis:6379"],
    )
    redis_prefix: Annotated[text.EnvironmentText, connect("CONNECT_REDIS_PREFIX")] = Field(
        default="connect:session", description="Prefix of Connect's keys in Redis.", examples=["studios:session"]
    )
    redis_database: Annotated[int, connect("CONNECT_REDIS_DB")] = Field(
        default=1, ge=0, le=65535, description="Number of the Redis database.", examples=[2]
    )
    redis_ca_secret: Annotated[pods.RedisCa | None, connect(CERTIFICATES_VARIABLE, COMPUTED), Only(KUBERNETES)] = Field(
        default=None,
        description="Secret, and its key, with the PEM file of the private CA of Redis.",
        examples=[{"name": "acme-redis-ca", "key": "ca.crt"}],
    )
    redis_tls: Annotated[
        bool, connect("CONNECT_REDIS_TLS_ENABLE"), Derived("`true` with `redisCaSecret`, else `false`")
    ] = Field(default_factory=_has_ca, description="Connect to Redis over TLS.", examples=[True])
    redis_tls_skip_verify: Annotated[bool, connect("CONNECT_REDIS_TLS_SKIP_VERIFY")] = Field(
        default=False, description="Accept any certificate from Redis.", examples=[True]
    )
    redis_tls_secret: Annotated[
        kubernetes.ObjectName | None,
        redis_tls_file("CONNECT_REDIS_TLS_CERT_FILE", "tls.crt"),
        redis_tls_file("CONNECT_REDIS_TLS_KEY_FILE", "tls.key"),
        Only(KUBERNETES),
    ] = Field(
        default=None,
        description="Secret of type `kubernetes.io/tls` with the client certificate for Redis.",
        examples=["redis-client"],
    )
    redis_user: Annotated[text.EnvironmentText | None, connect("CONNECT_REDIS_USER")] = Field(
        default=None, description="Redis user name.", examples=["studios"]
    )
    redis_password: Annotated[SecretStr | None, connect(PASSWORD_VARIABLE)] = Field(
        default=None, min_length=1, description="Redis password (secret)."
    )
    redis_password_secret: Annotated[
        pods.SecretKeyReference | None, MapInText, connect(PASSWORD_VARIABLE), Only(KUBERNETES)
    ] = Field(
        default=None,
        description="Existing Secret, and its key, with the Redis password, instead of `redisPassword`.",
        examples=[{"name": "redis", "key": "password"}],
    )
