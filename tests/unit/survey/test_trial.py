"""What the API server would refuse is told in the preview: objects, edits of Platform, and one pod of each template."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from components.planned import planned_objects
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.platform import survey_platform

from .conftest import APPS, CORE, LEAST, NET, FakeApi, named

OWNER = "studios-local"
PODS = f"{CORE}/pods"
POLICY = "/apis/policy/v1/namespaces/platform-stage"


def surveyed(api: FakeApi, encrypted: Sequence[str] = (), **changes: object) -> tuple[list[str], list[str]]:
    """The problems and the warnings."""
    settings = parse_settings({**LEAST, **changes}, encrypted=encrypted)
    try:
        found = survey_platform(api.access, settings, field_manager=OWNER, planned=planned_objects)
    except SettingsError as error:
        return [str(problem) for problem in error.problems], []
    return [], list(found.warnings)


def refused(what: str, reason: str) -> str:
    return (
        f'seqera-studios:namespace: "platform-stage" does not take {what}: {reason}; change the settings that it is '
        "made of, or what refuses it in the cluster"
    )


def tried(api: FakeApi) -> list[tuple[str, str]]:
    """Method and path of each dry run."""
    asked = [(method, urlsplit(path)) for method, path, _ in api.asked if "dryRun=All" in path]
    return sorted((method, parts.path) for method, parts in asked)


class Refusing:
    """An API server that refuses what the bodies have in common."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.take = api.tried

    def when(self, is_refused: Callable[[dict[str, Any]], bool], message: str, status: int = 403) -> None:
        def tried(path: str, body: dict[str, Any]) -> Any:
            if isinstance(body, dict) and is_refused(body):
                self.api.refusals[path] = (status, message)
            else:
                self.api.refusals.pop(path, None)
            return self.take(path, body)

        self.api.tried = tried  # type: ignore[method-assign]


@pytest.fixture
def refusing(platform: FakeApi) -> Refusing:
    return Refusing(platform)


def here(api: FakeApi) -> None:
    """Makes the stack one that has been up."""
    labels = {"app.kubernetes.io/part-of": "seqera-studios", "app.kubernetes.io/instance": OWNER}
    for path, names in {
        f"{APPS}/deployments": ["connect-proxy"],
        f"{APPS}/statefulsets": ["connect-server"],
        f"{CORE}/configmaps": ["connect-proxy", "connect-server"],
        f"{CORE}/secrets": ["platform-oidc-certs", "connect-registration-token"],
        f"{CORE}/services": ["connect-proxy", "connect-server"],
        f"{NET}/ingresses": ["connect-ingress"],
        f"{NET}/networkpolicies": ["connect-proxy", "connect-server"],
        f"{POLICY}/poddisruptionbudgets": ["connect-proxy", "connect-server"],
    }.items():
        made = [named(name) for name in names]
        for each in made:
            each["metadata"]["labels"] = labels
            each["spec"] = {"template": {"spec": {"containers": []}}}
        api.lists.setdefault(path, []).extend(made)


def test_a_new_stack_tries_each_object_each_edit_and_a_pod_of_each_template_and_makes_none(platform: FakeApi) -> None:
    assert surveyed(platform) == ([], [])
    made = [
        *[f"{CORE}/configmaps"] * 2,
        *[f"{CORE}/secrets"] * 2,
        *[f"{CORE}/services"] * 2,
        *[PODS] * 4,
        f"{APPS}/deployments",
        f"{APPS}/statefulsets",
        f"{NET}/ingresses",
        *[f"{NET}/networkpolicies"] * 2,
        *[f"{POLICY}/poddisruptionbudgets"] * 2,
    ]
    changed = [
        f"{CORE}/configmaps/tower-backend-cfg",
        f"{CORE}/configmaps/tower-yml",
        f"{APPS}/deployments/backend",
        f"{APPS}/deployments/cron",
    ]
    assert tried(platform) == sorted([*(("POST", path) for path in made), *(("PATCH", path) for path in changed)])
    written = [urlsplit(path) for method, path, _ in platform.asked if method != "GET" and "/selfsubject" not in path]
    assert all(parse_qs(parts.query)["dryRun"] == ["All"] for parts in written)


def test_what_is_tried_has_the_labels_of_the_settings(platform: FakeApi) -> None:
    surveyed(platform, labels={"team": "research"})
    bodies = [body for body in platform.posted if isinstance(body, dict) and body.get("kind") in ("Service", "Secret")]
    assert [body["metadata"]["labels"]["team"] for body in bodies] == ["research"] * 4


def test_no_secret_value_is_sent(platform: FakeApi) -> None:
    surveyed(platform, ["redisPassword"], redisPassword="S3cr3t")
    (credentials,) = [
        body
        for body in platform.posted
        if isinstance(body, dict) and body.get("metadata", {}).get("name") == "connect-server-credentials"
    ]
    assert set(credentials["stringData"].values()) == {"known-once-it-is-made"}


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("a pod of Deployment/connect-proxy", "connect-proxy-dry-run"),
        ("a pod of StatefulSet/connect-server", "connect-server-dry-run"),
        ("a pod of Deployment/backend", "backend-dry-run"),
        ("a pod of Deployment/cron", "cron-dry-run"),
    ],
)
def test_a_pod_that_the_namespace_does_not_take_is_refused_with_the_reason(
    refusing: Refusing, what: str, name: str
) -> None:
    reason = 'pods is forbidden: violates PodSecurity "restricted:latest": hostPath volumes'
    refusing.when(lambda body: body["metadata"]["name"] == name, reason)
    assert surveyed(refusing.api)[0] == [refused(what, reason)]


