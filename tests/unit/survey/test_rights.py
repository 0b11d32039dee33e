"""Rights that are missing are told before anything waits for them: reads stop a preview, writes stop an update."""

from __future__ import annotations

from typing import Any

import pytest

from live.api import ClusterApi
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.platform import survey_platform
from survey.rights import READ, RULES, Right, review_to_destroy
from survey.role import role_document

from .conftest import APPS, CORE, LEAST, NAMESPACE, FakeApi

OWNER = "studios-local"
REVIEWS = "/apis/authorization.k8s.io/v1"


def surveyed(api: FakeApi, *, updating: bool = False, **changes: object) -> tuple[list[str], list[str]]:
    """The problems and the warnings."""
    settings = parse_settings({**LEAST, **changes})
    try:
        found = survey_platform(api.access, settings, field_manager=OWNER, updating=updating)
    except SettingsError as error:
        return [str(problem) for problem in error.problems], []
    return [], list(found.warnings)


def needed(**changes: object) -> list[Right]:
    settings = parse_settings({**LEAST, **changes})
    return [right for rule in RULES for right in rule.rights(settings)]


def allow(api: FakeApi, *without: tuple[str, str], **changes: object) -> None:
    """Grants by access reviews what is needed, but for these verbs and resources."""
    api.rules = []
    api.allowed = {
        (right.verb, right.resource, right.group, NAMESPACE if right.resource == "namespaces" else "")
        for right in [*needed(**changes), Right("", "pods", "create")]
        if (right.verb, right.resource) not in without
    }


def test_who_has_each_right_hears_nothing_of_rights(platform: FakeApi) -> None:
    allow(platform)
    assert surveyed(platform) == surveyed(platform, updating=True) == ([], [])


def test_each_right_that_no_rule_lists_is_asked_for_in_platforms_namespace(platform: FakeApi) -> None:
    allow(platform)
    platform.rules = [{"verbs": ["list", "watch"], "apiGroups": [""], "resources": ["pods"]}]
    surveyed(platform)
    reviews = [body for body in platform.posted if isinstance(body, dict) and body["kind"] == "SelfSubjectAccessReview"]
    asked = [body["spec"]["resourceAttributes"] for body in reviews]
    listed = {Right("", "pods", "list"), Right("", "pods", "watch")}
    assert {Right(each["group"], each["resource"], each["verb"]) for each in asked} == {
        *(set(needed()) - listed),
        Right("", "pods", "create"),
    }
    assert {each["namespace"] for each in asked} == {NAMESPACE}


@pytest.mark.parametrize("updating", [False, True])
def test_reads_that_are_missing_stop_a_preview_and_an_update_and_are_named_at_once(
    platform: FakeApi, updating: bool
) -> None:
    allow(platform, ("list", "pods"), ("watch", "pods"), ("watch", "replicasets"))
    assert surveyed(platform, updating=updating) == (
        [
            (
                f"seqera-studios:kubeconfig: the cluster at {platform.url} does not let you, in namespace "
                "platform-stage, list, watch pods; watch replicasets.apps, which preview and up read; docs/rbac.yml is "
                "a Role with all that is needed"
            )
        ],
        [],
    )


def test_writes_that_are_missing_are_one_warning_of_a_preview_and_stop_an_update(platform: FakeApi) -> None:
    allow(platform, ("create", "secrets"), ("patch", "ingresses"), ("delete", "ingresses"))
    lead = f"seqera-studios:kubeconfig: the cluster at {platform.url} does not let you, in namespace platform-stage, "
    rights, document = "create secrets; patch, delete ingresses.networking.k8s.io", "docs/rbac.yml is a Role with all"
    (warning,) = surveyed(platform)[1]
    assert warning == (
        f"{lead}{rights}: up would be refused, and what it changes was not tried; {document} that is needed"
    )
    assert surveyed(platform, updating=True)[0] == [f"{lead}{rights}, which up needs; {document} that is needed"]


def test_a_call_that_is_refused_is_told_with_all_rights_that_are_missing(platform: FakeApi) -> None:
    allow(platform, ("list", "secrets"), ("list", "poddisruptionbudgets"))
    platform.refusals[f"{CORE}/secrets"] = (403, "secrets is forbidden")
    (problem,) = surveyed(platform)[0]
    assert "list secrets; list poddisruptionbudgets.policy, which preview and up read" in problem


def test_who_has_no_right_at_all_may_have_named_the_wrong_namespace(platform: FakeApi) -> None:
    platform.rules = []
    for path in (f"/api/v1/namespaces/{NAMESPACE}", f"{APPS}/deployments", f"{CORE}/secrets"):
        platform.refusals[path] = (403, "forbidden")
    (problem,) = surveyed(platform)[0]
    assert problem.endswith("; or write the namespace that Platform runs in")


