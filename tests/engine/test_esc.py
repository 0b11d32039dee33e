"""Settings, secrets and a login to AWS from an environment of Pulumi ESC, as docs/pulumi.md has one."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from testbed import paths
from testbed.cloud import pulumi_cloud
from testbed.lifecycle import EKS_CLUSTER
from tests.engine.conftest import NewInstall
from tests.engine.install import Install
from tests.engine.stack import Stack
from tests.unit.test_commands_in_documents import blocks

pytestmark = pytest.mark.slow

DOCUMENT = paths.CHECKOUT / "docs" / "pulumi.md"
PASSWORD = "correct-horse-battery"
#: The shell of a user who is not logged in to AWS, and works in another region.
NOT_LOGGED_IN = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": "eu-west-1"}


def documented(install: Install) -> dict[str, Any]:
    """The environment of the document, with the values of an install in place of the examples."""
    (text,) = (each for each in blocks(DOCUMENT, "yaml") if "pulumiConfig" in each)
    environment: dict[str, Any] = YAML().load(text)
    environment["values"]["platform"]["host"] = install.host
    config = environment["values"]["pulumiConfig"]
    config["redisPassword"]["fn::secret"] = PASSWORD
    for key, value in {**install.settings(), "eksCluster": EKS_CLUSTER}.items():
        if key not in ("platformUrl", "platformVersion"):
            config[key] = value
    return environment


def write(path: Path, environment: dict[str, Any]) -> None:
    with path.open("w") as stream:
        YAML().dump(environment, stream)


@pytest.fixture(scope="module")
def stack(
    new_install: NewInstall, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Install, Stack]]:
    install, folder = new_install("esc"), tmp_path_factory.mktemp("esc")
    profiles = folder / "aws-config"
    profiles.write_text("[default]\n")
    files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), str(profiles))
    with pulumi_cloud(environment, tmp_path_factory.mktemp("login")) as logged_in:
        stack = Stack("production", folder, {**environment, **NOT_LOGGED_IN, **files, **logged_in})
        stack.link_program()
        yield install, stack
        stack.destroy().ok()
        stack.remove()


def refused_with(stack: Stack, name: str, environment: dict[str, Any], *before: str) -> str:
    """What a failing preview of the stack prints with this environment, after others."""
    write(stack.folder / f"{name}.yaml", environment)
    stack.pulumi("env", "init", f"studios/{name}", "--file", f"{name}.yaml").ok()
    own = stack.file.read_text()
    write(stack.file, {"environment": [*before, f"studios/{name}"]})
    finished = stack.preview_text()
    stack.file.write_text(own)
    assert finished.code != 0, finished.text
    return finished.text


# The tests of this file are steps of one life, in this order.


def test_the_documented_environment_is_all_that_a_stack_needs(stack: tuple[Install, Stack]) -> None:
    install, production = stack
    write(production.folder / "environment.yaml", documented(install))
    (commands,) = (each for each in blocks(DOCUMENT, "") if "pulumi env init" in each)
    finished = subprocess.run(
        ["bash", "-e", "-c", commands],
        cwd=production.folder,
        env={**os.environ, **production.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    printed = finished.stdout + finished.stderr
    assert finished.returncode == 0, printed
    assert "to create" in printed
    assert PASSWORD not in printed
    assert YAML().load(production.file.read_text()) == {"environment": ["studios/production"]}


def test_values_of_each_type_reach_what_they_become(stack: tuple[Install, Stack]) -> None:
    install, production = stack
    up = production.up().ok()
    deployment = install.get("deployment", "connect-proxy")["spec"]
    assert deployment["replicas"] == 3
    assert deployment["template"]["metadata"]["labels"]["team"] == "research"
    assert "allowed-workspaces: [1234, 5678]" in install.get("configmap", "tower-yml")["data"]["tower.yml"]
    assert "TOWER_DATA_STUDIO_ENABLE_PATH_ROUTING" not in install.get("configmap", "tower-backend-cfg")["data"]
    passwords = [
        base64.b64decode(value).decode()
        for name in install.names("secrets")
        for value in (install.get("secret", name.split("/")[1]).get("data") or {}).values()
    ]
    assert PASSWORD in passwords
    assert PASSWORD not in up.text
    assert PASSWORD not in production.state()
    assert PASSWORD not in production.pulumi("config", "--stack", production.name).ok().text
    assert production.preview("--expect-no-changes").changes == {}


def test_the_stack_s_own_value_wins_over_the_environment_s(stack: tuple[Install, Stack]) -> None:
    install, production = stack
    production.set(proxyReplicas=2, podLabels={"tier": "web"}).up().ok()
    deployment = install.get("deployment", "connect-proxy")["spec"]
    assert deployment["replicas"] == 2
    labels = deployment["template"]["metadata"]["labels"]
    assert (labels["team"], labels["tier"]) == ("research", "web")
    production.set(proxyReplicas=None, podLabels=None)


def test_without_the_environment_s_login_there_is_none(stack: tuple[Install, Stack]) -> None:
    install, production = stack
    environment = documented(install)
    del environment["values"]["environmentVariables"]
    refused = refused_with(production, "no-login", environment)
    assert "there are no credentials in the environment" in refused


def test_all_that_is_wrong_in_an_environment_is_named_at_once(stack: tuple[Install, Stack]) -> None:
    _, production = stack
    wrong = {
        "proxyReplicas": 2.5,
        "pathRouting": "perhaps",
        "proxyreplica": 3,
        "redisPassword": {"fn::fromJSON": {"fn::secret": "12345678"}},
        "namespace": {"fn::secret": "platform"},
    }
    printed = refused_with(production, "wrong", {"values": {"pulumiConfig": wrong}}, "studios/production")
    assert "5 settings need a change" in printed
    assert 'seqera-studios:proxyReplicas: "2.5" must be a whole number, for example 3' in printed
    assert 'seqera-studios:pathRouting: "perhaps" is neither true nor false; write one of these' in printed
    assert "seqera-studios:proxyreplica: is not a setting; did you mean proxyReplicas?" in printed
    assert "seqera-studios:redisPassword: is a secret in plain text" in printed
    assert "12345678" not in printed
    assert "seqera-studios:namespace: is encrypted, and would be in plain text in what it becomes" in printed
    assert "Traceback" not in printed


def test_a_command_beside_the_engine_is_logged_in_by_the_environment(stack: tuple[Install, Stack]) -> None:
    _, production = stack
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    words = ("--", str(paths.PYTHON), "-c", program)
    assert production.pulumi("env", "run", "studios/production", *words).ok().stdout.strip() == "123456789012"


def test_a_backend_of_one_s_own_refuses_an_environment(
    stack: tuple[Install, Stack], environment: dict[str, str], tmp_path: Path
) -> None:
    _, production = stack
    other = Stack("esc-without-cloud", tmp_path / "other", environment)
    other.link_program()
    other.file.write_text(production.file.read_text())
    other.pulumi("stack", "init", other.name).ok()
    refused = other.preview_text()
    other.remove()
    assert refused.code != 0
    assert "does not support environments" in refused.text
