"""A Docker Compose stack and the rights that it needs: the deployer's are documented, the instance's printed."""

from __future__ import annotations

import json
import secrets
from contextlib import ExitStack
from pathlib import Path

import boto3
import pytest

from testbed.compose import network
from testbed.compose.host import ComposeHost
from testbed.faults import relay
from tests.delivery.conftest import OURS, start_platform
from tests.engine.actions import action_of, undocumented
from tests.engine.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_compose_stack")]

ZONE = "example.com"


def test_the_documented_rights_are_enough_and_who_may_not_attach_policies_is_told_which_one(
    environment: dict[str, str], tmp_path: Path
) -> None:
    platform = network.create(f"policy-{secrets.token_hex(2)}", environment)
    host = ComposeHost.create(tmp_path / "instance")
    shell = host.environment(network.role_environment(platform, environment))
    start_platform(host, shell)
    network.connect(platform.instance_id, environment, shell)
    before = host.files()
    iam = boto3.client(
        "iam",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    config = {
        "aws:region": environment["AWS_REGION"],
        "target": "compose",
        "platformUrl": f"https://{platform.name}.{ZONE}",
        "platformVersion": "25.3",
        "hostedZone": ZONE,
        "instanceId": platform.instance_id,
        "loadBalancer": platform.load_balancer_arn,
        "listenerArn": platform.listener_arn,
        "composeFolder": str(host.folder),
        "installTimeout": 120,
        "attachInstancePolicy": False,
    }
    with ExitStack() as ending:
        aws = ending.enter_context(relay(environment["AWS_ENDPOINT_URL"]))
        deployers = {**environment, "AWS_ENDPOINT_URL": aws.url}
        stack = Stack(platform.name, tmp_path / "stack", deployers, config).create()
        ending.callback(network.remove, platform, environment)
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
