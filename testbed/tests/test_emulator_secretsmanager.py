"""Secrets Manager of the emulator: a role reads what its policies allow, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from testbed.tests.aws_account import SESSION, client, strict_account

ROLE = "arn:aws:iam::123456789012:role/platform"


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with strict_account(monkeypatch):
        client("iam").create_role(RoleName="platform", AssumeRolePolicyDocument="{}")
        yield client("secretsmanager").create_secret(Name="studios", SecretString="hush")["ARN"]


def read(secret: str) -> str:
    """Reads a secret as the role does; an error by its code and message."""
    given = client("sts").assume_role(RoleArn=ROLE, RoleSessionName="i-0")["Credentials"]
    session = boto3.session.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=SESSION.region_name
    )
    try:
        return str(session.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"


def policy(resource: str, effect: str = "Allow") -> str:
    statement: dict[str, Any] = {"Effect": effect, "Action": "secretsmanager:GetSecretValue", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_role_without_a_policy_is_refused_in_the_words_of_aws(secret: str) -> None:
    refused = (
        "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/platform/i-0 is not authorized to "
        f"perform: secretsmanager:GetSecretValue on resource: {secret} because no identity-based policy allows the "
        "secretsmanager:GetSecretValue action"
    )
    assert read(secret) == refused
    client("iam").put_role_policy(RoleName="platform", PolicyName="p", PolicyDocument=policy(f"{secret}x"))
    assert read(secret) == refused


def test_a_role_reads_what_an_own_or_an_attached_policy_allows(secret: str) -> None:
    iam = client("iam")
    iam.put_role_policy(RoleName="platform", PolicyName="p", PolicyDocument=policy(secret))
    assert read(secret) == "hush"
    assert read("studios") == "hush"
    iam.delete_role_policy(RoleName="platform", PolicyName="p")
    made = iam.create_policy(PolicyName="q", PolicyDocument=policy("*"))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="platform", PolicyArn=made)
    assert read(secret) == "hush"
    iam.put_role_policy(RoleName="platform", PolicyName="p", PolicyDocument=policy(secret, "Deny"))
    assert read(secret).startswith("AccessDeniedException")


def test_a_role_that_may_is_told_what_is_not_there(secret: str) -> None:
    client("iam").put_role_policy(RoleName="platform", PolicyName="p", PolicyDocument=policy("*"))
    assert read("other") == "ResourceNotFoundException: Secrets Manager can't find the specified secret."
    assert client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"] == "hush"
