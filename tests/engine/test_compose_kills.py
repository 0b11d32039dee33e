"""The engine killed while it deploys beside a Docker Compose Platform, and while it takes that away again."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from testbed.compose import network
from testbed.docker.site import Site
from testbed.emulator.client import client
from testbed.faults import relay
from tests.engine.compose_install import ZONE, compose_install
from tests.engine.killing import Killer
from tests.engine.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.docker, pytest.mark.usefixtures("one_compose_stack")]

OURS = ("connect-proxy", "connect-server")
#: Each makes something that AWS would make twice, or refuse to make again.
CREATIONS = {
    "AuthorizeSecurityGroupIngress",
    "RequestCertificate",
    "CreateTargetGroup",
    "AddListenerCertificates",
    "CreateRule",
    "CreateSecret",
    "PutRolePolicy",
    "CreateDocument",
    "CreateAssociation",
}


def _there(environment: dict[str, str], platform: network.ComposePlatform) -> dict[str, Any]:
    """How many there are of all that a stack makes."""
    elb, ssm = client("elbv2", environment), client("ssm", environment)
    groups = client("ec2", environment).describe_security_groups(GroupIds=[platform.instance_security_group])[
        "SecurityGroups"
    ]
    certificates = client("acm", environment).list_certificates()["CertificateSummaryList"]
    targets = elb.describe_target_groups()["TargetGroups"]
    return {
        "ingress rules": len(groups[0]["IpPermissions"]),
        "certificates": len([each for each in certificates if each["DomainName"] == f"{platform.name}.{ZONE}"]),
        "targets": len([each for each in targets if each.get("Port") == 9090]),
        "attached": len(elb.describe_listener_certificates(ListenerArn=platform.listener_arn)["Certificates"]),
        "rules": len(elb.describe_rules(ListenerArn=platform.listener_arn)["Rules"]),
        "secrets": len(client("secretsmanager", environment).list_secrets()["SecretList"]),
        "policies": len(client("iam", environment).list_role_policies(RoleName=platform.role)["PolicyNames"]),
        "documents": len(ssm.list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])["DocumentIdentifiers"]),
        "associations": len(ssm.list_associations()["Associations"]),
    }


def test_killed_after_each_creation_it_is_finished_once_and_taken_away_entirely(
    environment: dict[str, str], docker_site: Site, tmp_path: Path
) -> None:
    install = compose_install("killed", environment, docker_site)
    platform, host = install.platform, install.host
    folder, before = host.snapshot(), _there(environment, platform)
    config = {**install.settings(), "instanceId": platform.instance_id, "loadBalancer": platform.name}
    with ExitStack() as ending:
        aws = ending.enter_context(relay(environment["AWS_ENDPOINT_URL"]))
        variables = {**environment, "AWS_ENDPOINT_URL": aws.url, "PULUMI_OPTION_SKIP_PREVIEW": "true"}
        stack = Stack(platform.name, tmp_path / "stack", variables, config).create()
        ending.callback(install.remove)
        ending.callback(stack.remove)
        ending.callback(stack.destroy)
        killer = Killer(stack, (aws,)).one_step_at_a_time()
        up = ("pulumi", "up", "--stack", stack.name, "--yes", "--non-interactive")
        recover = (sys.executable, "-m", "pipeline", "recover", stack.name)
        killer.until_finished(killer.kill_after_next_write, up, (*recover, "up"))
        assert set(killer.points) >= CREATIONS
        assert stack.preview("--expect-no-changes").changes == {}
        assert _there(environment, platform) == {name: count + 1 for name, count in before.items()}
        assert set(OURS) <= set(host.containers())

        killer.points.clear()
        destroy = ("pulumi", "destroy", *up[2:])
        killer.until_finished(killer.kill_after_next_write, destroy, (*recover, "destroy"))
        assert _there(environment, platform) == before
        assert host.snapshot() == folder
        assert json.loads(stack.state())["deployment"].get("resources", []) == []
