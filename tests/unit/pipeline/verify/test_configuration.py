"""The ConfigMaps that pods read are held against the settings, without showing what may be secret."""

from __future__ import annotations

from typing import Any

import pytest

from live.api import NotFoundError
from pipeline.verify.configuration import config_maps_hold_settings
from pipeline.verify.deployment import HIDDEN
from pipeline.verify.findings import Finding, bad, good
from settings.environment import platform_environment, proxy_environment, server_environment
from tests.unit.pipeline.verify.subject import deployment

BACKEND = "tower-backend-cfg"


class Api:
    """A namespace with the ConfigMaps of an update that has just ended; some entries may differ."""

    def __init__(self, settings: Any, reads: list[str], **changed: dict[str, str | None]) -> None:
        self.reads = reads
        maps: dict[str, dict[str, str | None]] = {
            "connect-proxy": dict(proxy_environment(settings)),
            "connect-server": dict(server_environment(settings)),
            BACKEND: {"TOWER_DB_PASSWORD": "s3cr3t", **platform_environment(settings)},
        }
        for name, entries in changed.items():
            maps[name.replace("_", "-")].update(entries)
        self.maps = {name: {k: v for k, v in data.items() if v is not None} for name, data in maps.items()}

    def get(self, path: str) -> dict[str, Any]:
        kind, _, name = path.rpartition("/")
        if kind.endswith("/deployments"):
            sources = [{"configMapRef": {"name": each}} for each in self.reads]
            return {"spec": {"template": {"spec": {"containers": [{"name": name, "envFrom": sources}]}}}}
        if name not in self.maps:
            raise NotFoundError(name)
        return {"data": self.maps[name]}


def found(
    monkeypatch: pytest.MonkeyPatch, reads: tuple[str, ...] = (BACKEND,), settings: Any = None, **changed: Any
) -> Finding:
    made = deployment(**(settings or {}))
    monkeypatch.setattr("pipeline.verify.deployment.api_of", lambda *_: Api(made.settings, list(reads), **changed))
    return config_maps_hold_settings(made)


def test_config_maps_that_hold_the_settings_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch) == good("the ConfigMaps of Connect and Platform hold what the settings say")


def test_a_url_of_connect_that_is_not_the_stack_s_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = found(monkeypatch, tower_backend_cfg={"TOWER_DATA_STUDIO_CONNECT_URL": "https://connect.wrong.com"})
    assert finding == bad(
        f'ConfigMap {BACKEND}: TOWER_DATA_STUDIO_CONNECT_URL is "https://connect.wrong.com", and the settings say '
        '"https://connect.platform.example.com"; and 1 more differ',
        "pulumi up --refresh -s prod; then kubectl -n platform rollout restart deployments/backend",
    )


def test_another_database_of_the_server_than_the_proxy_s_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = found(monkeypatch, connect_server={"CONNECT_REDIS_DB": "5"})
    assert finding == bad(
        'ConfigMap connect-server: CONNECT_REDIS_DB is "5", and the settings say "1"',
        "pulumi up --refresh -s prod; then kubectl -n platform rollout restart statefulsets/connect-server",
    )


def test_a_variable_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = found(monkeypatch, connect_proxy={"CONNECT_REDIS_ADDRESS": None})
    assert finding.text == (
        'ConfigMap connect-proxy: CONNECT_REDIS_ADDRESS is missing, and the settings say "redis:6379"'
    )


def test_a_config_map_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = found(monkeypatch, reads=("none",))
    assert finding.text.startswith("ConfigMap none is not in platform")


def test_a_value_that_may_be_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"proxyExtraEnv": {"MY_TOKEN": "s3cr3t-1"}}
    finding = found(monkeypatch, settings=settings, connect_proxy={"MY_TOKEN": "s3cr3t-2"})
    assert finding.text == "ConfigMap connect-proxy: MY_TOKEN is not what the settings say"


def test_a_setting_that_is_secret_in_the_stack_s_file_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"proxyExtraEnv": {"SOME": HIDDEN}}
    assert found(monkeypatch, settings=settings, connect_proxy={"SOME": "value"}).holds
