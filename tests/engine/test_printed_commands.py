"""Every command that a message prints is run as it is printed: kubectl's on the API server, Pulumi's on a stack.

They are read from the code (tests/printed_commands.py), so that a command of a new message is run without an edit here.
A command of Pulumi's that deploys is read by it, with its options, and not run.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
from ruamel.yaml import YAML

from settings.fields import FIELDS, SECRET_KEYS, example_of
from settings.remedies import Add, Remove, Retype, Seal, Unseal, Write
from testbed.cluster import kubectl
from testbed.errors import TestbedError
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack
from tests.printed_commands import FILLED_IN, Printed, printed_commands

pytestmark = pytest.mark.slow

#: Verbs that change something, but for what they would change here.
CHANGES = {"annotate", "delete", "label", "patch", "scale"}
OF_THE_SHELL = re.compile(r"\$\((.*?)\)")
TAKEN_FOR_SECRET = re.compile("pass|secret|token", re.IGNORECASE)


@pytest.fixture(scope="module")
def install(new_install: NewInstall) -> Install:
    return new_install("printed")


def values(install: Install) -> Mapping[str, str]:
    """What stands for the last name of what a message fills in."""
    ingress = next(name.partition("/")[2] for name in install.names("ingresses"))
    return {
        "namespace": install.namespace,
        "name": "backend",
        "lower": "deployment/backend",
        "path": "deployments/backend",
        "theirs": "service/backend deployment/backend",
        "INSTANCE": "app.kubernetes.io/instance",
        "config_map": "tower-backend-cfg",
        "patch": '{"data":{"TOWER_DATA_STUDIO_TEMPLATES_OLD_ICON":null}}',
        "ingress_name": ingress,
        "service_name": "backend",
        "backend": "backend",
        "workload": "deployment/cron",
        "replicas": "1",
    }


@pytest.mark.parametrize("printed", printed_commands("kubectl"), ids=lambda printed: printed.place)
def test_a_command_of_kubectl_runs_as_it_is_printed(install: Install, printed: Printed) -> None:
    known = values(install)
    if "pod {" in printed.command or " logs {" in printed.command:
        known = {**known, "name": install.pods("backend")[0]["metadata"]["name"]}
    if "ingress {" in printed.command:
        known = {**known, "name": known["ingress_name"]}
    if ".lower} {" in printed.command:
        known = {**known, "lower": "deployment"}
    filled = FILLED_IN.sub(lambda match: known[match[1].rpartition(".")[2]], printed.command)
    # A label and its value are filled in from the same name.
    filled = filled.replace(f"={known['INSTANCE']}", "=studios-prod")
    filled = OF_THE_SHELL.sub(lambda match: subprocess.check_output(["sh", "-c", match[1]], text=True).strip(), filled)
    words = shlex.split(filled)[1:]
    if "resume" in words:
        kubectl("-n", install.namespace, "rollout", "pause", "deployment/backend")
    if CHANGES & set(words):
        words.append("--dry-run=server")
    if "logs" not in words:
        kubectl(*words)
        return
    # Pods here have no containers, and so nothing to say: what kubectl asks for is not found on the node.
    with pytest.raises(TestbedError) as caught:
        kubectl(*words)
    assert not re.search("unknown|usage|NotFound", str(caught.value), re.IGNORECASE), caught.value


@pytest.mark.parametrize("printed", printed_commands("pulumi"), ids=lambda printed: printed.place)
def test_pulumi_knows_a_command_in_a_message_and_its_options(environment: dict[str, str], printed: Printed) -> None:
    words = shlex.split(FILLED_IN.sub("x", printed.command))
    read = subprocess.run(
        [*words, "--help"], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert read.returncode == 0, read.stderr
    # An unknown command is answered with the help of the one above it.
    assert f"  {' '.join(words[:2])}" in read.stdout


class Scratch:
    """A stack's file, and the commands that write it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def run(self, remedy: object, stdin: str | None = None) -> None:
        """Runs a command as a message prints it."""
        command = re.sub(r"^write: | \(it asks for the value\)$", "", str(remedy))
        program, *words = shlex.split(command)
        assert program == "pulumi"
        # Options come first: what follows `--` is not an option.
        options = ["--non-interactive", "--cwd", str(self.stack.folder), *words[:2], "--stack", self.stack.name]
        environment = {**os.environ, **self.stack.environment}
        subprocess.run([program, *options, *words[2:]], env=environment, input=stdin or "", text=True, check=True)

    def held(self, key: str) -> Any:
        """What the file has at a key."""
        return (YAML().load(self.stack.file.read_text()).get("config") or {}).get(f"seqera-studios:{key}")


@pytest.fixture(scope="module")
def scratch(install: Install, new_stack: NewStack) -> Scratch:
    return Scratch(new_stack(install))


def keys() -> list[Any]:
    """Each key; by default those that Pulumi takes for secrets, and some others."""
    usual = {"hostedZone", "proxyName", "idleTimeout", "connectUrl", "sslPolicy"}
    return [
        key if TAKEN_FOR_SECRET.search(key) or key in usual else pytest.param(key, marks=pytest.mark.slow)
        for key in FIELDS
        if key not in SECRET_KEYS and isinstance((FIELDS[key].examples or [None])[0], str | int)
    ]


@pytest.mark.parametrize("key", keys())
def test_the_command_that_writes_a_setting_is_taken_by_pulumi(scratch: Scratch, key: str) -> None:
    # Long and random, as names of Secrets are that tools make.
    value = "platform-oidc-certs-7d4b9c5f6x8zq2" if TAKEN_FOR_SECRET.search(key) else example_of(key)
    scratch.run(Write(key, value))
    assert str(scratch.held(key)) == value
    scratch.run(Remove(key))
    assert scratch.held(key) is None


def test_the_commands_that_add_to_a_list_can_be_run_one_after_the_other(scratch: Scratch) -> None:
    for place, target in enumerate(("ConfigMap/tower-backend-cfg", "Deployment/backend")):
        scratch.run(Add("takeOver", place, target))
    assert list(scratch.held("takeOver")) == ["ConfigMap/tower-backend-cfg", "Deployment/backend"]
    scratch.run(Remove("takeOver"))


@pytest.mark.parametrize("value", ["-1", "two words", "it's", "*.example.com", "$HOME"])
def test_a_value_that_a_shell_or_pulumi_would_take_for_something_else_arrives_as_it_is(
    scratch: Scratch, value: str
) -> None:
    scratch.run(Write("connectUrl", value))
    assert scratch.held("connectUrl") == value
    scratch.run(Remove("connectUrl"))


def test_the_commands_that_seal_and_unseal_a_value_take_it_from_their_input(scratch: Scratch) -> None:
    for remedy in (Seal("redisPassword"), Retype("redisPassword")):
        scratch.run(remedy, "S3cr3t-redis-passw0rd")
        assert set(scratch.held("redisPassword")) == {"secure"}
    scratch.run(Remove("redisPassword"))
    scratch.run(Unseal("proxyName"), "connect-proxy")
    assert scratch.held("proxyName") == "connect-proxy"
    scratch.run(Remove("proxyName"))
