"""A Docker Compose stack and the rights that it needs: the deployer's are documented, the instance's printed."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from testbed.docker.site import Site
from testbed.emulator.client import client
from testbed.faults import relay
from tests.engine.actions import action_of, undocumented
from tests.engine.compose_install import compose_install
from tests.engine.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.docker, pytest.mark.usefixtures("one_compose_stack")]

OURS = ("connect-proxy", "connect-server")


def test_the_documented_rights_are_enough_and_who_may_not_attach_policies_is_told_which_one(
    environment: dict[str, str], docker_site: Site, tmp_path: Path
) -> None:
    install = compose_install("policy", environment, docker_site)
    platform, host = install.platform, install.host
    before = host.files()
    iam = client("iam", environment)
    config = {
        **install.settings(),
        "instanceId": platform.instance_id,
        "loadBalancer": platform.load_balancer_arn,
        "listenerArn": platform.listener_arn,
        "attachInstancePolicy": False,
    }
    with ExitStack() as ending:
        aws = ending.enter_context(relay(environment["AWS_ENDPOINT_URL"]))
        deployers = {**environment, "AWS_ENDPOINT_URL": aws.url}
        stack = Stack(platform.name, tmp_path / "stack", deployers, config).create()
        ending.callback(install.remove)
        ending.callback(stack.remove)
        ending.callback(stack.destroy)
        failed = stack.up()
        assert failed.code != 0
        assert "is not authorized to perform: secretsmanager:GetSecretValue on resource" in failed.text
        assert "attach the policy in the output instancePolicy to this instance's role" in failed.text
        assert {name: text for name, text in host.files().items() if name != ".studios/lock"} == before
        assert iam.list_role_policies(RoleName=platform.role)["PolicyNames"] == []
        printed = stack.outputs()["instancePolicy"]
        assert json.loads(printed)["Statement"] == [
            {
                "Effect": "Allow",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": stack.outputs()["bundleSecretArn"],
            }
        ]
        iam.put_role_policy(RoleName=platform.role, PolicyName="by-hand", PolicyDocument=printed)
        stack.up().ok()
        assert set(OURS) <= set(host.containers())
        stack.destroy().ok()
        assert host.files() == before
        assert iam.list_role_policies(RoleName=platform.role)["PolicyNames"] == ["by-hand"]
        stack.set(attachInstancePolicy=True).up().ok()
        stack.destroy().ok()
        made = {action_of(request) for request in aws.requests}
        assert undocumented(made, "iam-compose.json") == set()
        assert {"iam:PutRolePolicy", "ssm:SendCommand", "elasticloadbalancing:DescribeTags"} <= made
