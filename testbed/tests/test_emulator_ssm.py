"""Systems Manager of the emulator: associations run when they are made and changed, and refuse what AWS refuses."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from testbed.emulator import managed_instances
from testbed.tests.aws_account import be_strict

INSTANCE = "i-0123456789abcdef0"
CONTENT: dict[str, Any] = {
    "schemaVersion": "2.2",
    "parameters": {
        "word": {"type": "String", "allowedPattern": "^[a-z]+$"},
        "mode": {"type": "String", "default": "calm", "allowedValues": ["calm", "loud"]},
    },
    "mainSteps": [
        {
            "action": "aws:runShellScript",
            "name": "say",
            "inputs": {"runCommand": ["echo '{{ word }} {{mode}}' >>\"$OUT\"", '[ "{{ word }}" != fail ] || exit 3']},
        }
    ],
}


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    be_strict(monkeypatch)
    with mock_aws():
        client = boto3.client("ssm", region_name="us-east-1")
        client.create_document(Name="say", Content=json.dumps(CONTENT), DocumentType="Command")
        yield client


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """The instance is online, and this is where its scripts write."""
    path = tmp_path / "out"
    managed_instances.connect(INSTANCE, {"PATH": os.environ["PATH"], "OUT": str(path)})
    yield path
    managed_instances.disconnect(INSTANCE)


def associate(ssm: Any, **parameters: str) -> str:
    wanted = {key: [value] for key, value in parameters.items()}
    made = ssm.create_association(Name="say", Targets=[{"Key": "InstanceIds", "Values": [INSTANCE]}], Parameters=wanted)
    return str(made["AssociationDescription"]["AssociationId"])


def status(ssm: Any, association: str) -> str:
    for _ in range(100):
        overview = ssm.describe_association(AssociationId=association)["AssociationDescription"]["Overview"]
        if overview["Status"] != "Pending":
            break
        time.sleep(0.05)
    return str(overview["Status"])


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_an_association_runs_when_it_is_made_and_when_it_is_changed(ssm: Any, out: Path) -> None:
    association = associate(ssm, word="hello")
    assert status(ssm, association) == "Success"
    assert out.read_text() == "hello calm\n"
    changed = ssm.update_association(AssociationId=association, Parameters={"word": ["again"], "mode": ["loud"]})
    assert changed["AssociationDescription"]["AssociationVersion"] == "2"
    assert status(ssm, association) == "Success"
    assert out.read_text() == "hello calm\nagain loud\n"
    executions = ssm.describe_association_executions(AssociationId=association)["AssociationExecutions"]
    assert [each["AssociationVersion"] for each in executions] == ["2", "1"]


def test_what_a_failed_run_printed_is_found_by_its_execution(ssm: Any, out: Path) -> None:
    association = associate(ssm, word="fail")
    assert status(ssm, association) == "Failed"
    (execution,) = ssm.describe_association_executions(AssociationId=association)["AssociationExecutions"]
    (target,) = ssm.describe_association_execution_targets(
        AssociationId=association, ExecutionId=execution["ExecutionId"]
    )["AssociationExecutionTargets"]
    command = target["OutputSource"]["OutputSourceId"]
    found = ssm.get_command_invocation(CommandId=command, InstanceId=INSTANCE)
    assert (found["Status"], found["ResponseCode"]) == ("Failed", 3)


def send(ssm: Any, script: str, **inputs: str) -> dict[str, Any]:
    """Runs a script on the instance, and returns what is found of it."""
    step = {"action": "aws:runShellScript", "name": "it", "inputs": {"runCommand": [script], **inputs}}
    content = {
        "schemaVersion": "2.2",
        "mainSteps": [step],
    }
    ssm.create_document(Name="script", Content=json.dumps(content), DocumentType="Command")
    command = ssm.send_command(DocumentName="script", InstanceIds=[INSTANCE])["Command"]["CommandId"]
    for _ in range(100):
        found: dict[str, Any] = ssm.get_command_invocation(CommandId=command, InstanceId=INSTANCE)
        if found["Status"] in ("Success", "Failed", "TimedOut"):
            break
        time.sleep(0.05)
    return found


def test_the_first_characters_of_what_a_script_prints_are_kept_as_many_as_aws_keeps(ssm: Any, out: Path) -> None:
    print_much = "import sys; sys.{}.write('a' * {} + 'b' * 10)"
    stdout, stderr = print_much.format("stdout", 23999), print_much.format("stderr", 7999)
    found = send(ssm, f'python3 -c "{stdout}"; python3 -c "{stderr}"; exit 1')
    assert found["StandardOutputContent"] == "a" * 23999 + "b"
    assert found["StandardErrorContent"] == "a" * 7999 + "b"


def test_awss_own_document_runs_the_commands_that_it_is_given(ssm: Any, out: Path) -> None:
    given = {"commands": ["for word in one two", 'do echo $word; done >"$OUT"']}
    sent = ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=[INSTANCE], Parameters=given)
    command = sent["Command"]["CommandId"]
    for _ in range(100):
        if ssm.get_command_invocation(CommandId=command, InstanceId=INSTANCE)["Status"] == "Success":
            break
        time.sleep(0.05)
    assert out.read_text() == "one\ntwo\n"
    assert "AWS-RunShellScript" not in [each["Name"] for each in ssm.list_documents()["DocumentIdentifiers"]]


def test_a_script_runs_on_the_machine_that_the_agent_is_on(ssm: Any) -> None:
    managed_instances.connect(INSTANCE, {"PATH": os.environ["PATH"]}, ["env", "MACHINE=this one"])
    try:
        assert send(ssm, 'echo "$MACHINE"')["StandardOutputContent"] == "this one\n"
    finally:
        managed_instances.disconnect(INSTANCE)


def test_an_instance_that_is_offline_keeps_an_association_pending_and_refuses_a_command(ssm: Any) -> None:
    association = associate(ssm, word="hello")
    overview = ssm.describe_association(AssociationId=association)["AssociationDescription"]["Overview"]
    assert overview["Status"] == "Pending"
    with pytest.raises(ClientError) as caught:
        ssm.send_command(DocumentName="say", InstanceIds=[INSTANCE], Parameters={"word": ["hello"]})
    assert code(caught) == "InvalidInstanceId"


@pytest.mark.parametrize("parameters", [{"word": "Hello;"}, {"word": "a", "mode": "odd"}, {"word": "a", "x": "y"}, {}])
def test_parameters_that_the_document_does_not_allow_are_refused(ssm: Any, parameters: dict[str, str]) -> None:
    with pytest.raises(ClientError) as caught:
        associate(ssm, **parameters)
    assert code(caught) == "InvalidParameters"


STEP = CONTENT["mainSteps"][0]


@pytest.mark.parametrize(
    "changed",
    [
        {"schemaVersion": "0.3"},
        {"mainSteps": [STEP, STEP]},
        {"mainSteps": []},
        {"mainSteps": [{**STEP, "action": "aws:runPowerShellScript"}]},
        {"mainSteps": [{**STEP, "onFailure": "exit"}]},
        {"mainSteps": [{**STEP, "precondition": {"StringEquals": ["platformType", "Windows"]}}]},
        {"mainSteps": [{**STEP, "inputs": {**STEP["inputs"], "workingDirectory": "/"}}]},
        {"mainSteps": [{**STEP, "inputs": {}}]},
    ],
)
def test_a_document_of_which_the_testbed_would_leave_something_out_is_refused(
    ssm: Any, changed: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as caught:
        ssm.create_document(Name="other", Content=json.dumps({**CONTENT, **changed}), DocumentType="Command")
    assert code(caught) == "InvalidDocumentContent"


@pytest.mark.parametrize(
    "targets", [[], [{"Key": "tag:Name", "Values": ["x"]}], [{"Key": "InstanceIds", "Values": []}]]
)
def test_an_association_with_no_instance_by_its_id_is_refused_when_made_and_when_changed(
    ssm: Any, out: Path, targets: list[dict[str, Any]]
) -> None:
    with pytest.raises(ClientError) as caught:
        ssm.create_association(Name="say", Targets=targets, Parameters={"word": ["hello"]})
    assert code(caught) == "InvalidTarget"
    association = associate(ssm, word="hello")
    if targets:
        with pytest.raises(ClientError) as caught:
            ssm.update_association(AssociationId=association, Targets=targets, Parameters={"word": ["hello"]})
        assert code(caught) == "InvalidTarget"


def test_a_step_that_takes_longer_than_it_may_is_ended_with_all_that_it_started(ssm: Any, out: Path) -> None:
    script = 'sleep 60 & echo $! >"$OUT"; wait'
    found = send(ssm, script, timeoutSeconds="1")
    assert (found["Status"], found["ResponseCode"]) == ("TimedOut", -1)
    started = int(out.read_text())
    # Whoever inherits it may take its time to ask what became of it.
    assert not psutil.pid_exists(started) or psutil.Process(started).status() == psutil.STATUS_ZOMBIE


def test_a_document_that_is_not_there_cannot_be_associated(ssm: Any) -> None:
    with pytest.raises(ClientError) as caught:
        ssm.create_association(Name="nothing", Targets=[{"Key": "InstanceIds", "Values": [INSTANCE]}])
    assert code(caught) == "InvalidDocument"


def test_a_document_is_not_deleted_while_an_association_runs_it(ssm: Any) -> None:
    association = associate(ssm, word="hello")
    with pytest.raises(ClientError) as caught:
        ssm.delete_document(Name="say")
    assert code(caught) == "AssociatedInstances"
    ssm.delete_association(AssociationId=association)
    ssm.delete_document(Name="say")
    with pytest.raises(ClientError) as caught:
        ssm.describe_association(AssociationId=association)
    assert code(caught) == "AssociationDoesNotExist"


def test_a_document_is_of_at_most_64_kb_and_uses_only_its_own_parameters(ssm: Any) -> None:
    large = {**CONTENT, "description": "x" * 65536}
    undeclared = {**CONTENT, "parameters": {}}
    for content, expected in ((large, "MaxDocumentSizeExceeded"), (undeclared, "InvalidDocumentContent")):
        with pytest.raises(ClientError) as caught:
            ssm.create_document(Name="other", Content=json.dumps(content), DocumentType="Command")
        assert code(caught) == expected
