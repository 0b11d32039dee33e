"""The variables that the settings become."""

from __future__ import annotations

import json

import pytest

from settings.environment import platform_environment, proxy_environment, server_environment, tower_yml_entries
from settings.model import Settings
from settings.parsing import parse_settings
from settings.templates import connect_of
from settings.versions import Version


def settings(**changes: object) -> Settings:
    values: dict[str, object] = {
        "platformUrl": "https://example.com",
        "platformVersion": "25.3",
        "namespace": "platform-stage",
        "redisAddress": "redis",
        "hostedZone": "example.com",
    }
    return parse_settings({**values, **changes}, encrypted={"redisPassword"})


def test_platform_gets_the_connect_url_data_explorer_and_five_variables_for_each_template() -> None:
    environment = platform_environment(settings())
    assert environment["TOWER_DATA_STUDIO_CONNECT_URL"] == "https://connect.example.com"
    assert environment["TOWER_DATA_EXPLORER_ENABLED"] == "true"
    assert {name: value for name, value in environment.items() if "_XPRA_" in name} == {
        "TOWER_DATA_STUDIO_TEMPLATES_XPRA_REPOSITORY": "public.cr.seqera.io/platform/data-studio-xpra:6.2.0-r2-1-0.9",
        "TOWER_DATA_STUDIO_TEMPLATES_XPRA_ICON": "xpra",
        "TOWER_DATA_STUDIO_TEMPLATES_XPRA_TOOL": "xpra",
        "TOWER_DATA_STUDIO_TEMPLATES_XPRA_STATUS": "recommended",
        "TOWER_DATA_STUDIO_TEMPLATES_XPRA_PORT": "14500",
    }
    assert len(environment) == 2 + 4 * 5


def test_path_routing_is_told_to_platform_and_takes_xpra_out() -> None:
    environment = platform_environment(settings(pathRouting=True))
    assert environment["TOWER_DATA_STUDIO_ENABLE_PATH_ROUTING"] == "true"
    assert len(environment) == 3 + 3 * 5


def test_the_r_ides_tool_is_named_as_the_release_knows_it() -> None:
    name = "TOWER_DATA_STUDIO_TEMPLATES_RIDE_TOOL"
    assert platform_environment(settings(platformVersion="25.1"))[name] == "rstudio"
    assert platform_environment(settings(platformVersion="25.2"))[name] == "ride"


@pytest.mark.parametrize(("allowed", "value"), [("all", None), ("none", ""), ("1,2", "1,2")])
def test_from_26_1_the_workspaces_are_a_variable_that_is_unset_for_all(allowed: str, value: str | None) -> None:
    environment = platform_environment(settings(platformVersion="26.1", allowedWorkspaces=allowed))
    assert environment.get("TOWER_DATA_STUDIO_ALLOWED_WORKSPACES") == value


@pytest.mark.parametrize(("allowed", "value"), [("all", None), ("none", []), ("1,2", [1, 2])])
def test_up_to_25_3_the_workspaces_are_an_entry_of_tower_yml(allowed: str, value: list[int] | None) -> None:
    read = settings(allowedWorkspaces=allowed)
    assert "TOWER_DATA_STUDIO_ALLOWED_WORKSPACES" not in platform_environment(read)
    assert json.loads(tower_yml_entries(read)["tower.data-studio.allowed-workspaces"]) == value


def test_other_lists_of_workspaces_are_unset_for_none_and_empty_for_all() -> None:
    environment = platform_environment(
        settings(platformVersion="26.1", metricsEnabledWorkspaces="all", iframeAllowedWorkspaces="none")
    )
    assert environment["TOWER_STUDIO_METRICS_ENABLED_WORKSPACES"] == ""
    assert "TOWER_DATA_STUDIO_CONNECT_IFRAME_ALLOWED_WORKSPACES" not in environment


def test_proxy_and_server_get_what_the_templates_give_them_and_no_secret() -> None:
    read = settings(redisPassword="hunter2", redisTls=True, redisTlsSecret="redis-client", redisUser="studios")
    common = {
        "CONNECT_REDIS_ADDRESS": "redis:6379",
        "CONNECT_REDIS_PREFIX": "connect:session",
        "CONNECT_REDIS_DB": "1",
        "CONNECT_REDIS_USER": "studios",
        "CONNECT_REDIS_TLS_ENABLE": "true",
        "CONNECT_REDIS_TLS_SKIP_VERIFY": "false",
        "CONNECT_REDIS_TLS_CERT_FILE": "/etc/connect/redis-tls/tls.crt",
        "CONNECT_REDIS_TLS_KEY_FILE": "/etc/connect/redis-tls/tls.key",
        "CONNECT_LOG_LEVEL": "INFO",
    }
    assert proxy_environment(read) == {
        **common,
        "PLATFORM_URL": "https://example.com",
        "CONNECT_PROXY_URL": "https://connect.example.com",
        "CONNECT_TUNNEL_URL": "connect-server:7070",
        "CONNECT_HTTP_PORT": "8081",
        "CONNECT_STORAGE_ROOT": "/data",
        "XDG_CONFIG_HOME": "/data/config",
        "XDG_DATA_HOME": "/data/lib",
        "CONNECT_CLIENT_NAME": "tower-connect-proxy-client",
        "CONNECT_GRANT_TYPE": "authorization_code",
        "LOCAL_CACHE_TTL": "2m",
    }
    assert server_environment(read) == {
        **common,
        "CONNECT_LISTENER_PORT": "7777",
        "CONNECT_TUNNEL_PORT": "7070",
        "CONNECT_HOST_DOMAIN": "connect-server",
        "XDG_CONFIG_HOME": "/tmp/config",
        "XDG_DATA_HOME": "/tmp/lib",
    }


def test_the_home_folders_are_writable_on_openshift_and_left_alone_where_everything_is() -> None:
    writable_root = {"readOnlyRootFilesystem": False}
    assert proxy_environment(settings(**writable_root)).get("XDG_DATA_HOME") is None
    openshift = settings(**writable_root, openshift=True, storageRoot="/var/connect")
    assert proxy_environment(openshift)["XDG_DATA_HOME"] == "/var/connect/lib"
    assert server_environment(openshift)["XDG_CONFIG_HOME"] == "/tmp/config"


def test_the_release_0_12_variables_are_set_when_asked_for() -> None:
    environment = proxy_environment(settings(connectVersion="0.12.0", trustedProxyCidrs="10.0.0.0/8,192.168.0.0/16"))
    assert environment["CONNECT_TRUSTED_PROXY_CIDRS"] == "10.0.0.0/8 192.168.0.0/16"


@pytest.mark.parametrize(
    ("tag", "connect"),
    [("4.2.5-0.9", "0.9"), ("2025.04.1-0.8", "0.8"), ("6.2.0-r2-1-0.9", "0.9"), ("1.101.2-0.10.1", "0.10.1")],
)
def test_the_connect_client_is_read_from_a_templates_version_string(tag: str, connect: str) -> None:
    assert connect_of(f"registry.example.com:5000/studio:{tag}") == Version.parse(connect)


@pytest.mark.parametrize("tag", ["latest", "4.2.5", "0.9", "-0.9", "4.2.5-", "4.2.5-0", "v1-0.9"])
def test_a_version_string_of_another_form_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match=r"which is not <software>-<connect>|has no tag"):
        connect_of(f"studio:{tag}")
