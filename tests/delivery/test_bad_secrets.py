"""A secret that is not what the script installs: it says so, and what was installed goes on as it was."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from components.compose_delivery import read_policy
from testbed import paths
from tests.compose_bundle import bundle_of
from tests.delivery.conftest import Installer

REGION = "us-east-1"
ROLE = "platform"
#: Of the emulator's own user, who may do all.
KEYS = {"aws_access_key_id": "AKIATESTBEDTESTBED00", "aws_secret_access_key": "testbed"}
NEW = bundle_of()


class Account:
    """Secrets Manager in the emulator, and the role of an instance."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.secrets, self.iam, self.sts = (self._client(name) for name in ("secretsmanager", "iam", "sts"))
        self.role = self.iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        self.created = 0

    def _client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **KEYS)

    def secret(self, **value: Any) -> tuple[str, str]:
        """A new secret: its ARN and the version with this value; what has none has the version of another one."""
        self.created += 1
        made = self.secrets.create_secret(Name=f"secret-{self.created}", **value)
        return made["ARN"], made.get("VersionId", "11111111-1111-1111-1111-111111111111")

    def allow(self, resource: str) -> None:
        """Lets the instance's role read a secret, by the policy that the stack attaches or prints."""
        self.iam.put_role_policy(RoleName=ROLE, PolicyName="studios", PolicyDocument=read_policy(resource))

    def variables(self) -> dict[str, str]:
        """What leads the instance to AWS, as its role."""
        given = self.sts.assume_role(RoleArn=self.role, RoleSessionName="i-0123456789abcdef0")["Credentials"]
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    process = subprocess.Popen(
        [paths.PYTHON, "-m", "testbed.emulator"], cwd=paths.CHECKOUT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def account(emulator: str) -> Account:
    return Account(emulator)


@pytest.fixture
def instance(installer: Installer, account: Account) -> Installer:
    """A host with a role that may read every secret."""
    installer.environment |= account.variables() | {"STUDIOS_RETRIES": "1", "STUDIOS_PAUSE": "0"}
    account.allow("arn:aws:secretsmanager:*")
    return installer


def install(installer: Installer, arn: str, version: str) -> subprocess.CompletedProcess[str]:
    return installer.run("install", "--secret", arn, "--version", version, "--region", REGION)


def refused(installer: Installer, arn: str, version: str) -> str:
    """What the script says; the folder is as it was, and no word of the bundle lies about."""
    before = installer.files()
    finished = install(installer, arn, version)
    assert finished.returncode == 1, finished.stdout
    assert finished.stdout == ""
    assert installer.files() == before
    assert not (installer.folder / ".studios").exists()
    return finished.stderr


def was_read(said: str) -> bool:
    """Whether the script came as far as Docker, which this host lacks."""
    return "docker" in said and "secret" not in said


def without(*path: str) -> str:
    """The new bundle without one field."""

    def drop(found: dict[str, Any]) -> None:
        *above, last = path
        for key in above:
            found = found[key]
        del found[last]

    return edited(drop)


def edited(change: Callable[[dict[str, Any]], object]) -> str:
    found = json.loads(NEW)
    change(found)
    return json.dumps(found)


def test_what_the_instances_role_may_read_is_read(instance: Installer, account: Account) -> None:
    assert was_read(refused(instance, *account.secret(SecretString=NEW)))


def test_a_secret_that_is_missing_or_about_to_be_deleted_is_named(instance: Installer, account: Account) -> None:
    arn, version = account.secret(SecretString=NEW)
    text = refused(instance, f"{arn}x", version)
    assert f"the secret {arn}x cannot be read: " in text
    assert "Secrets Manager can't find the specified secret." in text
    account.secrets.delete_secret(SecretId=arn)
    text = refused(instance, arn, version)
    assert f"the secret {arn} cannot be read: " in text
    assert "marked deleted" in text


def test_a_version_that_is_missing_is_named(instance: Installer, account: Account) -> None:
    arn, version = account.secret()
    text = refused(instance, arn, version)
    assert f"Secrets Manager can't find the specified secret value for VersionId: {version}" in text
    assert f"the secret {arn} cannot be read: " in text


def test_access_that_is_denied_is_told_with_the_policy_to_attach(instance: Installer, account: Account) -> None:
    arn, version = account.secret(SecretString=NEW)
    account.allow(f"{arn}-of-another-stack")
    text = refused(instance, arn, version)
    assert "is not authorized to perform: secretsmanager:GetSecretValue on resource" in text
    assert f"the secret {arn} cannot be read; attach the policy in the output instancePolicy to this instance's" in text
    account.allow(arn)
    assert was_read(refused(instance, arn, version))


def test_access_that_is_given_while_the_script_waits_is_enough(instance: Installer, account: Account) -> None:
    arn, version = account.secret(SecretString=NEW)
    account.allow(f"{arn}-of-another-stack")
    # Between two attempts the policy becomes known.
    instance.environment |= {"STUDIOS_RETRIES": "2", "STUDIOS_PAUSE": "0"}
    tried, real = instance.tools / "tried", (instance.programs / "aws").read_text()
    script = (
        "import boto3, sys; "
        f"boto3.client('iam', endpoint_url='{account.url}', region_name='{REGION}', "
        f"aws_access_key_id='{KEYS['aws_access_key_id']}', aws_secret_access_key='x')"
        f".put_role_policy(RoleName='{ROLE}', PolicyName='studios', PolicyDocument=sys.argv[1])"
    )
    (instance.programs / "aws").write_text(
        f'#!/bin/sh\n[ ! -e "{tried}" ] || "{paths.PYTHON}" -c "{script}" \'{read_policy(arn)}\'\n'
        f'touch "{tried}"\n{real.partition(chr(10))[2]}'
    )
    assert was_read(refused(instance, arn, version))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"SecretString": "no JSON"}, "the secret holds no bundle of Studios (JSONDecodeError)"),
        ({"SecretString": NEW[: len(NEW) // 2]}, "the secret holds no bundle of Studios (JSONDecodeError)"),
        ({"SecretString": "null"}, "the secret holds no bundle of Studios (TypeError)"),
        ({"SecretString": "[1]"}, "the secret holds no bundle of Studios (TypeError)"),
        # `aws` prints None for a secret without text.
        ({"SecretBinary": NEW.encode()}, "the secret holds no bundle of Studios (JSONDecodeError)"),
        ({"SecretString": edited(lambda b: b.update(format=2))}, "has format 2, and this script knows 1"),
        ({"SecretString": edited(lambda b: b.update(files=7))}, "the secret holds no bundle of Studios (TypeError)"),
        (
            {"SecretString": edited(lambda b: b["files"].update({"../tower.env": "x"}))},
            "has a file without a proper name or content",
        ),
        (
            {"SecretString": edited(lambda b: b["files"].update({"data-studios.env": ""}))},
            "has a file without a proper name or content",
        ),
        (
            {"SecretString": edited(lambda b: b["parameters"].update(uid="1\nfiles=tower.env"))},
            "has a parameter that is not one line of ASCII",
        ),
        ({"SecretString": edited(lambda b: b["parameters"].update(colour="red"))}, "has the parameter colour, which"),
    ],
)
def test_a_secret_that_holds_something_else_is_refused(
    instance: Installer, account: Account, value: dict[str, Any], words: str
) -> None:
    text = refused(instance, *account.secret(**value))
    assert words in text
    assert "Traceback" not in text
    assert text.endswith("studios: nothing was changed\n")


def test_a_secret_without_one_of_its_fields_is_refused(instance: Installer, account: Account) -> None:
    bundle = json.loads(NEW)
    cases: dict[tuple[str, ...], str] = {
        **{(key,): "the secret holds no bundle of Studios (KeyError)" for key in bundle},
        **{("files", name): "the bundle in the secret lacks files that it names" for name in bundle["files"]},
        **{
            ("parameters", name): f"the bundle in the secret lacks the parameter {name}"
            for name in bundle["parameters"]
        },
    }
    assert len(cases) == 3 + 4 + 7
    for path, words in cases.items():
        text = refused(instance, *account.secret(SecretString=without(*path)))
        assert f"{words}\nstudios: nothing was changed\n" in text, path
