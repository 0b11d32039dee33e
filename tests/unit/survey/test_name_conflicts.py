"""Names that the stack would use and that are taken are found before anything is made."""

from __future__ import annotations

import json

import pytest

from live.ownership import labels_of_stack
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.platform import survey_platform
from tests.unit.survey.conftest import APPS, CORE, LEAST, NET, FakeApi, named

OURS = "studios-prod"


def _refused(api: FakeApi, **changes: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        survey_platform(api.access, parse_settings({**LEAST, **changes}), field_manager=OURS)
    return [str(problem) for problem in caught.value.problems]


def _made_by(api: FakeApi, labels: dict[str, str] | None) -> None:
    """A Studios install under the names of the guide."""
    metadata = {"labels": labels} if labels else {}
    for place, name in (
        (f"{APPS}/deployments", "connect-proxy"),
        (f"{APPS}/statefulsets", "connect-server"),
        (f"{CORE}/services", "connect-proxy"),
        (f"{CORE}/secrets", "platform-oidc-certs"),
        (f"{NET}/ingresses", "connect-ingress"),
    ):
        made = named(name, spec={"template": {"spec": {"containers": []}}})
        made["metadata"].update(metadata)
        api.lists[place].append(made)


def test_a_studios_install_made_by_hand_is_told_apart_from_the_stacks_own(platform: FakeApi) -> None:
    _made_by(platform, None)
    taken = "is taken in namespace platform-stage: this stack has not made"
    adopt = f"take that Studios into this stack: `make adopt STACK={OURS.removeprefix('studios-')}`"
    proxy, secret = "deployment/connect-proxy service/connect-proxy", "secret/platform-oidc-certs"
    use_it = "use what it holds by `pulumi config set --plaintext existingOidcSecret platform-oidc-certs`"
    assert _refused(platform) == [
        f'seqera-studios:{setting}: "{name}" {taken} {objects}; {instead}write another name in {setting}, or {end}'
        for setting, name, objects, instead, end in (
            ("proxyName", "connect-proxy", proxy, "", adopt),
            ("serverName", "connect-server", "statefulset/connect-server", "", adopt),
            ("ingressName", "connect-ingress", "ingress/connect-ingress", "", adopt),
            ("oidcSecret", "platform-oidc-certs", secret, f"{use_it}, or ", adopt),
        )
    ]


def test_only_what_no_pod_reads_is_offered_to_be_deleted(platform: FakeApi) -> None:
    for place, name in ((f"{CORE}/secrets", "platform-oidc-certs"), (f"{NET}/ingresses", "connect-ingress")):
        platform.lists[place].append(named(name))
    delete = "if it is not needed any more, `kubectl delete -n platform-stage secret/platform-oidc-certs`"
    ingress, secret = _refused(platform)
    assert ingress.endswith("this stack has not made ingress/connect-ingress; write another name in ingressName")
    assert secret.endswith(f"write another name in oidcSecret, or {delete}")
    pod = platform.lists[f"{APPS}/deployments"][2]["spec"]["template"]["spec"]
    pod["volumes"] = [{"name": "all", "projected": {"sources": [{"secret": {"name": "platform-oidc-certs"}}]}}]
    assert _refused(platform)[1].endswith(
        "existingOidcSecret platform-oidc-certs`, or write another name in oidcSecret"
    )


def test_what_the_stack_has_made_itself_is_no_problem(platform: FakeApi) -> None:
    _made_by(platform, labels_of_stack(OURS))
    assert survey_platform(platform.access, parse_settings(LEAST), field_manager=OURS).warnings == ()


def test_a_namespace_that_holds_another_stacks_studios_is_one_problem(platform: FakeApi) -> None:
    _made_by(platform, labels_of_stack("studios-staging"))
    theirs = (
        "deployment/connect-proxy service/connect-proxy statefulset/connect-server ingress/connect-ingress "
        "secret/platform-oidc-certs"
    )
    (problem,) = _refused(platform)
    assert problem == (
        'seqera-studios:namespace: "platform-stage" holds the Studios of the stack staging, and a Platform install has '
        "one; write the namespace of another Platform install. If this stack was renamed from staging, run "
        f"`kubectl label -n platform-stage {theirs} --overwrite app.kubernetes.io/instance=studios-prod`"
    )
    with_other_names = {"proxyName": "p", "serverName": "s", "ingressName": "i", "oidcSecret": "o"}
    survey_platform(platform.access, parse_settings({**LEAST, **with_other_names}), field_manager=OURS)


def test_another_stack_is_told_before_what_others_have_made(platform: FakeApi) -> None:
    _by_pulumi(platform, f"{APPS}/deployments", "connect-proxy", {})
    _by_pulumi(platform, f"{APPS}/statefulsets", "connect-server", labels_of_stack("studios-other"))
    assert [problem.partition(" ")[0] for problem in _refused(platform)] == [
        "seqera-studios:namespace:",
        "seqera-studios:proxyName:",
    ]


def test_a_stacks_name_that_is_too_long_for_a_label_is_cut() -> None:
    assert labels_of_stack(f"studios-{'a' * 54}-b")["app.kubernetes.io/instance"] == f"studios-{'a' * 54}"


def _by_pulumi(
    api: FakeApi, path: str, name: str, labels: dict[str, str], *writers: tuple[str, str, dict[str, object]]
) -> None:
    """An object that Pulumi has made, with labels that a tool has written since."""
    made = named(name, spec={"template": {"spec": {"containers": []}}})
    made["metadata"]["labels"] = labels
    made["metadata"]["managedFields"] = [
        {"manager": "pulumi-kubernetes-1a2b3c4d", "fieldsV1": {}},
        *({"manager": manager, "operation": how, "fieldsV1": fields} for manager, how, fields in writers),
    ]
    api.lists.setdefault(path, []).append(made)


ARGO = {"app.kubernetes.io/instance": "argocd-app", "app.kubernetes.io/part-of": "seqera-studios"}


INSTANCE = "app.kubernetes.io/instance"
OF_INSTANCE: dict[str, object] = {"f:metadata": {"f:labels": {f"f:{INSTANCE}": {}}}}
OF_PLATFORM = {"app.kubernetes.io/part-of": "platform"}


@pytest.mark.parametrize(
    "labels",
    [
        ARGO,
        {INSTANCE: "argocd-app"},
        {},
        {INSTANCE: OURS},
        {INSTANCE: OURS, **OF_PLATFORM},
        {INSTANCE: "studios-argocd", **OF_PLATFORM},
    ],
)
def test_an_object_of_the_stacks_stays_its_own_when_a_tool_has_changed_its_labels(
    platform: FakeApi, labels: dict[str, str]
) -> None:
    _by_pulumi(platform, f"{APPS}/deployments", "connect-proxy", labels)
    _by_pulumi(platform, f"{CORE}/services", "connect-proxy", labels_of_stack(OURS))
    assert survey_platform(platform.access, parse_settings(LEAST), field_manager=OURS).warnings == ()


@pytest.mark.parametrize("writer", [("argocd-controller", "Apply"), ("pulumi-kubernetes-1a2b3c4d", "Update")])
def test_the_name_of_a_stack_that_a_tool_has_written_is_no_other_stacks(
    platform: FakeApi, writer: tuple[str, str]
) -> None:
    labels = labels_of_stack("studios-argocd")
    _by_pulumi(platform, f"{APPS}/deployments", "connect-proxy", labels, (*writer, OF_INSTANCE))
    _by_pulumi(platform, f"{CORE}/services", "connect-proxy", labels_of_stack(OURS))
    found = survey_platform(platform.access, parse_settings(LEAST), field_manager=OURS)
    assert list(found.unproven) == ["Deployment/connect-proxy"]


def test_the_name_of_a_stack_that_pulumi_has_applied_is_that_stacks(platform: FakeApi) -> None:
    applied = ("pulumi-kubernetes-1a2b3c4d", "Apply", OF_INSTANCE)
    _by_pulumi(platform, f"{APPS}/deployments", "connect-proxy", labels_of_stack("studios-other"), applied)
    _by_pulumi(platform, f"{CORE}/services", "connect-proxy", labels_of_stack(OURS))
    (problem,) = _refused(platform)
    assert problem.startswith('seqera-studios:namespace: "platform-stage" holds the Studios of the stack other')


def test_an_object_of_pulumis_without_the_stacks_labels_is_for_the_state_to_decide(platform: FakeApi) -> None:
    """With the Deployment of another program, and a Secret that a pod reads."""
    _by_pulumi(platform, f"{APPS}/deployments", "connect-proxy", {"app": "theirs"})
    _by_pulumi(platform, f"{CORE}/secrets", "platform-oidc-certs", {})
    _by_pulumi(platform, f"{CORE}/services", "connect-proxy", labels_of_stack(OURS))
    pod = platform.lists[f"{APPS}/deployments"][2]["spec"]["template"]["spec"]
    pod["volumes"] = [{"name": "keys", "secret": {"secretName": "platform-oidc-certs"}}]
    found = survey_platform(platform.access, parse_settings(LEAST), field_manager=OURS).unproven
    taken = "is taken in namespace platform-stage: this stack has not made"
    assert {target: str(problem) for target, problem in found.items()} == {
        "Deployment/connect-proxy": f'seqera-studios:proxyName: "connect-proxy" {taken} deployment/connect-proxy; '
        "write another name in proxyName, or take that Studios into this stack: `make adopt STACK=prod`",
        "Secret/platform-oidc-certs": f'seqera-studios:oidcSecret: "platform-oidc-certs" {taken} '
        "secret/platform-oidc-certs; use what it holds by `pulumi config set --plaintext existingOidcSecret "
        "platform-oidc-certs`, or write another name in oidcSecret",
    }


def test_where_the_stack_has_nothing_yet_an_object_of_pulumis_is_another_stacks(platform: FakeApi) -> None:
    _by_pulumi(platform, f"{APPS}/deployments", "connect-proxy", ARGO)
    (problem,) = _refused(platform)
    assert problem.startswith('seqera-studios:proxyName: "connect-proxy" is taken in namespace platform-stage')


def test_an_object_of_another_stack_is_not_taken_for_a_relabelled_one(platform: FakeApi) -> None:
    _by_pulumi(platform, f"{APPS}/deployments", "connect-proxy", labels_of_stack("studios-other"))
    _by_pulumi(platform, f"{CORE}/services", "connect-proxy", labels_of_stack(OURS))
    (problem,) = _refused(platform)
    assert problem.startswith('seqera-studios:namespace: "platform-stage" holds the Studios of the stack other')
    assert "kubectl label -n platform-stage deployment/connect-proxy --overwrite" in problem


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/apis/networking.k8s.io/v1/namespaces/platform-stage/networkpolicies", "networkpolicy"),
        ("/apis/policy/v1/namespaces/platform-stage/poddisruptionbudgets", "poddisruptionbudget"),
    ],
)
def test_policies_and_budgets_of_the_stacks_names_are_found_too(platform: FakeApi, path: str, kind: str) -> None:
    platform.lists[path] = [named("connect-server")]
    (problem,) = _refused(platform)
    taken = 'serverName: "connect-server" is taken in namespace platform-stage: this stack has not made'
    assert f"{taken} {kind}/connect-server;" in problem


