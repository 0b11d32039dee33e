"""What would stop an `up` half-way is refused in the first preview."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from components.planned import planned_objects
from live.edits import apply_body
from live.edits_of_settings import platform_edits_of
from live.fields import merge
from live.ownership import labels_of_stack
from settings.errors import SettingsError
from settings.parsing import parse_settings
from settings.resources import quantity
from survey.platform import PlatformSurvey, survey_platform

from .conftest import APPS, CORE, LEAST, FakeApi, deployment, named

QUOTAS = f"{CORE}/resourcequotas"


def survey(api: FakeApi, **changes: object) -> PlatformSurvey:
    settings = parse_settings({**LEAST, **changes})
    return survey_platform(api.access, settings, field_manager="studios-local", planned=planned_objects)


def refused(api: FakeApi, **changes: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        survey(api, **changes)
    return [str(problem).removeprefix("seqera-studios:") for problem in caught.value.problems]


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


def failed(api: FakeApi, name: str, observed: int = 4) -> None:
    (live,) = (each for each in api.lists[f"{APPS}/deployments"] if each["metadata"]["name"] == name)
    live["metadata"]["generation"] = 4
    message = 'ReplicaSet "backend-1" has timed out progressing.'
    condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": message}
    live["status"] = {"observedGeneration": observed, "conditions": [condition]}


@pytest.mark.parametrize(("key", "name"), [("backendDeployment", "backend"), ("cronDeployment", "cron")])
def test_a_rollout_that_has_failed_before_is_refused_with_its_message(platform: FakeApi, key: str, name: str) -> None:
    failed(platform, name)
    assert refused(platform) == [
        (
            f'{key}: "{name}" has a rollout that failed (ReplicaSet "backend-1" has timed out progressing.), so that '
            "it would not become ready with the stack's change either; see "
            f"kubectl -n platform-stage describe deployment/{name} and its pods, and correct what keeps them, or go "
            f"back: kubectl -n platform-stage rollout undo deployment/{name}"
        )
    ]
    # Its owner has changed it since.
    failed(platform, name, observed=3)
    survey(platform)


def test_a_rollout_that_the_stack_may_mend_is_not_refused(running: FakeApi) -> None:
    failed(running, "backend")
    changes = {"connectUrl": "https://studios.example.com", "takeOver": ["ConfigMap/tower-backend-cfg"]}
    assert survey(running, **changes).warnings == ()


@pytest.mark.parametrize(
    ("path", "position", "key", "name"),
    [
        (f"{APPS}/deployments", 0, "backendDeployment", "backend"),
        (f"{APPS}/deployments", 1, "cronDeployment", "cron"),
        (f"{CORE}/configmaps", 0, "backendConfigMap", "tower-backend-cfg"),
        (f"{CORE}/configmaps", 1, "towerYmlConfigMap", "tower-yml"),
    ],
)
def test_an_object_of_platforms_that_is_being_deleted_is_refused(
    platform: FakeApi, path: str, position: int, key: str, name: str
) -> None:
    platform.lists[path][position]["metadata"]["deletionTimestamp"] = "2026-11-25T00:00:00Z"
    assert refused(platform) == [
        (
            f'{key}: "{name}" is being deleted, so that a change of the stack\'s would go with it; wait until it is '
            "gone (its finalizers may hold it), and install it again"
        )
    ]


@pytest.fixture
def running(platform: FakeApi) -> FakeApi:
    """The Platform with the stack's edits and its proxy."""
    for target, edit in platform_edits_of(parse_settings(LEAST)).items():
        kind, _, name = target.partition("/")
        path = {"ConfigMap": f"{CORE}/configmaps", "Deployment": f"{APPS}/deployments"}[kind]
        (live,) = (each for each in platform.lists[path] if each["metadata"]["name"] == name)
        merge(live, apply_body(target, edit))
    (file,) = (each for each in platform.lists[f"{CORE}/configmaps"] if each["metadata"]["name"] == "tower-yml")
    file["data"]["tower.yml"] = "tower:\n  data-studio:\n    allowed-workspaces: null\n"
    for kind, name in (("deployments", "connect-proxy"), ("statefulsets", "connect-server")):
        made = deployment(name)
        made["spec"]["replicas"] = 2
        made["metadata"]["labels"] = labels_of_stack("studios-local")
        platform.lists[f"{APPS}/{kind}"].append(made)
    return platform


def test_a_stack_that_is_there_already_is_not_stopped_by_what_it_need_not_change(running: FakeApi) -> None:
    running.lists[f"{APPS}/deployments"][0]["spec"]["paused"] = True
    quota(running, {"pods": "3", "services": "1"}, {"pods": "3", "services": "1"})
    # Those are its own pods. A secret that is rotated restarts Platform, too, and nothing tells before.
    (warning,) = survey(running).warnings
    assert 'backendDeployment: "backend" has a paused rollout' in warning


