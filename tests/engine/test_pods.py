"""What is run, measured on the live objects: who would admit the pods, and what kube-score says of them."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from testbed import build, targets
from testbed.cluster import kubectl
from testbed.errors import TestbedError
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install

pytestmark = pytest.mark.slow

OURS = "app.kubernetes.io/part-of=seqera-studios"
MEASURED = "deployments,statefulsets,services,ingresses,configmaps,poddisruptionbudgets,networkpolicies"
#: docs/pods.md says why.
IGNORED_CHECKS = ("pod-probes-identical",)


@pytest.fixture(scope="module")
def install(new_install: NewInstall, new_stack: NewStack) -> Install:
    install = new_install("pods")
    new_stack(install).up().ok()
    return install


@pytest.fixture(scope="module")
def restricted() -> Iterator[str]:
    """A namespace that enforces Pod Security "restricted"."""
    name = f"restricted-{secrets.token_hex(2)}"
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


def _templates(install: Install) -> dict[str, Any]:
    workloads = {"connect-proxy": "deployment", "connect-server": "statefulset"}
    return {app: install.get(kind, app)["spec"]["template"] for app, kind in workloads.items()}


def _admit(namespace: str, template: dict[str, Any]) -> None:
    metadata = {"generateName": "try-", "labels": template["metadata"]["labels"]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    kubectl("-n", namespace, "create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))


def test_a_namespace_that_enforces_pod_security_restricted_admits_the_pods(install: Install, restricted: str) -> None:
    for template in _templates(install).values():
        _admit(restricted, template)


def test_that_namespace_refuses_what_the_pods_do_without(install: Install, restricted: str) -> None:
    for template in _templates(install).values():
        template["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
        with pytest.raises(TestbedError, match='violates PodSecurity "restricted:latest": allowPrivilegeEscalation'):
            _admit(restricted, template)


def test_kube_score_has_no_critical_finding_and_the_one_warning_that_is_documented(install: Install) -> None:
    objects = install.kubectl("get", MEASURED, "-l", OURS, "-o", "yaml")
    program = build.ensure(targets.KUBE_SCORE) / "kube-score"
    ignored = [word for check in IGNORED_CHECKS for word in ("--ignore-test", check)]
    finished = subprocess.run(
        [program, "score", *ignored, "--output-format", "json", "-"],
        input=objects,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    scored = json.loads(finished.stdout)
    assert {each["type_meta"]["kind"] for each in scored} == {
        "Deployment",
        "StatefulSet",
        "Service",
        "Ingress",
        "PodDisruptionBudget",
        "NetworkPolicy",
    }
    findings = {
        (each["type_meta"]["kind"], each["object_meta"]["name"], check["check"]["id"]): check["grade"]
        for each in scored
        for check in each["checks"]
        if not check["skipped"] and check["grade"] < 10
    }
    assert findings == {("Service", "connect-proxy", "service-type"): 5}
