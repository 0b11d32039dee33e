"""The environment variables that the settings become, for Platform, the proxy and the server.

The registration token, the password of Redis and the key of the management port are not among them: pods read those
from Secrets.
"""

from __future__ import annotations

from settings import workspaces
from settings.model import Settings
from settings.targets import COMPOSE
from settings.templates import template_environment

PEM_PATH_VARIABLE = "TOWER_OIDC_PEM_PATH"
PLATFORM_TOKEN_VARIABLE = "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"  # noqa: S105 (the name of a variable)
PROXY_TOKEN_VARIABLE = "CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"  # noqa: S105 (the name of a variable)
REDIS_PASSWORD_VARIABLE = "CONNECT_REDIS_PASSWORD"  # noqa: S105 (the name of a variable)
MANAGEMENT_AUTH_KEY_VARIABLE = "CONNECT_MANAGEMENT_AUTH_KEY"

REDIS_TLS_MOUNT = "/etc/connect/redis-tls"
"""Where `redisTlsSecret` is mounted in proxy and server."""
TEMPORARY_FOLDER = "/tmp"  # noqa: S108 (in the pods)
"""Where proxy and server may always write."""


def platform_environment(settings: Settings) -> dict[str, str]:
    """What backend and cron read from the backend ConfigMap."""
    entries: dict[str, str | None] = {
        "TOWER_DATA_STUDIO_CONNECT_URL": settings.connect_url,
        "TOWER_DATA_EXPLORER_ENABLED": "true",
        "TOWER_DATA_STUDIO_ENABLE_PATH_ROUTING": "true" if settings.path_routing else None,
        "TOWER_DATA_STUDIO_WAVE_CUSTOM_IMAGE_REGISTRY": settings.custom_image_registry,
        "TOWER_DATA_STUDIO_WAVE_CUSTOM_IMAGE_REPOSITORY": settings.custom_image_repository,
        "TOWER_DATA_STUDIO_WAVE_CUSTOM_IMAGE_NAME_STRATEGY": settings.custom_image_name_strategy,
        "TOWER_DATA_STUDIO_WAVE_DISALLOWED_REGISTRIES": _joined(settings.disallowed_registries),
        "TOWER_DATA_STUDIO_WAVE_STATUS_CHECK_INITIAL_DELAY": settings.wave_status_check_initial_delay,
        "TOWER_DATA_STUDIO_WAVE_STATUS_CHECK_RATE": settings.wave_status_check_rate,
        "TOWER_DATA_STUDIO_DEFAULT_LIFESPAN": _text(settings.default_lifespan),
        "TOWER_DATA_STUDIO_PRIVATE_STUDIO_BY_DEFAULT": _flag(settings.private_by_default),
        "TOWER_DATA_STUDIO_LIST_MAX_ALLOWED": _text(settings.list_max_allowed),
        "TOWER_DATA_STUDIO_FEATURE_MANIFEST_URL": settings.feature_manifest_url,
        "TOWER_DATA_STUDIO_CONNECT_IFRAME_ALLOWED_WORKSPACES": _feature(settings.iframe_allowed_workspaces),
        "TOWER_STUDIO_METRICS_ENABLED_WORKSPACES": _feature(settings.metrics_enabled_workspaces),
        "TOWER_STUDIO_METRICS_RETENTION_DAYS": _text(settings.metrics_retention_days),
    }
    if not workspaces.reads_tower_yml(settings.platform_version):
        entries[workspaces.ALLOWED_WORKSPACES_VARIABLE] = workspaces.allowed_variable(settings.allowed_workspaces)
    return _set_ones(entries) | template_environment(settings.studio_templates)


def common_environment(settings: Settings) -> dict[str, str]:
    """What proxy and server share."""
    with_certificate = settings.redis_tls_secret is not None
    return _set_ones(
        {
            "CONNECT_REDIS_ADDRESS": settings.redis_address,
            "CONNECT_REDIS_PREFIX": settings.redis_prefix,
            "CONNECT_REDIS_DB": str(settings.redis_database),
            "CONNECT_REDIS_USER": settings.redis_user,
            "CONNECT_REDIS_TLS_ENABLE": _flag(settings.redis_tls),
            "CONNECT_REDIS_TLS_SKIP_VERIFY": _flag(settings.redis_tls_skip_verify),
            "CONNECT_REDIS_TLS_CERT_FILE": f"{REDIS_TLS_MOUNT}/tls.crt" if with_certificate else None,
            "CONNECT_REDIS_TLS_KEY_FILE": f"{REDIS_TLS_MOUNT}/tls.key" if with_certificate else None,
            "CONNECT_LOG_LEVEL": settings.log_level,
            "CONNECT_MANAGEMENT_PORT": _text(settings.management_port),
        }
    )


def proxy_environment(settings: Settings) -> dict[str, str]:
    """What the proxy reads, besides its token and the password of Redis."""
    return (
        common_environment(settings)
        | _home(settings, settings.storage_root)
        | _set_ones(
            {
                "PLATFORM_URL": settings.platform_url,
                "CONNECT_PROXY_URL": settings.connect_url,
                "CONNECT_TUNNEL_URL": settings.tunnel_url,
                "CONNECT_HTTP_PORT": str(settings.proxy_port),
                "CONNECT_STORAGE_ROOT": settings.storage_root,
                "CONNECT_CLIENT_NAME": settings.client_name,
                "CONNECT_GRANT_TYPE": settings.grant_type,
                "LOCAL_CACHE_TTL": settings.cache_ttl,
                "CONNECT_TRUSTED_PROXY_CIDRS": " ".join(settings.trusted_proxy_cidrs) or None,
                "CONNECT_TELEMETRY_FLUSH_INTERVAL": settings.telemetry_flush_interval,
                "CONNECT_TELEMETRY_TTL": settings.telemetry_ttl,
                "CONNECT_TELEMETRY_STREAM_EMIT_INTERVAL": settings.telemetry_stream_emit_interval,
            }
        )
    )


def server_environment(settings: Settings) -> dict[str, str]:
    """What the server reads, besides the password of Redis and the key of its management port."""
    return (
        common_environment(settings)
        | _home(settings, TEMPORARY_FOLDER)
        | {
            "CONNECT_LISTENER_PORT": str(settings.listener_port),
            "CONNECT_TUNNEL_PORT": str(settings.tunnel_port),
            "CONNECT_HOST_DOMAIN": settings.host_domain or settings.server_name,
        }
    )


def _home(settings: Settings, folder: str) -> dict[str, str]:
    """Leads what would be written to the home folder to one that can be: OpenShift's users have none."""
    if settings.target == COMPOSE or not (settings.openshift or settings.read_only_root_filesystem):
        return {}
    return {"XDG_CONFIG_HOME": f"{folder}/config", "XDG_DATA_HOME": f"{folder}/lib"}


def _set_ones(entries: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in entries.items() if value is not None}


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _joined(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else ",".join(values)


def _feature(value: workspaces.Workspaces | None) -> str | None:
    return None if value is None else workspaces.feature_variable(value)
