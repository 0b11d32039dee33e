"""The commands of AWS' CLI in messages exist, with their options.

Those of kubectl and Pulumi are run by tests/engine/test_printed_commands.py, those of Docker by tests/docker.
"""

from __future__ import annotations

import shlex
import subprocess

import botocore.session
import pytest
from botocore import xform_name

from tests.printed_commands import CHECKOUT, FILLED_IN, Printed, printed_commands

AWS = printed_commands("aws")
#: Commands of the CLI that call no one operation.
OF_ALL = {"--query", "--output", "--profile", "--region"}
OWN = {("eks", "update-kubeconfig"), ("eks", "get-token"), ("sso", "login"), ("configure", "export-credentials")}


@pytest.mark.parametrize("printed", AWS, ids=lambda printed: printed.place)
def test_a_command_of_aws_in_a_message_exists_with_its_options(printed: Printed) -> None:
    _, service, command, *rest = shlex.split(printed.command)
    if (service, command) in OWN:
        return
    model = botocore.session.get_session().get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert command in operations, printed
    members = model.operation_model(operations[command]).input_shape.members
    options = {f"--{xform_name(name, '-')}" for name in members}
    assert {word for word in rest if word.startswith("--")} <= options | OF_ALL, printed


@pytest.mark.parametrize("printed", printed_commands("make"), ids=lambda printed: printed.place)
def test_a_command_of_make_in_a_message_has_a_target(printed: Printed) -> None:
    words = shlex.split(FILLED_IN.sub("x", printed.command))
    dry = subprocess.run(
        [*words, "--dry-run", "--silent"], cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=30
    )
    assert dry.returncode == 0, dry.stderr
    # Each variable reaches the command that is run.
    values = [word.partition("=")[2] for word in words if "=" in word]
    assert all(value in dry.stdout for value in values if value != "old"), dry.stdout


def test_commands_are_found_where_messages_print_them() -> None:
    programs = ("aws", "kubectl", "pulumi", "docker", "make")
    places = {printed.place.partition(":")[0] for program in programs for printed in printed_commands(program)}
    assert {"survey/aws.py", "components/certificate.py", "survey/admission.py", "live/rollout.py"} <= places
    assert {"delivery/instance/studios_host/checks.py", "survey/name_conflicts.py", "pipeline/stacks.py"} <= places