def test_more_replicas_of_a_stack_that_runs_are_refused_where_a_quota_has_no_room_for_them(running: FakeApi) -> None:
    quota(running, {"pods": "5"}, {"pods": "4"})
    survey(running, proxyReplicas=3)
    (problem,) = refused(running, proxyReplicas=4)
    assert "which allows pods 5, of which 4 is in use, and the pods of Studios need 2 more" in problem


@pytest.mark.parametrize(
    "changes",
    [{"connectUrl": "https://studios.example.com"}, {"allowedWorkspaces": "none"}, {"pemPath": "/keys/o.pem"}],
)
def test_a_change_of_a_stack_that_runs_is_refused_where_a_rollout_is_paused(
    running: FakeApi, changes: dict[str, object]
) -> None:
    running.lists[f"{APPS}/deployments"][0]["spec"]["paused"] = True
    (problem,) = refused(running, **changes)
    assert problem.startswith('backendDeployment: "backend" has a paused rollout')


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
        ({"limits.cpu": "3500m"}, {}, False),
        ({"limits.cpu": "4"}, {}, True),
        ({"ephemeral-storage": "255Mi"}, {}, False),
        ({"limits.ephemeral-storage": "1Ti"}, {"limits.ephemeral-storage": "1e9"}, True),
        ({"requests.storage": "0", "persistentvolumeclaims": "0", "requests.nvidia.com/gpu": "0"}, {}, True),
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


@pytest.mark.parametrize(
    ("hard", "needed"),
    [
        ({"count/deployments.apps": "2"}, None),
        ({"count/deployments.apps": "1"}, "1"),
        ({"count/statefulsets.apps": "0"}, "1"),
        ({"count/replicasets.apps": "1"}, "1"),
        ({"services": "1"}, "2"),
        ({"services.nodeports": "0"}, "1"),
        ({"services.loadbalancers": "0"}, None),
        ({"secrets": "3"}, None),
        ({"secrets": "1"}, "2"),
        ({"count/configmaps": "2"}, "2"),
        ({"count/ingresses.networking.k8s.io": "0"}, "1"),
        ({"count/poddisruptionbudgets.policy": "0"}, "2"),
    ],
)
def test_every_quota_on_objects_is_counted_up(platform: FakeApi, hard: dict[str, str], needed: str | None) -> None:
    (resource,) = hard
    used = {resource: "1"} if hard[resource] != "0" else {}
    quota(platform, hard, used)
    if needed is None:
        survey(platform)
    else:
        (problem,) = refused(platform)
        assert problem == (
            f'namespace: "platform-stage" has the ResourceQuota limits, which allows {resource} {hard[resource]}, of '
            f"which {used.get(resource, '0')} is in use, and Studios makes {needed} more; raise the quota"
        )


@pytest.mark.parametrize(
    ("spec", "counts"),
    [
        ({"scopes": ["BestEffort"]}, False),
        ({"scopes": ["NotBestEffort"]}, True),
        ({"scopes": ["Terminating"]}, False),
        ({"scopes": ["NotTerminating", "NotBestEffort"]}, True),
        ({"scopes": ["PriorityClass"]}, True),
        ({"scopes": ["CrossNamespacePodAffinity"]}, False),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "NotTerminating", "operator": "Exists"}]}}, True),
        *(
            (
                {
                    "scopeSelector": {
                        "matchExpressions": [{"scopeName": "PriorityClass", "operator": operator, "values": values}]
                    }
                },
                counts,
            )
            for operator, values, counts in (
                ("In", ["high"], True),
                ("In", ["low"], False),
                ("NotIn", ["high"], False),
                ("NotIn", ["low"], True),
                ("Exists", [], True),
                ("DoesNotExist", [], False),
            )
        ),
    ],
)
def test_a_quota_for_some_pods_counts_those_of_its_scopes(
    platform: FakeApi, spec: dict[str, Any], counts: bool
) -> None:
    quota(platform, {"pods": "1"}, {}, **spec)
    if counts:
        assert len(refused(platform, priorityClassName="high")) == 1
    else:
        survey(platform, priorityClassName="high")


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1", 1), ("1500m", "1.5"), ("2k", 2000), ("1Ki", 1024), ("1.5Gi", 1610612736), ("1e3", 1000), ("2E", 2 * 10**18)],
)
def test_quantities_are_read_as_kubernetes_writes_them(text: str, amount: object) -> None:
    assert quantity(text) == Decimal(str(amount))
    assert quantity(f"{text}x") is None


@pytest.mark.parametrize("status", [403, 404, 500])
def test_who_may_not_list_quotas_is_not_stopped(platform: FakeApi, status: int) -> None:
    platform.refusals[QUOTAS] = (status, "no")
    survey(platform)