@pytest.mark.parametrize(
    ("changes", "rights"),
    [
        ({"networkPolicies": False}, {("create", "networkpolicies"), ("watch", "networkpolicies")}),
        ({}, {("update", "configmaps"), ("update", "deployments")}),
    ],
)
def test_what_the_settings_spare_is_not_asked_for(
    platform: FakeApi, changes: dict[str, Any], rights: set[tuple[str, str]]
) -> None:
    allow(platform, **changes)
    assert not rights & {(verb, resource) for verb, resource, *_ in platform.allowed}
    assert surveyed(platform, updating=True, **changes) == ([], [])


def test_taking_a_field_over_needs_the_right_to_update(platform: FakeApi) -> None:
    allow(platform)
    (problem,) = surveyed(platform, updating=True, takeOver=["ConfigMap/tower-backend-cfg"])[0]
    assert "namespace platform-stage, update configmaps; update deployments.apps, which up needs" in problem


def test_a_role_may_let_one_change_just_the_objects_of_the_stack(platform: FakeApi) -> None:
    allow(platform, ("patch", "ingresses"))
    platform.allowed.add(("patch", "ingresses", "networking.k8s.io", "connect-ingress"))
    assert surveyed(platform, updating=True) == ([], [])
    allow(platform, ("patch", "deployments"))
    platform.allowed.add(("patch", "deployments", "apps", "connect-proxy"))
    (problem,) = surveyed(platform, updating=True)[0]
    assert "platform-stage, patch deployments.apps, which up needs" in problem


@pytest.mark.parametrize(
    ("refusal", "reason"), [((403, "reviews are forbidden"), "reviews are forbidden"), ((404, ""), "it serves no")]
)
def test_a_cluster_that_does_not_tell_rights_is_one_warning(
    platform: FakeApi, refusal: tuple[int, str], reason: str
) -> None:
    for review in ("selfsubjectrulesreviews", "selfsubjectaccessreviews"):
        platform.refusals[f"{REVIEWS}/{review}"] = refusal
    problems, (warning,) = surveyed(platform, updating=True)
    assert problems == []
    assert warning.startswith(
        f"the cluster at {platform.url} does not tell which rights you have there: {reason}",
    )


@pytest.mark.parametrize("content", [b"{}", b'{"status": 3}', b'{"status": {"resourceRules": 3}}', b"null", b"<html>"])
def test_an_answer_that_is_no_review_is_one_warning(platform: FakeApi, content: bytes) -> None:
    for review in ("selfsubjectrulesreviews", "selfsubjectaccessreviews"):
        platform.answers[f"{REVIEWS}/{review}"] = content
    problems, (warning,) = surveyed(platform)
    assert problems == []
    assert "does not tell which rights you have there" in warning


def test_the_documented_role_has_what_is_needed_and_a_preview_gets_by_with_its_reads() -> None:
    from ruamel.yaml import YAML

    role, _ = YAML(typ="safe", pure=True).load_all(role_document())
    documented = {
        Right(group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    optional = {Right("", "pods", "create"), Right("", "resourcequotas", "list")}
    assert documented - optional == set(
        needed(takeOver=["ConfigMap/tower-backend-cfg"], serviceMonitor=True, managementPort=9100)
    )
    assert optional <= documented
    assert {right.verb for right in documented if right.verb not in READ} == {"create", "update", "patch", "delete"}


def to_destroy(api: FakeApi, **made: list[str]) -> str:
    """What a destroy is refused for."""
    found = review_to_destroy(ClusterApi(api.access), NAMESPACE, made, takes_over=False)
    return str(found.before_destroy() or "")


def test_a_destroy_needs_what_it_deletes_and_no_right_to_make_or_to_take_over(platform: FakeApi) -> None:
    made = {"poddisruptionbudgets": ["connect-proxy"], "deployments": ["backend", "connect-proxy"]}
    verbs = ("get", "list", "watch", "patch", "delete")
    groups = {"poddisruptionbudgets": "policy", "deployments": "apps"}
    platform.rules = []
    platform.allowed = {(verb, resource, group, "") for resource, group in groups.items() for verb in verbs}
    platform.allowed |= {("get", "namespaces", "", NAMESPACE)}
    assert to_destroy(platform, **made) == ""

    platform.allowed -= {("watch", "poddisruptionbudgets", "policy", ""), ("delete", "deployments", "apps", "")}
    assert to_destroy(platform, **made) == (
        f"seqera-studios:kubeconfig: the cluster at {platform.url} does not let you, in namespace platform-stage, "
        "watch poddisruptionbudgets.policy; delete deployments.apps, without which a destroy stops halfway, or waits "
        "without end; docs/rbac.yml is a Role with all that is needed"
    )

    # A Role for these objects only is enough for what is done to one of them.
    platform.allowed |= {("delete", "deployments", "apps", name) for name in made["deployments"]}
    assert "deployments" not in to_destroy(platform, **made)
