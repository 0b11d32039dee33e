"""A Docker Compose stack of somebody who may not attach policies: what to attach is printed, and then it goes on."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import boto3
import pytest

from testbed.compose import network
from testbed.compose.host import ComposeHost
from tests.delivery.conftest import OURS, start_platform
from tests.engine.stack import Stack

pytestmark = pytest.mark.slow

ZONE = "example.com"


def test_who_may_not_attach_policies_is_told_which_one_and_goes_on_once_it_is_there(
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
    stack = Stack(platform.name, tmp_path / "stack", environment, config).create()
    try:
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
    finally:
        stack.destroy()
        stack.remove()
        network.remove(platform, environment)
