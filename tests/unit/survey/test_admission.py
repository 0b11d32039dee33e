"""What would stop an `up` half-way is refused in the first preview."""

from __future__ import annotations

from typing import Any

import pytest

from live.ownership import labels_of_stack

from .conftest import APPS, CORE, FakeApi, deployment, named
from .test_effective_environment import refused, survey

QUOTAS = f"{CORE}/resourcequotas"


def test_a_paused_rollout_is_refused_with_the_command_that_ends_it(platform: FakeApi) -> None:
    platform.lists[f"{APPS}/deployments"][0]["spec"]["paused"] = True
    assert refused(platform) == [
        (
            'backendDeployment: "backend" has a paused rollout, so that its pods would not restart; resume it: '
            "kubectl -n platform-stage rollout resume deployment/backend"
        )
    ]


@pytest.mark.parametrize(
    ("position", "key", "name"),
    [(0, "backendConfigMap", "tower-backend-cfg"), (1, "towerYmlConfigMap", "tower-yml")],
)
def test_an_immutable_config_map_is_refused(platform: FakeApi, position: int, key: str, name: str) -> None:
    platform.lists[f"{CORE}/configmaps"][position]["immutable"] = True
    assert refused(platform) == [
        (
            f'{key}: "{name}" is immutable, so that the stack can add nothing to it; let Platform read one that may be '
            "changed"
        )
    ]


def test_a_stack_that_is_there_already_is_not_stopped_by_what_it_need_not_change(platform: FakeApi) -> None:
    platform.lists[f"{APPS}/deployments"][0]["spec"]["paused"] = True
    quota(platform, {"pods": "3"}, {"pods": "3"})
    proxy = deployment("connect-proxy")
    proxy["metadata"]["labels"] = labels_of_stack("studios-local")
    platform.lists[f"{APPS}/deployments"].append(proxy)
    survey(platform)


def quota(api: FakeApi, hard: dict[str, str], used: dict[str, str], **spec: Any) -> None:
    api.lists[QUOTAS] = [named("limits", spec={"hard": hard, **spec}, status={"hard": hard, "used": used})]


def test_a_quota_without_room_for_the_pods_is_refused_with_all_figures(platform: FakeApi) -> None:
    quota(platform, {"pods": "1"}, {"pods": "1"})
    assert refused(platform, proxyReplicas=2) == [
        (
            'namespace: "platform-stage" has the ResourceQuota limits, which allows pods 1, of which 1 is in use, and '
            "the pods of Studios need 4 more (proxyReplicas 2, serverReplicas 2); raise the quota, or write less"
        )
    ]


@pytest.mark.parametrize(
    ("hard", "used", "fits"),
    [
        ({"count/pods": "5"}, {"count/pods": "1"}, True),
        ({"count/pods": "5"}, {"count/pods": "2"}, False),
        ({"requests.cpu": "100m"}, {}, True),
        ({"requests.cpu": "99m"}, {}, False),
        ({"cpu": "100"}, {"cpu": "1500m"}, True),
        ({"limits.memory": "1Mi"}, {"limits.memory": "0"}, False),
        ({"requests.memory": "64Gi"}, {"requests.memory": "2Gi"}, True),
        ({"services": "0", "requests.storage": "0", "count/deployments.apps": "0"}, {}, True),
        ({"pods": "not a number"}, {}, True),
    ],
)
def test_every_quota_on_pods_is_added_up(
    platform: FakeApi, hard: dict[str, str], used: dict[str, str], fits: bool
) -> None:
    quota(platform, hard, used)
    if fits:
        survey(platform, proxyReplicas=2)
    else:
        (problem,) = refused(platform, proxyReplicas=2)
        assert problem.startswith('namespace: "platform-stage" has the ResourceQuota limits, which allows ')


def test_a_quota_for_some_pods_only_is_left_to_the_api_server(platform: FakeApi) -> None:
    quota(platform, {"pods": "0"}, {}, scopes=["BestEffort"])
    survey(platform)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_who_may_not_list_quotas_is_not_stopped(platform: FakeApi, status: int) -> None:
    platform.refusals[QUOTAS] = (status, "no")
    survey(platform)
