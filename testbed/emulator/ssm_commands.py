"""Commands of Systems Manager: they run on the instances with an agent that is online, and what they said is kept."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Final
from uuid import uuid4

from moto.core.responses import ActionResult
from moto.ssm.models import SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

from testbed.emulator import managed_instances
from testbed.emulator.managed_instances import Run
from testbed.emulator.ssm_documents import SsmError, check_parameters, find_document


def runs_of(backend: SimpleSystemManagerBackend) -> dict[tuple[str, str], tuple[str, Run]]:
    """Command and instance → the document that ran there, and its run."""
    found: dict[tuple[str, str], tuple[str, Run]] = backend.__dict__.setdefault("testbed_runs", {})
    return found


def _send_command(response: SimpleSystemManagerResponse) -> ActionResult:
    backend = response.ssm_backend
    document = find_document(backend, response._get_param("DocumentName"), response._get_param("DocumentVersion"))
    parameters = response._get_param("Parameters") or {}
    instances = response._get_param("InstanceIds") or []
    check_parameters(document, parameters)
    away = [instance for instance in instances if not managed_instances.is_connected(instance)]
    if away or not instances:
        raise SsmError("InvalidInstanceId", f"Instances [{away}] not in a valid state for account {backend.account_id}")
    script = managed_instances.script_of(document.content_json, parameters)
    command_id = str(uuid4())
    for instance in instances:
        runs_of(backend)[command_id, instance] = (document.name, managed_instances.start(instance, script))
    command = {
        "CommandId": command_id,
        "DocumentName": document.name,
        "InstanceIds": instances,
        "Parameters": parameters,
        "Status": "Pending",
        "RequestedDateTime": datetime.now(timezone.utc),
    }
    return ActionResult({"Command": command})


def _get_command_invocation(response: SimpleSystemManagerResponse) -> ActionResult:
    key = (response._get_param("CommandId"), response._get_param("InstanceId"))
    found = runs_of(response.ssm_backend).get(key)
    if found is None:
        raise SsmError("InvocationDoesNotExist", "")
    document, run = found
    return ActionResult(
        {
            "CommandId": key[0],
            "InstanceId": key[1],
            "DocumentName": document,
            "Status": run.status,
            "StatusDetails": run.status,
            "ResponseCode": run.code,
            "StandardOutputContent": run.stdout,
            "StandardErrorContent": run.stderr,
        }
    )


def _describe_instance_information(response: SimpleSystemManagerResponse) -> ActionResult:
    wanted = [
        value
        for each in response._get_param("Filters") or []
        if each.get("Key") == "InstanceIds"
        for value in each["Values"]
    ]
    online = [instance for instance in wanted if managed_instances.is_connected(instance)]
    return ActionResult(
        {"InstanceInformationList": [{"InstanceId": instance, "PingStatus": "Online"} for instance in online]}
    )


#: What takes the place of moto's own, or is added to it: class, attribute, and its new value.
PATCHES: Final[tuple[tuple[type, str, Any], ...]] = (
    (SimpleSystemManagerResponse, "send_command", _send_command),
    (SimpleSystemManagerResponse, "get_command_invocation", _get_command_invocation),
    (SimpleSystemManagerResponse, "describe_instance_information", _describe_instance_information),
)
