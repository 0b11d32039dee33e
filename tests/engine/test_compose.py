"""Studios for a Docker Compose Platform, from nothing and back, on a real Docker engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed import paths
from testbed.compose import network
from testbed.compose.network import ComposePlatform as Instance
from testbed.docker.platform import ComposePlatform, Entry
from testbed.docker.site import Site
from testbed.emulator import client as emulator
from tests.engine.compose_install import ZONE, ComposeInstall, compose_install
from tests.engine.shapes import row
from tests.engine.stack import Finished, Stack

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("one_compose_stack")]

REDIS_PASSWORD = "p$HOME'x\"y # s3cret"
OURS = ("connect-proxy", "connect-server")


@dataclass
class Deployed:
    """A stack that is up, with what was there before."""

    install: ComposeInstall
    stack: Stack
    environment: dict[str, str]
    folder_before: dict[str, Entry]
    aws_before: dict[str, Any]
    failed_up: Finished
    first_up: Finished
    #: The services that the first ``up`` started anew.
    restarted: set[str]

    @property
    def platform(self) -> Instance:
        return self.install.platform

    @property
    def host(self) -> ComposePlatform:
        return self.install.host

    def client(self, service: str) -> Any:
        return emulator.client(service, self.environment)

    @property
    def domain(self) -> str:
        return f"{self.platform.name}.{ZONE}"

    def aws(self) -> dict[str, Any]:
        """Everything around the instance that a stack may add to."""
        platform = self.platform
        elb, ssm, ec2 = self.client("elbv2"), self.client("ssm"), self.client("ec2")
        groups = [platform.instance_security_group, platform.load_balancer_security_group]
        found = ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"]
        listener = elb.describe_listener_certificates(ListenerArn=platform.listener_arn)["Certificates"]
        route53 = self.client("route53")
        zones = route53.list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"]
        zone = next(each["Id"] for each in zones if each["Name"] == f"{ZONE}.")
        records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        return {
            "ingress": {group["GroupId"]: group["IpPermissions"] for group in found},
            "rules": elb.describe_rules(ListenerArn=platform.listener_arn)["Rules"],
            "certificates": sorted(each["CertificateArn"] for each in listener),
            "associations": ssm.list_associations()["Associations"],
            "documents": ssm.list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])["DocumentIdentifiers"],
            "secrets": self.client("secretsmanager").list_secrets()["SecretList"],
            "policies": self.client("iam").list_role_policies(RoleName=platform.role)["PolicyNames"],
            "targets": [each for each in elb.describe_target_groups()["TargetGroups"] if each.get("Port") == 9090],
            # That of Platform's own host stays: ACM asks for the same one for every certificate of a host.
            "records": [each for each in records if each["Name"].startswith("\\052.") and self.domain in each["Name"]],
        }


@pytest.fixture(scope="module")
def deployed(
    environment: dict[str, str], one_compose_stack: None, docker_site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    install = compose_install("compose", environment, docker_site, REDIS_PASSWORD)
    platform, host = install.platform, install.host
    config = {**install.settings(), "instanceTags": {"Name": platform.name}, "loadBalancer": platform.name}
    folder: Path = tmp_path_factory.mktemp("stack")
    stack = Stack(platform.name, folder, environment, config, {"redisPassword": REDIS_PASSWORD}).create()
    nothing = Finished([], 0, "", "")
    made = Deployed(install, stack, environment, host.snapshot(), {}, nothing, nothing, set())
    made.aws_before = made.aws()
    before = host.identities()
    try:
        tower_yml = host.folder / "tower.yml"
        text = tower_yml.read_text()
        tower_yml.write_text("tower: [broken\n")
        made.failed_up = stack.up()
        tower_yml.write_text(text)
        made.first_up = stack.up().ok()
        made.restarted = host.restarted(before)
        yield made
    finally:
        stack.destroy()
        stack.remove()
        install.remove()


@pytest.mark.slow
def test_the_first_up_says_what_platform_gets(deployed: Deployed) -> None:
    url = f"https://connect.{deployed.domain}"
    assert f"TOWER_DATA_STUDIO_CONNECT_URL unset → {url}" in deployed.first_up.text
    assert "cron, then backend restart" in deployed.first_up.text


@pytest.mark.slow
def test_what_the_script_says_on_the_instance_is_what_up_says(deployed: Deployed) -> None:
    assert deployed.failed_up.code != 0
    assert "tower.yml is not valid YAML" in deployed.failed_up.text
    assert "nothing was changed" in deployed.failed_up.text
    assert "Traceback" not in deployed.failed_up.text


@pytest.mark.slow
def test_the_load_balancer_alone_reaches_the_proxys_port(deployed: Deployed) -> None:
    now = deployed.aws()
    (rule,) = now["ingress"][deployed.platform.instance_security_group]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule["IpRanges"]) == ("tcp", 9090, 9090, [])
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == [deployed.platform.load_balancer_security_group]


@pytest.mark.slow
def test_the_listener_sends_sessions_to_the_instance_with_their_certificate(deployed: Deployed) -> None:
    elb, now = deployed.client("elbv2"), deployed.aws()
    rule = next(rule for rule in now["rules"] if rule["Priority"] != "default")
    assert rule["Conditions"][0]["HostHeaderConfig"]["Values"] == [f"*.{deployed.domain}"]
    group = elb.describe_target_groups(TargetGroupArns=[rule["Actions"][0]["TargetGroupArn"]])["TargetGroups"][0]
    assert (group["Port"], group["Protocol"], group["TargetType"]) == (9090, "HTTP", "instance")
    assert (group["HealthCheckPath"], group["Matcher"]["HttpCode"]) == ("/", "200-499")
    health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    assert [(each["Target"]["Id"], each["Target"]["Port"]) for each in health] == [
        (deployed.platform.instance_id, 9090)
    ]
    added = set(now["certificates"]) - set(deployed.aws_before["certificates"])
    assert added == {deployed.stack.outputs()["certificateArn"]}
    assert [record["AliasTarget"]["HostedZoneId"] for record in now["records"]] == ["Z35SXDOTRQ7X7K"]


@pytest.mark.slow
def test_a_load_balancer_that_cuts_web_sockets_is_reported_with_what_mends_it(deployed: Deployed) -> None:
    text = " ".join(deployed.first_up.text.split())
    assert f"The load balancer {deployed.platform.name} cuts a WebSocket after 60 s without traffic" in text
    assert (
        f"aws elbv2 modify-load-balancer-attributes --load-balancer-arn {deployed.platform.load_balancer_arn} "
        "--attributes Key=idle_timeout.timeout_seconds,Value=301"
    ) in text


@pytest.mark.slow
def test_the_instances_role_may_read_this_secret_and_nothing_else(deployed: Deployed) -> None:
    iam, role = deployed.client("iam"), deployed.platform.role
    (name,) = deployed.aws()["policies"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    outputs = deployed.stack.outputs()
    assert policy["Statement"] == [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": outputs["bundleSecretArn"]}
    ]
    assert json.loads(outputs["instancePolicy"]) == policy


@row("Docker Compose")
def test_studios_runs_beside_platform_with_what_the_guide_wants(deployed: Deployed) -> None:
    running = deployed.host.containers()
    assert deployed.restarted == {"backend", "cron", *OURS}
    url, token = f"https://connect.{deployed.domain}", deployed.stack.outputs("--show-secrets")["registrationToken"]
    assert running["connect-proxy"].environment["CONNECT_PROXY_URL"] == url
    assert running["connect-proxy"].environment["CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"] == token
    assert running["connect-proxy"].environment["CONNECT_REDIS_PASSWORD"] == REDIS_PASSWORD
    for name in ("backend", "cron"):
        assert running[name].environment["TOWER_DATA_STUDIO_CONNECT_URL"] == url
        assert running[name].environment["TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"] == token
    pem = (deployed.host.folder / ".studios/files/data-studios-rsa.pem").read_text()
    headers = [line for line in pem.splitlines() if line.startswith("-----BEGIN")]
    assert headers == ["-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN PUBLIC KEY-----"]
    assert pem.endswith(deployed.stack.outputs()["publicKey"])


@pytest.mark.slow
def test_nothing_is_left_to_do_after_an_up(deployed: Deployed) -> None:
    assert deployed.stack.preview("--expect-no-changes").changes == {}


@pytest.mark.slow
def test_no_secret_leaves_the_program(deployed: Deployed) -> None:
    token = deployed.stack.outputs("--show-secrets")["registrationToken"]
    key = (deployed.host.folder / ".studios/files/data-studios-rsa.pem").read_text().splitlines()[1]
    ssm = deployed.client("ssm")
    documents = [ssm.get_document(Name=each["Name"]) for each in deployed.aws()["documents"]]
    places = {
        "what up says": deployed.failed_up.text + deployed.first_up.text,
        "the state": deployed.stack.state(),
        "the document and the association": json.dumps([documents, deployed.aws()["associations"]], default=str),
        "the containers' logs": "".join(deployed.host.logs(name) for name in deployed.host.containers()),
        "the outputs": json.dumps(deployed.stack.outputs()),
        "the logs": "".join(path.read_text(errors="replace") for path in paths.LOGS.glob("*.log")),
    }
    values = {"token": token, "key": key, "password": REDIS_PASSWORD, "password in JSON": json.dumps(REDIS_PASSWORD)}
    assert [
        f"{what} in {place}" for what, value in values.items() for place, text in places.items() if value in text
    ] == []


@pytest.mark.slow
def test_preview_comment_and_up_say_what_changes_in_platform_and_no_more_than_that_restarts(
    deployed: Deployed,
) -> None:
    before = deployed.host.identities()
    stack = deployed.stack.set(allowedWorkspaces=[11, 42])
    said = "tower.yml: allowed-workspaces null → [11, 42]; cron, then backend restart"
    assert said in stack.pulumi("preview", "--stack", stack.name).ok().text
    assert f"  update  {said}\n" in stack.pipeline("preview", "report.md").ok().stdout
    row = "| update | `studios-delivery-report` | `pulumi-python:dynamic/studios:InstallationReport` |"
    assert f"{row} `{said}` |" in (stack.folder / "report.md").read_text().splitlines()
    assert said in stack.up().ok().text
    text = (deployed.host.folder / "tower.yml").read_text()
    assert "    allowed-workspaces: [11, 42]\n" in text
    assert deployed.host.restarted(before) == {"backend", "cron"}


@pytest.mark.slow
def test_a_new_key_and_token_reach_all_that_read_them(deployed: Deployed) -> None:
    before, key = deployed.host.identities(), deployed.stack.outputs()["publicKey"]
    token = deployed.stack.outputs("--show-secrets")["registrationToken"]
    updated = deployed.stack.set(tokenRotation="2", rsaRotation="2").up().ok()
    assert "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN [secret] → [secret]; data-studios-rsa.pem: " in updated.text
    assert deployed.stack.outputs()["publicKey"] != key
    pem = (deployed.host.folder / ".studios/files/data-studios-rsa.pem").read_text()
    assert pem.endswith(deployed.stack.outputs()["publicKey"])
    assert deployed.host.restarted(before) == {"backend", "cron", *OURS}
    running = deployed.host.containers()
    now = running["backend"].environment["TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"]
    assert now == running["connect-proxy"].environment["CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"] != token


@pytest.mark.slow
def test_destroy_needs_the_instance_and_says_so(deployed: Deployed) -> None:
    network.disconnect(deployed.platform.instance_id, deployed.environment)
    refused = deployed.stack.destroy()
    assert refused.code != 0
    assert "does not answer to Systems Manager" in refused.text
    assert (deployed.host.folder / ".studios/files/data-studios-rsa.pem").exists()
    deployed.install.bring_online()


@pytest.mark.slow
def test_destroy_leaves_the_host_and_the_account_as_they_were(deployed: Deployed) -> None:
    deployed.stack.destroy().ok()
    assert deployed.host.snapshot() == deployed.folder_before
    assert not set(OURS) & set(deployed.host.containers())
    assert deployed.aws() == deployed.aws_before
    assert json.loads(deployed.stack.state())["deployment"].get("resources", []) == []