def test_an_object_and_an_edit_that_a_policy_denies_are_told_at_once(refusing: Refusing) -> None:
    def is_denied(body: dict[str, Any]) -> bool:
        name: str = body["metadata"]["name"]
        return name in ("tower-backend-cfg", "connect-ingress")

    refusing.when(is_denied, "ValidatingAdmissionPolicy 'owners' denied request: no owner.")
    reason = "ValidatingAdmissionPolicy 'owners' denied request: no owner"
    assert surveyed(refusing.api)[0] == [
        refused("Ingress/connect-ingress", reason),
        refused(
            "the change of ConfigMap/tower-backend-cfg",
            f"the API server refuses the change of ConfigMap/tower-backend-cfg: {reason}",
        ),
    ]


def test_warnings_of_the_api_server_are_shown_once_each_with_what_they_are_about(platform: FakeApi) -> None:
    text = 'would violate PodSecurity "restricted:latest": unrestricted capabilities'
    escaped = text.replace('"', '\\"')
    platform.warnings[f"{APPS}/deployments"] = [escaped, "v1 is old"]
    platform.warnings[f"{APPS}/statefulsets"] = [escaped]
    assert surveyed(platform) == (
        [],
        [
            f"the API server warns of StatefulSet/connect-server, Deployment/connect-proxy: {text}",
            "the API server warns of Deployment/connect-proxy: v1 is old",
        ],
    )


def test_a_stack_that_is_there_tries_its_pods_and_what_it_lacks_and_a_full_quota_is_no_obstacle(
    refusing: Refusing,
) -> None:
    here(refusing.api)
    refusing.api.lists[f"{CORE}/services"].pop()
    refusing.when(lambda body: body["kind"] == "Pod", "exceeded quota: pods, requested: pods=1, used: pods=9")
    assert surveyed(refusing.api) == ([], [])
    assert ("POST", f"{CORE}/services") in tried(refusing.api)
    assert ("POST", f"{APPS}/deployments") not in tried(refusing.api)


def test_a_quota_that_is_used_up_stops_a_new_stack(refusing: Refusing) -> None:
    reason = "exceeded quota: objects, requested: services=1, used: services=2, limited: services=2"
    refusing.when(lambda body: body["kind"] == "Service", reason)
    assert surveyed(refusing.api)[0] == [
        refused(f"Service/{name}", reason) for name in ("connect-server", "connect-proxy")
    ]


@pytest.mark.parametrize("strategy", [{"type": "Recreate"}, {"rollingUpdate": {"maxSurge": 0}}])
def test_a_full_quota_does_not_keep_a_deployment_from_restarting_that_ends_its_pods_first(
    refusing: Refusing, strategy: dict[str, Any]
) -> None:
    refusing.when(lambda body: body["metadata"]["name"] == "backend-dry-run", "exceeded quota: pods")
    assert surveyed(refusing.api)[0] == [refused("a pod of Deployment/backend", "exceeded quota: pods")]
    refusing.api.lists[f"{APPS}/deployments"][0]["spec"]["strategy"] = strategy
    assert surveyed(refusing.api) == ([], [])


def test_who_may_not_create_pods_is_warned_once_that_none_was_tried(platform: FakeApi) -> None:
    verbs = ["get", "list", "watch", "create", "patch", "delete"]
    groups = ["", "apps", "policy", "networking.k8s.io"]
    kinds = "namespaces configmaps secrets services deployments statefulsets ingresses networkpolicies"
    rest = [*kinds.split(), "poddisruptionbudgets", "replicasets", "endpoints", "persistentvolumeclaims", "events"]
    platform.rules = [
        {"verbs": verbs, "apiGroups": groups, "resources": rest},
        {"verbs": ["list", "watch"], "apiGroups": [""], "resources": ["pods"]},
    ]
    assert surveyed(platform) == (
        [],
        [
            (
                "nothing tells whether the namespace platform-stage takes pods like these: you may not create pods "
                "there, which would be tried and not made; docs/rbac.yml has that right"
            )
        ],
    )
    assert ("POST", PODS) not in tried(platform)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, 'admission webhook "old.example.com" does not support dry run'),
        (403, 'pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace'),
    ],
)
def test_what_can_not_be_tried_is_a_warning(refusing: Refusing, status: int, reason: str) -> None:
    refusing.when(lambda body: body["metadata"]["name"] == "connect-proxy-dry-run", reason, status)
    assert surveyed(refusing.api) == (
        [],
        [f"nothing tells whether a pod of Deployment/connect-proxy would be taken: {reason}"],
    )


def test_a_cluster_that_stops_answering_meanwhile_is_one_sentence_each(platform: FakeApi) -> None:
    platform.answers[f"{CORE}/services"] = b"<html>"
    problems, _ = surveyed(platform)
    assert len(set(problems)) == 1
    assert f"does not answer to {CORE}/services as a Kubernetes API server does" in problems[0]
