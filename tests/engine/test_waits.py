"""What `pulumi up` waits for and what never comes: in the end the user reads why, and one command finishes the job."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from itertools import takewhile

import pytest

from testbed.cluster import kubectl
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Finished, Stack

#: As short as the settings allow, and no pod has anybody connected.
QUICK = {"readyTimeout": 10, "drainSeconds": 0, "proxyReplicas": 1, "serverReplicas": 1}


def said(finished: Finished) -> str:
    """All that a command that failed printed, in one line."""
    assert finished.code != 0
    assert "Traceback" not in finished.text
    return " ".join(finished.text.split())


@pytest.fixture(scope="module")
def zone_without_delegation(
    environment: dict[str, str], new_install: NewInstall
) -> Iterator[tuple[Install, str, list[str]]]:
    """An install with a public zone of its host's own, which the zone above doesn't name; its id and name servers."""
    outer = new_install("delegation")
    route53 = outer.client("route53")
    # ACM asks for one record of all certificates of a host: that of Platform's own would do.
    validated = [record for record in outer.records().values() if record["Type"] == "CNAME"]
    changes = [{"Action": "DELETE", "ResourceRecordSet": record} for record in validated]
    route53.change_resource_record_sets(HostedZoneId=outer.zone_id, ChangeBatch={"Changes": changes})
    made = route53.create_hosted_zone(Name=outer.host, CallerReference=outer.namespace)
    zone_id, servers = made["HostedZone"]["Id"], made["DelegationSet"]["NameServers"]
    yield outer, zone_id.removeprefix("/hostedzone/"), servers
    records = route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    changes = [{"Action": "DELETE", "ResourceRecordSet": each} for each in records if each["Type"] not in ("NS", "SOA")]
    if changes:
        route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
    route53.delete_hosted_zone(Id=zone_id)


@pytest.mark.slow
def test_a_certificate_that_is_never_validated_is_named_with_the_records_that_acm_waits_for(
    zone_without_delegation: tuple[Install, str, list[str]], new_stack: NewStack
) -> None:
    install, zone, servers = zone_without_delegation
    before, known = install.objects(), install.certificates()
    stack = new_stack(install, hostedZone=install.host, certificateTimeout=10)
    assert "in the same account, does not delegate to it, so that resolvers find no record there" in said(stack.up())
    # By its id a zone is taken at its word.
    text = said(stack.set(hostedZone=None, hostedZoneId=zone).up())
    (arn,) = install.certificates().keys() - known.keys()
    described = install.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    record = described["DomainValidationOptions"][0]["ResourceRecord"]
    assert f"ACM has not validated the certificate {arn} within 10 seconds." in text
    assert f"{record['Name']} CNAME {record['Value']}" in text
    assert "the zone above, must name the name servers of this zone" in text
    now = install.objects()
    assert {key: now[key] for key in before} == before, "Platform was touched before all else had gone well"

    route53 = install.client("route53")
    delegation = {
        "Name": install.host,
        "Type": "NS",
        "TTL": 300,
        "ResourceRecords": [{"Value": server} for server in servers],
    }
    change = {"Action": "CREATE", "ResourceRecordSet": delegation}
    route53.change_resource_record_sets(HostedZoneId=install.zone_id, ChangeBatch={"Changes": [change]})
    stack.up().ok()
    assert stack.preview("--expect-no-changes").changes == {}
    assert install.certificates().keys() - known.keys() == {arn}
    stack.destroy().ok()
    assert install.objects() == before
    assert install.certificates() == known


@pytest.fixture
def unserved_class() -> Iterator[str]:
    """A class of Ingresses with a controller that doesn't run."""
    name = f"unserved-{secrets.token_hex(2)}"
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": name}}
    kubectl("create", "-f", "-", stdin=json.dumps({**body, "spec": {"controller": "example.com/none"}}))
    yield name
    kubectl("delete", "ingressclass", name)


