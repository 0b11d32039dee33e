"""The AWS stand-in's types for parameters, secrets, objects and policies."""

from __future__ import annotations

import json

import pytest

from testbed.plugins.provider import ProviderError
from testbed.tests.aws_account import Account, client
from testbed.tests.life import Life

PARAMETER = "aws:ssm/parameter:Parameter"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def test_a_parameter_gets_new_versions_and_keeps_its_value_secret(account: Account) -> None:
    life = Life(PARAMETER, name="/a/b", type="SecureString", value="s1", tags={"k": "v"})
    assert (life.id, life.outputs["version"]) == ("/a/b", 1)
    assert "value" in life.aws.secret_outputs(PARAMETER)
    assert life.update(name="/a/b", type="SecureString", value="s2", tags={"k": "w"}) == {
        "value": "update",
        "tags.k": "update",
        "tagsAll.k": "update",
    }
    assert life.outputs["version"] == 2
    assert life.replaced_by(name="/a/c", type="SecureString", value="s2") == ["name"]
    life.end()


def test_a_parameter_that_exists_is_refused(account: Account) -> None:
    Life(PARAMETER, name="a", type="String", value="1")
    with pytest.raises(ProviderError, match=r"^creating SSM Parameter \(a\): operation error SSM: PutParameter, "):
        Life(PARAMETER, name="a", type="String", value="2")
    assert Life(PARAMETER, name="a", type="String", value="2", overwrite=True).outputs["version"] == 2


def test_a_secret_and_its_value(account: Account) -> None:
    secret = Life(SECRET, name="s", recoveryWindowInDays=0, tags={"a": "b"})
    value = Life(VERSION, secretId=secret.id, secretString="hush")
    assert value.id == f"{secret.id}|{value.outputs['versionId']}"
    assert value.outputs["versionStages"] == ["AWSCURRENT"]
    assert value.replaced_by(secretId=secret.id, secretString="other") == ["secretString"]
    assert secret.update(name="s", recoveryWindowInDays=0, description="d", tags={"a": "b"}) == {"description": "add"}
    value.aws.delete(value.resource, value.id, value.inputs, value.outputs, timeout=0)
    secret.end()
    assert value.aws.read(value.resource, value.id, value.inputs, value.outputs) is None


def test_a_secret_waits_thirty_days_for_its_deletion(account: Account) -> None:
    secret = Life(SECRET, name="s")
    secret.end()
    described = client("secretsmanager").describe_secret(SecretId=secret.id)
    assert (described["DeletedDate"].replace(tzinfo=None) - described["CreatedDate"].replace(tzinfo=None)).days >= 29


def test_a_policy_of_a_role_is_the_same_when_its_document_is(account: Account) -> None:
    client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    policy = Life(ROLE_POLICY, name="own", role="r", policy=json.dumps(DOCUMENT))
    assert policy.id == "r:own"
    assert policy.update(name="own", role="r", policy=json.dumps(DOCUMENT, indent=2)) == {}
    other = {**DOCUMENT, "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    assert policy.update(name="own", role="r", policy=json.dumps(other)) == {"policy": "update"}
    assert policy.replaced_by(name="other", role="r", policy=json.dumps(other)) == ["name"]
    policy.end()
