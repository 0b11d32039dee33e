"""What a real API server leaves out, or answers as null, is taken for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from live.cluster import Cluster
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.platform import survey_platform

from .conftest import APPS, CORE, LEAST, NET, FakeApi

NAMESPACE = "/api/v1/namespaces/platform-stage"
LISTS = (f"{APPS}/deployments", f"{CORE}/configmaps", f"{CORE}/secrets", f"{CORE}/services", f"{NET}/ingresses")
OWNER = "studios-local"


def problems(api: FakeApi, **changes: object) -> list[str]:
    try:
        survey_platform(api.access, parse_settings({**LEAST, **changes}), field_manager=OWNER)
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return []


def backend(api: FakeApi) -> dict[str, Any]:
    found: dict[str, Any] = api.lists[f"{APPS}/deployments"][0]
    return found


def nulled(value: Any, path: tuple[Any, ...]) -> None:
    *above, last = path
    for step in above:
        value = value[step]
    value[last] = None


def test_a_managed_redis_needs_no_stateful_set(platform: FakeApi) -> None:
    platform.lists[f"{APPS}/statefulsets"] = []
    assert problems(platform, redisAddress="studios.abc123.0001.euw1.cache.amazonaws.com:6379") == []


@pytest.mark.parametrize("path", [f"{CORE}/services", f"{NET}/ingresses", f"{APPS}/statefulsets"])
def test_a_namespace_without_an_object_of_a_kind_that_nothing_names_is_accepted(platform: FakeApi, path: str) -> None:
    platform.lists[path] = []
    assert problems(platform) == []


def test_a_namespace_without_secrets_is_told_which_one_is_missing(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/secrets"] = []
    assert problems(platform) == [
        (
            'seqera-studios:imagePullSecrets[0]: "cr.seqera.io" is not a Secret in namespace platform-stage; '
            "there is none: write the right one in imagePullSecrets[0]"
        )
    ]
    assert problems(platform, imagePullSecrets=[]) == []


def test_an_empty_namespace_is_told_as_the_wrong_one(platform: FakeApi) -> None:
    for path in (*LISTS, f"{APPS}/statefulsets"):
        platform.lists[path] = []
    (problem,) = problems(platform)
    assert problem.startswith('seqera-studios:namespace: "platform-stage" has neither Deployment backend nor ')


@pytest.mark.parametrize(
    "path",
    [
        ("spec", "replicas"),
        ("metadata", "labels"),
        ("metadata", "annotations"),
        ("metadata", "managedFields"),
        ("spec", "template", "metadata"),
        ("spec", "template", "spec", "volumes"),
        ("spec", "template", "spec", "containers", 0, "env"),
        ("spec", "template", "spec", "containers", 0, "volumeMounts"),
    ],
)
def test_a_deployment_may_lack_what_the_api_leaves_out(platform: FakeApi, path: tuple[Any, ...]) -> None:
    nulled(backend(platform), path)
    assert problems(platform, platformVersion="26.1") == []


def test_a_backend_whose_env_from_is_null_reads_no_config_map(platform: FakeApi) -> None:
    nulled(backend(platform), ("spec", "template", "spec", "containers", 0, "envFrom"))
    (problem,) = problems(platform)
    assert "takes its environment from none, and needs an envFrom with one" in problem


@pytest.mark.parametrize("absent", [("containers",), ()])
def test_a_backend_without_containers_is_told_so(platform: FakeApi, absent: tuple[str, ...]) -> None:
    nulled(backend(platform), ("spec", "template", "spec", *absent))
    assert problems(platform)[0] == (
        'seqera-studios:backendContainer: "backend" is not a container of Deployment backend; '
        "there is none: write the right one in backendContainer"
    )


@pytest.mark.parametrize("position", [0, 1])
def test_a_config_map_without_data_holds_nothing(platform: FakeApi, position: int) -> None:
    platform.lists[f"{CORE}/configmaps"][position]["data"] = None
    expected = [
        [],
        [
            (
                'seqera-studios:towerYmlKey: "tower.yml" is not a key of ConfigMap tower-yml; '
                "there is none: write the right one in towerYmlKey"
            )
        ],
    ]
    assert problems(platform) == expected[position]


def test_an_ingress_without_annotations_is_accepted(platform: FakeApi) -> None:
    nulled(platform.lists[f"{NET}/ingresses"][0], ("metadata", "annotations"))
    assert problems(platform) == []


def test_an_existing_secret_without_data_is_empty(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/secrets"].append({"metadata": {"name": "token"}, "data": None})
    assert problems(platform, existingTokenSecret="token") == [
        (
            'seqera-studios:existingTokenSecret: "token" is a Secret without the key token; it is empty: '
            "add token to it, or write the right key in existingTokenSecretKey"
        )
    ]


@pytest.mark.parametrize(
    "state", [{"status": {"phase": "Terminating"}}, {"metadata": {"deletionTimestamp": "2026-11-25T12:00:00Z"}}]
)
def test_a_namespace_that_is_being_deleted_is_one_sentence(platform: FakeApi, state: dict[str, Any]) -> None:
    namespace = platform.lists["/api/v1/namespaces"][1]
    namespace["metadata"] |= state.get("metadata", {})
    namespace |= {key: value for key, value in state.items() if key != "metadata"}
    for path in LISTS:
        platform.lists[path] = []
    assert problems(platform) == [
        (
            'seqera-studios:namespace: "platform-stage" is being deleted, and nothing can be made in it; write the '
            "namespace that Platform runs in, or wait until this one is gone and install Platform again"
        )
    ]


def test_a_missing_namespace_is_named_where_namespaces_may_not_be_listed(platform: FakeApi) -> None:
    platform.refusals["/api/v1/namespaces"] = (403, "namespaces is forbidden")
    assert problems(platform, namespace="platform") == [
        'seqera-studios:namespace: "platform" is not a Namespace; write the right one in namespace'
    ]


NOT_THE_API = (
    b"<html>Sign in</html>",
    b"",
    b"[]",
    b"null",
    b'"text"',
    b"{",
    b'{"items": 3}',
    b'{"items": [{}]}',
    b"\xff",
)


@pytest.mark.parametrize("content", NOT_THE_API)
@pytest.mark.parametrize("path", [f"{CORE}/secrets", f"{APPS}/deployments", NAMESPACE])
def test_what_no_api_server_answers_is_one_line(platform: FakeApi, path: str, content: bytes) -> None:
    platform.answers[path] = content
    assert problems(platform) == [
        (
            f"seqera-studios:kubeconfig: the cluster at {platform.url} does not answer to {path} as a Kubernetes API "
            "server does; check the server in the kubeconfig, and that `kubectl get nodes` works from here"
        )
    ]


@pytest.mark.parametrize("path", [f"{NET}/ingresses", f"{APPS}/statefulsets"])
def test_a_kind_that_the_cluster_does_not_serve_is_one_line(platform: FakeApi, path: str) -> None:
    del platform.lists[path]
    assert problems(platform) == [
        (
            f"seqera-studios:kubeconfig: the cluster at {platform.url} does not serve {path}; "
            "check that `kubectl api-resources` works from here"
        )
    ]


@pytest.mark.parametrize("content", ["a: b: c", "{", "\tx", "- 1", "text", "", "clusters: 3", "{}", "apiVersion: v1"])
def test_a_kubeconfig_that_is_none_is_one_line(tmp_path: Any, content: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(content)
    with pytest.raises(SettingsError) as caught:
        Cluster(kubeconfig=str(file)).client()
    (problem,) = caught.value.problems
    assert str(problem).startswith(f'seqera-studios:kubeconfig: "{file}" ')
    assert str(problem).endswith("; check that `kubectl get nodes` works from here")
    assert "\n" not in str(problem)


def test_a_kubeconfig_given_as_json_that_is_none_is_one_line() -> None:
    with pytest.raises(SettingsError) as caught:
        Cluster(kubeconfig='{"clusters": [').client()
    (problem,) = caught.value.problems
    assert str(problem) == (
        "seqera-studios:kubeconfig: cannot be read: it is not a kubeconfig; "
        "check that `kubectl get nodes` works from here"
    )