@pytest.mark.slow
def test_a_load_balancer_that_never_comes_is_explained_by_its_controller_or_by_what_to_look_at(
    new_install: NewInstall, new_stack: NewStack, unserved_class: str
) -> None:
    install = new_install("balancer")
    stack = new_stack(install, **QUICK, ingressClass=unserved_class)
    text = said(stack.up())
    where = f"Ingress {install.namespace}/connect-ingress has no load balancer after 10 seconds."
    assert f"{where} No controller says why: kubectl -n {install.namespace} describe ingress connect-ingress." in text
    assert f"serves class {unserved_class} (kubectl get ingressclass; setting ingressClass)" in text

    stack.set(ingressClass=None, sslPolicy="ELBSecurityPolicy-No-Such-Policy")
    assert 'sslPolicy: "ELBSecurityPolicy-No-Such-Policy" is not a TLS policy that AWS has in us-east-1' in said(
        stack.up()
    )

    nowhere = {"alb.ingress.kubernetes.io/subnets": "subnet-0123456789abcdef0"}
    text = said(stack.set(sslPolicy=None, ingressAnnotations=nowhere).up())
    assert (
        f"{where} The load balancer controller says: FailedBuildModel: Failed build model due to failed to list "
        "subnets by names or IDs: operation error EC2: DescribeSubnets, https response error StatusCode: 400, api "
        "error InvalidSubnetID.NotFound: The subnet ID 'subnet-0123456789abcdef0' does not exist Put that right and "
        "run pulumi up again" in text
    )

    stack.set(ingressAnnotations=None).up().ok()
    assert stack.preview("--expect-no-changes").changes == {}
    assert f"*.{install.host} A" in install.records()


#: More than any node has.
TOO_LARGE = {"proxyRequests": {"cpu": "64"}, "proxyLimits": {"cpu": "64"}}


@pytest.fixture(scope="module")
def pods(new_install: NewInstall, new_stack: NewStack) -> tuple[Install, Stack]:
    install = new_install("unready")
    return install, new_stack(install, **QUICK)


def test_pods_that_no_node_takes_are_named_with_the_schedulers_reason(pods: tuple[Install, Stack]) -> None:
    install, stack = pods
    before = install.objects()
    text = said(stack.set(nodeSelector={"kubernetes.io/arch": "s390x"}).up())
    assert f"Not ready in {install.namespace}: pod connect-server-0: Unschedulable: 0/4 nodes are available" in text
    now = install.objects()
    assert {key: now[key] for key in before} == before, "Platform was touched before all else had gone well"
    assert "Deployment/connect-proxy" not in now

    _assert_no_node_takes_the_proxy(install, stack.set(nodeSelector=None))
    assert [pod["status"]["phase"] for pod in install.pods("connect-server")] == ["Running"]
    stack.set(**dict.fromkeys(TOO_LARGE)).destroy().ok()
    assert install.objects() == before


def _assert_no_node_takes_the_proxy(install: Install, stack: Stack) -> None:
    text = said(stack.set(**TOO_LARGE).up())
    waiting = [pod for pod in install.pods("connect-proxy") if pod["status"]["phase"] == "Pending"]
    (name,) = (pod["metadata"]["name"] for pod in waiting)
    assert (
        f"Not ready in {install.namespace}: pod {name}: Unschedulable: 0/4 nodes are available: 1 node(s) didn't match "
        "Pod's node affinity/selector, 3 Insufficient cpu." in text
    )


@pytest.mark.slow
def test_an_image_that_is_not_there_is_named(pods: tuple[Install, Stack]) -> None:
    install, stack = pods
    image = "cr.seqera.io/enterprise/studios/proxy:no-such-1"
    text = said(stack.set(proxyImage=image).up())
    (name,) = (pod["metadata"]["name"] for pod in install.pods("connect-proxy"))
    assert (
        f"Not ready in {install.namespace}: pod {name}: container proxy: "
        f'ImagePullBackOff: Back-off pulling image "{image}"' in text
    )
    assert [pod["status"]["phase"] for pod in install.pods("connect-server")] == ["Running"]


@pytest.mark.slow
def test_once_the_settings_are_right_one_up_finishes_the_job(pods: tuple[Install, Stack]) -> None:
    install, stack = pods
    stack.set(proxyImage=None).up().ok()
    assert stack.preview("--expect-no-changes").changes == {}
    for app in ("connect-proxy", "connect-server"):
        assert [pod["status"]["phase"] for pod in install.pods(app)] == ["Running"]


