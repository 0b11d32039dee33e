"""What the API server would refuse in the middle of an `up` is told by the preview, on a real API server."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from testbed.cluster import kubectl
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Finished, Stack


@pytest.fixture(scope="module")
def new(new_install: NewInstall, new_stack: NewStack) -> tuple[Install, Stack]:
    """A stack that was never up, and the install that it is for."""
    install = new_install("admission")
    return install, new_stack(install)


@pytest.fixture
def made(new: tuple[Install, Stack]) -> Iterator[Any]:
    """Makes objects in the namespace and the cluster, which go with the test."""
    install, _ = new
    bodies: list[dict[str, Any]] = []

    def make(kind: str, version: str, spec: dict[str, Any], name: str = "limit") -> None:
        body = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
        bodies.append(body)
        install.kubectl("create", "-f", "-", stdin=json.dumps(body))

    yield make
    for body in reversed(bodies):
        install.kubectl("delete", "-f", "-", "--wait", stdin=json.dumps(body))


@pytest.fixture
def labelled(new: tuple[Install, Stack]) -> Iterator[Any]:
    """Gives the namespace labels of Pod Security, which go with the test."""
    namespace = new[0].namespace

    def label(mode: str, level: str) -> None:
        kubectl("label", "--overwrite", "namespace", namespace, f"pod-security.kubernetes.io/{mode}={level}")

    yield label
    label("enforce", "baseline")
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/warn-")


def refused(install: Install, finished: Finished) -> list[str]:
    """The problems of a run that has changed nothing."""
    assert finished.code != 0, finished.text
    assert "Traceback" not in finished.text
    lines = (line.strip().removeprefix("error: ") for line in finished.text.splitlines())
    problems = [line.removeprefix("seqera-studios:") for line in lines if line.startswith("seqera-studios:")]
    assert all(install.namespace in problem for problem in problems)
    return list(dict.fromkeys(problems))


def snapshot(install: Install) -> tuple[Any, ...]:
    return install.objects(), install.records(), install.certificates()


def test_a_quota_of_one_pod_is_told_by_the_preview_and_by_an_up_without_one(
    new: tuple[Install, Stack], made: Any
) -> None:
    install, stack = new
    before = snapshot(install)
    made("ResourceQuota", "v1", {"hard": {"pods": "1"}})
    for run in (stack.preview_text, stack.up):
        (problem,) = refused(install, run())
        assert problem.startswith(f'namespace: "{install.namespace}" has the ResourceQuota limit, which allows pods 1')
        assert snapshot(install) == before


def test_pod_security_that_platforms_own_pods_would_not_pass_again_is_told(
    new: tuple[Install, Stack], labelled: Any
) -> None:
    install, stack = new
    before = snapshot(install)
    labelled("enforce", "restricted")
    problems = refused(install, stack.preview_text())
    assert [problem.partition(": ")[2].partition(": pods")[0] for problem in problems] == [
        f'"{install.namespace}" does not take a pod of Deployment/{name}' for name in ("cron", "backend")
    ]
    assert all('violates PodSecurity "restricted:latest"' in problem for problem in problems)
    assert snapshot(install) == before


@pytest.mark.slow
def test_warnings_of_the_api_server_are_shown(new: tuple[Install, Stack], labelled: Any) -> None:
    _, stack = new
    labelled("warn", "restricted")
    preview = stack.preview_text().ok()
    assert "warning: the API server warns of the change of Deployment/cron" in preview.text
    assert 'would violate PodSecurity "restricted:latest"' in preview.text


@pytest.mark.slow
def test_a_limit_range_is_told(new: tuple[Install, Stack], made: Any) -> None:
    install, stack = new
    before = snapshot(install)
    made("LimitRange", "v1", {"limits": [{"type": "Container", "max": {"memory": "16Mi"}}]})
    problems = refused(install, stack.preview_text())
    assert {problem.split(" ")[8] for problem in problems} >= {
        "Deployment/connect-proxy:",
        "StatefulSet/connect-server:",
    }
    assert all("maximum memory usage per Container is 16Mi" in problem for problem in problems)
    assert snapshot(install) == before


@pytest.mark.slow
def test_a_policy_of_the_cluster_that_denies_an_object_or_an_edit_is_told(
    new: tuple[Install, Stack], made: Any
) -> None:
    install, stack = new
    before = snapshot(install)
    name = f"no-{secrets.token_hex(2)}"
    rule = {
        "apiGroups": ["", "networking.k8s.io"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["configmaps", "ingresses"],
    }
    version = "admissionregistration.k8s.io/v1"
    made(
        "ValidatingAdmissionPolicy",
        version,
        {
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": install.namespace}},
                "resourceRules": [rule],
            },
            "validations": [{"expression": "false", "message": "ask the platform team"}],
        },
        name,
    )
    made("ValidatingAdmissionPolicyBinding", version, {"policyName": name, "validationActions": ["Deny"]}, name)
    problems = refused(install, stack.preview_text())
    denied = [problem.partition("does not take ")[2].partition(": ")[0] for problem in problems]
    assert denied == [
        "ConfigMap/connect-proxy",
        "ConfigMap/connect-server",
        "Ingress/connect-ingress",
        "the change of ConfigMap/tower-backend-cfg",
        "the change of ConfigMap/tower-yml",
    ]
    assert all("ask the platform team" in problem for problem in problems)
    assert snapshot(install) == before
