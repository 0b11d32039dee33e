"""Proxy and server."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, SecretStr

from settings.marks import COMPUTED, Derived, Only, Since, connect, proxy, server, spaced
from settings.model.section import ByTarget, Section
from settings.targets import COMPOSE, KUBERNETES
from settings.transfer_policy import TransferPolicy, policy_base64
from settings.types import kubernetes, network, studios, text
from settings.types.text import MapInText

TUNNEL_URL_VARIABLE = "CONNECT_TUNNEL_URL"
HOST_DOMAIN_VARIABLE = "CONNECT_HOST_DOMAIN"
AUTH_KEY_VARIABLE = "CONNECT_MANAGEMENT_AUTH_KEY"


class ConnectSection(Section):
    """The names and ports of the proxy and the server, and what they are told."""

    heading: ClassVar[str] = "Proxy and server"

    proxy_name: kubernetes.ServiceName = Field(
        default="connect-proxy", description="Name of the proxy's objects.", examples=["studios-proxy"]
    )
    server_name: Annotated[kubernetes.StatefulSetName, proxy(TUNNEL_URL_VARIABLE, COMPUTED)] = Field(
        default="connect-server", description="Name of the server's objects.", examples=["studios-server"]
    )
    log_level: Annotated[studios.LogLevel, connect("CONNECT_LOG_LEVEL")] = Field(
        default="INFO", description="Log level of the proxy and the server.", examples=["DEBUG"]
    )
    proxy_port: Annotated[network.UnprivilegedPort, proxy("CONNECT_HTTP_PORT")] = Field(
        default_factory=ByTarget(8081, {COMPOSE: 9090}),
        description="Where the proxy's container listens.",
        examples=[8082],
    )
    listener_port: Annotated[network.UnprivilegedPort, server("CONNECT_LISTENER_PORT")] = Field(
        default=7777, description="Where the server listens for the proxy.", examples=[7778]
    )
    tunnel_port: Annotated[
        network.UnprivilegedPort, server("CONNECT_TUNNEL_PORT"), proxy(TUNNEL_URL_VARIABLE, COMPUTED)
    ] = Field(default=7070, description="Where the server listens for sessions.", examples=[7071])
    management_port: Annotated[
        network.UnprivilegedPort | None, connect("CONNECT_MANAGEMENT_PORT"), Since(connect="0.8.2")
    ] = Field(
        default=None, description="Port of Connect's metrics and readiness, on proxy and server.", examples=[9100]
    )
    proxy_readiness_path: Annotated[text.UrlPath | None, Only(KUBERNETES)] = Field(
        default=None,
        description=(
            "Path at `managementPort` that answers with a status below 400 while the proxy is ready. Without it, a TCP "
            "connection to `proxyPort` counts as ready: Seqera documents no such path."
        ),
        examples=["/ready"],
    )
    management_auth_key: Annotated[SecretStr | None, server(AUTH_KEY_VARIABLE)] = Field(
        default=None, min_length=1, description="Key that the server's management port asks for (secret)."
    )
    host_domain: Annotated[
        kubernetes.ObjectName | None, server(HOST_DOMAIN_VARIABLE, COMPUTED), Derived("`serverName`")
    ] = Field(
        default=None,
        description="Domain under which the server's pods find each other.",
        examples=["connect-server.platform-stage.svc.cluster.local"],
    )
    storage_root: Annotated[text.Folder, proxy("CONNECT_STORAGE_ROOT")] = Field(
        default="/data",
        description="Where the proxy writes: an emptyDir is mounted there.",
        examples=["/var/lib/connect"],
    )
    storage_size: Annotated[kubernetes.Quantity, Only(KUBERNETES)] = Field(
        default="100Mi", description="Size limit of that emptyDir.", examples=["200Mi"]
    )
    cache_ttl: Annotated[text.Duration, proxy("LOCAL_CACHE_TTL")] = Field(
        default="2m", description="How long the proxy caches what it knows of a session.", examples=["1m"]
    )
    client_name: Annotated[text.EnvironmentText, proxy("CONNECT_CLIENT_NAME")] = Field(
        default="tower-connect-proxy-client",
        description="Name under which the proxy registers with Platform.",
        examples=["studios-proxy"],
    )
    grant_type: Annotated[text.EnvironmentText, proxy("CONNECT_GRANT_TYPE")] = Field(
        default="authorization_code",
        description="OAuth grant that the proxy registers for.",
        examples=["client_credentials"],
    )
    trusted_proxy_cidrs: Annotated[
        network.TrustedCidrs,
        proxy("CONNECT_TRUSTED_PROXY_CIDRS", spaced),
        Since(connect="0.12.0"),
        Derived("the proxy's own, `127.0.0.1/32`"),
    ] = Field(
        default=(),
        description=(
            "Networks from which the proxy trusts `X-Forwarded-For`; `vpc` for the subnets of the VPC of `eksCluster`, "
            "or of the instance on Compose."
        ),
        examples=["vpc"],
    )
    transfer_policy: Annotated[
        TransferPolicy | None, MapInText, proxy("CONNECT_POLICY_B64", policy_base64), Since(connect="0.12.0")
    ] = Field(
        default=None,
        description="Data-transfer quotas: the proxy's policy as its documentation has it, checked here.",
        examples=[
            {
                "buckets": [
                    {
                        "name": "user_id",
                        "quotas": [{"bytes": "1TB", "window": "720h"}],
                        "extractors": [{"protocol": "http", "source": {"type": "header", "name": "X-Connect-Sub"}}],
                    }
                ]
            }
        ],
    )
    telemetry_flush_interval: Annotated[
        text.Duration | None, proxy("CONNECT_TELEMETRY_FLUSH_INTERVAL"), Since(connect="0.12.0")
    ] = Field(default=None, description="How often usage is flushed.", examples=["1m"])
    telemetry_ttl: Annotated[text.Duration | None, proxy("CONNECT_TELEMETRY_TTL"), Since(connect="0.12.0")] = Field(
        default=None, description="How long usage is kept.", examples=["72h"]
    )
    telemetry_stream_emit_interval: Annotated[
        text.Duration | None, proxy("CONNECT_TELEMETRY_STREAM_EMIT_INTERVAL"), Since(connect="0.12.0")
    ] = Field(default=None, description="How often usage is emitted.", examples=["5s"])
    proxy_extra_env: text.Environment = Field(
        default={},
        description="Further variables of the proxy, passed on unchecked.",
        examples=[{"HTTPS_PROXY": "http://proxy.example.com:3128", "NO_PROXY": ".svc,.cluster.local"}],
    )
    server_extra_env: text.Environment = Field(
        default={},
        description="Further variables of the server, passed on unchecked.",
        examples=[{"GODEBUG": "netdns=go"}],
    )
