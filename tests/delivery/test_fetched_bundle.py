"""The install script with its bundle from Secrets Manager: what is wrong there is said, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.delivery.conftest import Installer, bundle_of

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """Variables that lead to a Secrets Manager."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    server.stop()


class Fetching:
    """A host that fetches its bundle."""

    def __init__(self, installer: Installer, aws: dict[str, str], name: str) -> None:
        self.installer = installer
        installer.environment.update(aws)
        self._manager: Any = boto3.client(
            "secretsmanager",
            endpoint_url=aws["AWS_ENDPOINT_URL"],
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        made = self._manager.create_secret(Name=name, SecretString=bundle_of())
        self.secret, self.version = made["ARN"], made["VersionId"]

    def put(self, text: str) -> None:
        """Makes another version of the secret the current one."""
        self.version = self._manager.put_secret_value(SecretId=self.secret, SecretString=text)["VersionId"]

    def install(self, **changes: str) -> Any:
        """Runs the script as the document of Systems Manager does."""
        asked = {"secret": self.secret, "version": self.version, "region": REGION, **changes}
        return self.installer.run("install", *(word for key, value in asked.items() for word in (f"--{key}", value)))


@pytest.fixture
def fetching(installer: Installer, aws: dict[str, str], tmp_path: Path) -> Fetching:
    return Fetching(installer, aws, f"bundle-{tmp_path.name}")


def test_the_version_that_is_asked_for_is_installed(fetching: Fetching) -> None:
    first = fetching.version
    fetching.put("not yet")
    installed = fetching.install(version=first)
    assert installed.returncode == 0, installed.stderr
    assert {"connect-proxy", "connect-server"} <= set(fetching.installer.host.starts())


def _files(fetching: Fetching) -> dict[str, bytes]:
    """All that lies in Platform's folder, but the lock that keeps two runs apart."""
    return {name: text for name, text in fetching.installer.host.files().items() if name != ".studios/lock"}


def _without(part: str, name: str) -> str:
    bundle = json.loads(bundle_of())
    del bundle[part][name]
    return json.dumps(bundle)


BAD: dict[str, tuple[str, str]] = {
    "cut off": (bundle_of()[:-40], "the secret holds no bundle of Studios (JSONDecodeError)"),
    "no bundle": ('{"username": "admin"}', "the secret holds no bundle of Studios (KeyError)"),
    "a list": ("[]", "the secret holds no bundle of Studios (TypeError)"),
    "a later format": (
        json.dumps({**json.loads(bundle_of()), "format": 2}),
        "the secret's bundle has format 2, and this script knows 1",
    ),
    "a file less": (_without("files", "data-studios.env"), "the secret's bundle lacks files that it names"),
    "a parameter less": (_without("parameters", "uid"), "the bundle lacks the parameter uid"),
}


@pytest.mark.parametrize("earlier", [False, True], ids=["on a new host", "over an earlier install"])
@pytest.mark.parametrize("case", BAD)
def test_a_secret_that_holds_something_else_is_refused_and_nothing_changes(
    fetching: Fetching, case: str, earlier: bool
) -> None:
    host = fetching.installer.host
    if earlier:
        assert fetching.install().returncode == 0
    files, starts = _files(fetching), host.starts()
    text, message = BAD[case]
    fetching.put(text)
    refused = fetching.install()
    assert refused.returncode == 1
    assert message in refused.stderr
    assert _files(fetching) == files
    assert host.starts() == starts
    # What the secret holds is in no message: Systems Manager keeps them.
    assert "BEGIN RSA" not in refused.stderr + refused.stdout


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"secret": "no-such-secret"}, "Secrets Manager can't find the specified secret"),
        ({"version": "11111111-1111-1111-1111-111111111111"}, "Secrets Manager can't find the specified secret value"),
    ],
)
def test_a_secret_or_version_that_is_not_there_is_said_in_the_words_of_aws(
    fetching: Fetching, changes: dict[str, str], message: str
) -> None:
    files = _files(fetching)
    refused = fetching.install(**changes)
    assert refused.returncode == 1
    assert message in refused.stderr
    assert "cannot be read; is the policy attached to this instance's role?" in refused.stderr
    assert _files(fetching) == files
