"""The commands of AWS' CLI in messages exist, with their options.

Those of kubectl and Pulumi are run by tests/engine/test_printed_commands.py.
"""

from __future__ import annotations

import shlex

import botocore.session
import pytest
from botocore import xform_name

from tests.printed_commands import Printed, printed_commands

AWS = printed_commands("aws")
#: Commands of the CLI that call no one operation.
OF_ALL = {"--query", "--output", "--profile", "--region"}
OWN = {("eks", "update-kubeconfig"), ("eks", "get-token")}


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


def test_commands_are_found_where_messages_print_them() -> None:
    places = {printed.place.partition(":")[0] for printed in [*AWS, *printed_commands("kubectl")]}
    assert {"survey/aws.py", "components/certificate.py", "survey/admission.py", "live/rollout.py"} <= places