def test_a_policy_of_another_owner_is_no_problem_where_the_stack_makes_none(platform: FakeApi) -> None:
    platform.lists[f"{NET}/networkpolicies"] = [named("connect-proxy"), named("connect-server")]
    assert len(_refused(platform)) == 2
    read = parse_settings({**LEAST, "networkPolicies": False})
    assert survey_platform(platform.access, read, field_manager=OURS).warnings == ()


def test_the_secret_of_the_passwords_is_found_where_the_stack_makes_one(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/secrets"].append(named("connect-server-credentials"))
    assert survey_platform(platform.access, parse_settings(LEAST), field_manager=OURS).warnings == ()
    read = parse_settings({**LEAST, "redisPassword": "hunter2"}, {"redisPassword"})
    with pytest.raises(SettingsError) as caught:
        survey_platform(platform.access, read, field_manager=OURS)
    (problem,) = caught.value.problems
    assert str(problem) == (
        'seqera-studios:serverName: "connect-server-credentials" is taken in namespace platform-stage: this stack has '
        "not made secret/connect-server-credentials; write another name in serverName, or if it is not needed any "
        "more, `kubectl delete -n platform-stage secret/connect-server-credentials`"
    )


def test_a_service_monitor_of_the_proxys_name_is_found(platform: FakeApi) -> None:
    monitoring = "/apis/monitoring.coreos.com/v1"
    kinds = {"kind": "APIResourceList", "apiVersion": "v1", "resources": [{"name": "servicemonitors"}]}
    platform.refusals[monitoring] = (200, "")
    platform.answers[monitoring] = json.dumps(kinds).encode()
    platform.lists[f"{monitoring}/namespaces/platform-stage/servicemonitors"] = [named("connect-proxy")]
    wanted = {"serviceMonitor": True, "managementPort": 9100, "managementNamespace": "monitoring"}
    (problem,) = _refused(platform, **wanted)
    assert problem == (
        'seqera-studios:proxyName: "connect-proxy" is taken in namespace platform-stage: this stack has not made '
        "servicemonitor/connect-proxy; write another name in proxyName"
    )