@pytest.mark.slow
def test_a_running_stack_gets_over_a_server_that_does_not_start_any_more(pods: tuple[Install, Stack]) -> None:
    install, stack = pods
    image = "cr.seqera.io/enterprise/studios/server:no-such-1"
    stuck = f'pod connect-server-0: container server: ImagePullBackOff: Back-off pulling image "{image}"'
    # The first are the program's words where the provider ends well (4.25), the second are beside the provider's own.
    words = (
        f"StatefulSet/connect-server did not become ready in 40 seconds: {stuck}",
        f"Not ready in {install.namespace}: {stuck}",
    )
    for text in (said(stack.set(serverImage=image).up()), said(stack.up())):
        # The second time nothing has changed since, and it is not better.
        assert any(each in text for each in words), text
    stack.set(serverImage=None).up().ok()
    images = {pod["spec"]["containers"][0]["image"] for pod in install.pods("connect-server")}
    assert len(images) == 1
    assert image not in images


@pytest.mark.slow
def test_a_running_stack_gets_over_a_proxy_that_no_node_takes_any_more(pods: tuple[Install, Stack]) -> None:
    install, stack = pods
    _assert_no_node_takes_the_proxy(install, stack)
    stack.set(**dict.fromkeys(TOO_LARGE)).up().ok()
    assert [pod["status"]["phase"] for pod in install.pods("connect-proxy")] == ["Running"]


@pytest.mark.slow
def test_a_platform_that_does_not_start_with_our_settings_comes_back_with_the_right_ones(
    new_install: NewInstall, new_stack: NewStack
) -> None:
    install = new_install("crash")
    before = install.objects()
    backend = install.pod_names("backend")
    stack = new_stack(install, **QUICK, pemPath="/etc/oidc.pem")
    text = said(stack.up())
    assert "Deployment/cron did not become ready in 10 seconds: pod cron-" in text
    assert "container backend: RunContainerError: failed to create containerd task: " in text
    assert 'to rootfs at "/etc/hosts": ' in text
    assert "; it ended with exit code 128 (StartError: " in text
    assert install.pod_names("backend") == backend, "backend restarts only once cron has come up"
    stack.set(pemPath=None).up().ok()
    assert stack.preview("--expect-no-changes").changes == {}
    stack.destroy().ok()
    assert install.objects() == before


@pytest.mark.slow
def test_a_backend_without_room_for_its_restart_is_brought_back_by_destroy_and_finished_by_up_once_there_is_room(
    new_install: NewInstall, new_stack: NewStack
) -> None:
    install = new_install("room")
    _fill_a_node(install, "11Gi")
    before, running = install.objects(), install.pod_names("backend")
    stack = new_stack(install, **QUICK)
    text = said(stack.up())
    assert "Deployment/backend did not become ready in 10 seconds: pod backend-" in text
    assert "Insufficient ephemeral-storage" in text
    assert "Put that right and run the command again: it goes on where it stopped" in text
    assert running["backend"] <= install.pod_names("backend")["backend"], "the old pod serves until the new one can"

    stack.destroy().ok()
    assert install.objects() == before
    assert install.pod_names("backend") == running

    said(stack.up())
    _fill_a_node(install, "1Gi")
    stack.up().ok()
    assert stack.preview("--expect-no-changes").changes == {}
    assert len(install.pods("backend")) == 1


def _fill_a_node(install: Install, storage: str) -> None:
    """The owner binds backend to one node, where it takes that much of 20Gi."""
    container = {"name": "backend", "resources": {"requests": {"ephemeral-storage": storage}}}
    spec = {"nodeSelector": {"kubernetes.io/hostname": "node-c"}, "containers": [container]}
    patch = json.dumps({"spec": {"template": {"spec": spec}}})
    install.kubectl("patch", "deployment", "backend", "--patch", patch)
    install.kubectl("rollout", "status", "deployment", "backend", "--timeout=30s")


def test_a_run_that_is_interrupted_is_told_as_canceled_and_python_says_nothing(
    new_install: NewInstall, new_stack: NewStack
) -> None:
    stack = new_stack(new_install("interrupted"), **QUICK)
    before = stack.urns()
    command = ["pulumi", "up", "--stack", stack.name, "--yes", "--skip-preview", "--non-interactive"]
    with subprocess.Popen(
        [*command, "--cwd", str(stack.folder), "--color", "never"],
        env={**os.environ, **stack.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        assert running.stdout is not None
        # What the program registers first is made while it goes on.
        lines = list(takewhile(lambda line: "providers:kubernetes" not in line, running.stdout))
        running.send_signal(signal.SIGINT)
        text = "".join(lines) + running.communicate(timeout=300)[0]
    assert running.returncode != 0
    assert "error: update canceled" in text
    assert "Traceback" not in text
    assert "KeyboardInterrupt" not in text
    assert before != stack.urns()
