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
from tests.delivery.conftest import Installer, bundle_of, ok

REGION = "us-east-1"
ROLE = "platform"
#: Of the emulator's own user, who may do all.
KEYS = {"aws_access_key_id": "AKIATESTBEDTESTBED00", "aws_secret_access_key": "testbed"}
OLD, NEW = bundle_of(), bundle_of(token="another")


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
    """A host on which the old bundle runs."""
    installer.environment |= account.variables() | {"STUDIOS_RETRIES": "1", "STUDIOS_PAUSE": "0"}
    arn, version = account.secret(SecretString=OLD)
    account.allow(arn)
    ok(install(installer, arn, version))
    account.allow("arn:aws:secretsmanager:*")
    return installer


def install(installer: Installer, arn: str, version: str) -> subprocess.CompletedProcess[str]:
    return installer.run("install", "--secret", arn, "--version", version, "--region", REGION)


def refused(installer: Installer, arn: str, version: str) -> str:
    """What the script says; all is as it was, the script's own notes too, and no word of the bundle lies about."""
    before, running, calls = installer.host.files(), installer.host.containers(), installer.host.calls()
    finished = install(installer, arn, version)
    assert finished.returncode == 1, finished.stdout
    assert finished.stdout == ""
    assert installer.host.files() == before
    assert not (installer.host.folder / ".studios/new").exists()
    assert installer.host.containers() == running
    assert [call for call in installer.host.calls()[len(calls) :] if " config " not in call] == []
    return finished.stderr


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


def test_what_the_instances_role_may_read_is_installed(instance: Installer, account: Account) -> None:
    assert "installed: data-studios.env tower-studios.env" in ok(install(instance, *account.secret(SecretString=NEW)))
    assert json.loads(NEW)["files"]["data-studios.env"] == (instance.host.folder / "data-studios.env").read_text()


def test_a_secret_that_is_missing_or_about_to_be_deleted_is_named(instance: Installer, account: Account) -> None:
    arn, version = account.secret(SecretString=NEW)
    text = refused(instance, f"{arn}x", version)
    assert f"the secret {arn}x cannot be read\nstudios: nothing was changed\n" in text
    assert "Secrets Manager can't find the specified secret." in text
    account.secrets.delete_secret(SecretId=arn)
    text = refused(instance, arn, version)
    assert f"the secret {arn} cannot be read\nstudios: nothing was changed\n" in text
    assert "marked deleted" in text


def test_a_version_that_is_missing_is_named(instance: Installer, account: Account) -> None:
    arn, version = account.secret()
    text = refused(instance, arn, version)
    assert f"Secrets Manager can't find the specified secret value for VersionId: {version}" in text
    assert f"the secret {arn} cannot be read\nstudios: nothing was changed\n" in text


def test_access_that_is_denied_is_told_with_the_policy_to_attach(instance: Installer, account: Account) -> None:
    arn, version = account.secret(SecretString=NEW)
    account.allow(f"{arn}-of-another-stack")
    text = refused(instance, arn, version)
    assert "is not authorized to perform: secretsmanager:GetSecretValue on resource" in text
    assert f"the secret {arn} cannot be read; attach the policy in the output instancePolicy to this instance's" in text
    account.allow(arn)
    assert "installed:" in ok(install(instance, arn, version))


def test_access_that_is_given_while_the_script_waits_is_enough(instance: Installer, account: Account) -> None:
    arn, version = account.secret(SecretString=NEW)
    account.allow(f"{arn}-of-another-stack")
    # The pause between two attempts is when the policy becomes known.
    instance.environment |= {"STUDIOS_RETRIES": "2", "STUDIOS_PAUSE": "7"}
    script = (
        "import boto3, sys; "
        f"boto3.client('iam', endpoint_url='{account.url}', region_name='{REGION}', "
        f"aws_access_key_id='{KEYS['aws_access_key_id']}', aws_secret_access_key='x')"
        f".put_role_policy(RoleName='{ROLE}', PolicyName='studios', PolicyDocument=sys.argv[1])"
    )
    instance.host._program(
        "sleep",
        f'echo "$1" >"{instance.host.root}/slept"; exec "{paths.PYTHON}" -c "{script}" \'{read_policy(arn)}\'',
    )
    assert "installed:" in ok(install(instance, arn, version))
    assert (instance.host.root / "slept").read_text() == "7\n"


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
        **{("files", name): "the secret's bundle lacks files that it names" for name in bundle["files"]},
        **{("parameters", name): f"the bundle lacks the parameter {name}" for name in bundle["parameters"]},
        ("parameters", "files"): "the secret's bundle lacks files that it names",
    }
    assert len(cases) == 3 + 4 + 7
    for path, words in cases.items():
        text = refused(instance, *account.secret(SecretString=without(*path)))
        assert f"{words}\nstudios: nothing was changed\n" in text, path


def test_a_first_run_with_a_bad_secret_leaves_nothing_that_uninstall_does_not_take(
    installer: Installer, account: Account
) -> None:
    installer.environment |= account.variables() | {"STUDIOS_RETRIES": "1", "STUDIOS_PAUSE": "0"}
    account.allow("arn:aws:secretsmanager:*")
    before = installer.host.files()
    assert install(installer, *account.secret(SecretString="no JSON")).returncode == 1
    assert {name: text for name, text in installer.host.files().items() if name != ".studios/lock"} == before
    assert "nothing is installed" in ok(installer.uninstall())
    assert installer.host.files() == before
    assert not (installer.host.folder / ".studios").exists()
