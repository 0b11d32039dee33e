"""Three stacks at once never touch each other, and another program works with what one of them puts out."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from testbed import paths
from testbed.cluster import kubectl
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.shapes import row
from tests.engine.stack import Finished, Stack, program_in

pytestmark = pytest.mark.slow

OTHER_ZONE = "example.org"
PODS = ("connect-proxy", "connect-server", "backend", "cron", "frontend")
GROUP = "shared"


@dataclass
class Deployed:
    """A stack that is up, and what it put out."""

    install: Install
    stack: Stack
    outputs: dict[str, Any]


def at_once(functions: list[Callable[[], Any]]) -> list[Any]:
    """What each returns, all of them run at the same time."""
    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result() for future in [pool.submit(function) for function in functions]]


@pytest.fixture(scope="module")
def other_zone(environment: dict[str, str]) -> Iterator[str]:
    """A second hosted zone, which goes away again."""
    route53 = Install("none", environment).client("route53")
    zone = route53.create_hosted_zone(Name=OTHER_ZONE, CallerReference="stacks")["HostedZone"]
    yield OTHER_ZONE
    for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
        if record["Type"] not in {"NS", "SOA"}:
            change = {"Action": "DELETE", "ResourceRecordSet": record}
            route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": [change]})
    route53.delete_hosted_zone(Id=zone["Id"])


@pytest.fixture(scope="module")
def three(other_zone: str, new_install: NewInstall, new_stack: NewStack) -> dict[str, Deployed]:
    """Two that share a load balancer, under different domains, and one beside them with its own."""
    installs = {
        "first": new_install("first"),
        "second": new_install("second", other_zone),
        "third": new_install("third"),
    }
    stacks = {
        "first": new_stack(installs["first"], loadBalancerGroup=GROUP, loadBalancerGroupOrder=10),
        "second": new_stack(installs["second"], loadBalancerGroup=GROUP, loadBalancerGroupOrder=20),
        "third": new_stack(installs["third"]),
    }
    for finished in at_once([stack.up for stack in stacks.values()]):
        finished.ok()
    return {name: Deployed(installs[name], stack, stack.outputs()) for name, stack in stacks.items()}


@row("AWS Load Balancer Controller")
def test_two_domains_share_a_load_balancer_with_a_rule_and_a_certificate_each(three: dict[str, Deployed]) -> None:
    first, second, third = three["first"], three["second"], three["third"]
    hostname = first.outputs["loadBalancerHostname"]
    assert second.outputs["loadBalancerHostname"] == hostname
    assert third.outputs["loadBalancerHostname"] != hostname
    listener = first.install.listener(hostname, 443)
    assert first.install.rule_hosts(listener["ListenerArn"]) == [f"*.{first.install.host}", f"*.{second.install.host}"]
    listed = first.install.client("elbv2").describe_listener_certificates(ListenerArn=listener["ListenerArn"])
    arns = {certificate["CertificateArn"] for certificate in listed["Certificates"]}
    assert arns == {first.outputs["certificateArn"], second.outputs["certificateArn"]}


def test_each_platform_has_its_own_token_key_and_url(three: dict[str, Deployed]) -> None:
    for output in ("publicKey", "connectUrl", "recordName"):
        assert len({deployed.outputs[output] for deployed in three.values()}) == 3
    tokens = {deployed.stack.outputs("--show-secrets")["registrationToken"] for deployed in three.values()}
    assert len(tokens) == 3
    for deployed in three.values():
        environment = deployed.install.get("configmap", "tower-backend-cfg")["data"]
        assert environment["TOWER_DATA_STUDIO_CONNECT_URL"] == f"https://connect.{deployed.install.host}"


@pytest.fixture
def consumer(three: dict[str, Deployed], environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The example of a program that reads a stack's outputs, for the first of the three."""
    first = three["first"]
    stack = Stack(
        "consumer",
        tmp_path_factory.mktemp("consumer"),
        environment,
        {
            "aws:region": environment["AWS_REGION"],
            "studios-consumer:studiosStack": f"organization/seqera-studios/{first.stack.name}",
            "studios-consumer:hostedZone": first.install.zone,
            "studios-consumer:vanityHost": f"notebooks.{first.install.host}",
            "studios-consumer:namespace": first.install.namespace,
        },
        program=program_in(paths.CHECKOUT / "examples" / "consumer"),
    ).create()
    yield stack
    stack.destroy()
    stack.remove()


def test_another_program_reads_the_outputs_and_the_secret_one_stays_secret(
    three: dict[str, Deployed], consumer: Stack
) -> None:
    first = three["first"]
    preview, up = consumer.preview_text().ok(), consumer.up().ok()
    record = first.install.records()[f"notebooks.{first.install.host} CNAME"]
    assert record["ResourceRecords"] == [{"Value": first.outputs["loadBalancerHostname"]}]
    data = first.install.get("configmap", "studios")["data"]
    assert data["connectUrl"] == first.outputs["connectUrl"]
    assert json.loads(data["templates"]) == first.outputs["studioTemplates"]
    token = first.stack.outputs("--show-secrets")["registrationToken"]
    parameter = first.install.client("ssm").get_parameter(
        Name=f"/studios/{first.install.namespace}/registration-token", WithDecryption=True
    )["Parameter"]
    assert (parameter["Type"], parameter["Value"]) == ("SecureString", token)
    shown = [preview.text, up.text, json.dumps(consumer.outputs()), consumer.state(), json.dumps(data)]
    assert [text for text in shown if token in text] == []
    assert consumer.outputs()["registrationToken"] == "[secret]"


def _make(deployed: Deployed, *words: str) -> Finished:
    """What the workflows run, in the stack's folder."""
    command = ["make", "--silent", *words, f"STACK={deployed.stack.name}"]
    finished = subprocess.run(
        command,
        cwd=deployed.stack.folder,
        env={**os.environ, **deployed.stack.environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return Finished(command, finished.returncode, finished.stdout, finished.stderr)


def test_the_commands_of_the_workflows_preview_deploy_and_find_drift(three: dict[str, Deployed]) -> None:
    third = three["third"]
    for name in ("Makefile", "pipeline"):
        (third.stack.folder / name).symlink_to(paths.CHECKOUT / name)
    assert json.loads(_make(third, "stacks").ok().stdout) == [third.stack.name]
    now = third.install.get("deployment", "connect-proxy")["spec"]["replicas"]
    third.stack.set(proxyReplicas=now + 1)
    _make(third, "preview", "REPORT=report.md").ok()
    assert (third.stack.folder / "report.md").read_text().splitlines() == [
        f"### `{third.stack.name}`: 1 updated",
        "",
        "| operation | resource | type | what changes |",
        "|-|-|-|-|",
        (
            "| update | `studios-proxy-deployment` | `kubernetes:apps/v1:Deployment` | "
            f"`spec.replicas`: `{now}` → `{now + 1}` |"
        ),
    ]
    _make(third, "up").ok()
    assert len(third.install.pods("connect-proxy")) == now + 1
    _make(third, "drift").ok()
    third.install.kubectl("scale", "deployment", "connect-proxy", f"--replicas={now}")
    drifted = _make(third, "drift")
    assert drifted.code != 0
    changed = f"spec.replicas {now} → {now + 1}"
    assert f"studios-proxy-deployment (kubernetes:apps/v1:Deployment): {changed}" in drifted.stdout.splitlines()
    third.install.kubectl("scale", "deployment", "connect-proxy", f"--replicas={now + 1}")


def test_a_preview_that_fails_is_reported_in_the_engines_words(three: dict[str, Deployed]) -> None:
    third = three["third"]
    third.stack.set(idleTimeout=0)
    finished = _make(third, "preview", "REPORT=report.md")
    third.stack.set(idleTimeout=None)
    assert finished.code != 0
    text = (third.stack.folder / "report.md").read_text()
    assert text.startswith(f"### `{third.stack.name}`: the preview failed\n")
    assert 'seqera-studios:idleTimeout: "0" is too small' in text


def test_a_stack_that_goes_away_leaves_the_others_as_they_are(three: dict[str, Deployed]) -> None:
    others = [three["second"], three["third"]]
    before = [(each.install.objects(), each.install.records(), each.install.pod_names(*PODS)) for each in others]
    three["first"].stack.destroy().ok()
    after = [(each.install.objects(), each.install.records(), each.install.pod_names(*PODS)) for each in others]
    assert after == before
    second = three["second"]
    listener = second.install.listener(second.outputs["loadBalancerHostname"], 443)
    assert second.install.rule_hosts(listener["ListenerArn"]) == [f"*.{second.install.host}"]
    for finished in at_once([partial(each.stack.refresh, "--expect-no-changes") for each in others]):
        finished.ok()
    assert kubectl("get", "namespace", three["first"].install.namespace, "-o", "name").strip()
