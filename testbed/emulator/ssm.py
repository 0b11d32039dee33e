"""Systems Manager as AWS has it: associations, which moto lacks, and commands that really run.

AWS wants an association's document to exist, its parameters to be declared there and of the declared form, and its
instances to be reachable by SendCommand; it runs an association when it is made and whenever it is changed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final
from uuid import uuid4

from moto.core.responses import ActionResult
from moto.ssm.exceptions import SSMException
from moto.ssm.models import Document, Documents, SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

from testbed.emulator import managed_instances
from testbed.emulator.managed_instances import Run

#: The quota of "Systems Manager endpoints and quotas": 64 KB.
LARGEST_DOCUMENT = 64 * 1024
_DOCUMENT_TYPES = ("Command", "Automation", "Policy", "Session", "Package", "ApplicationConfiguration")
_FAILED = ("Failed", "TimedOut")

_moto_create_document = SimpleSystemManagerBackend.create_document
_moto_update_document = SimpleSystemManagerBackend.update_document
_moto_delete_document = SimpleSystemManagerBackend.delete_document


class SsmError(SSMException):  # type: ignore[misc]  # moto has no types
    """An error by its name at AWS."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


@dataclass
class Execution:
    """One time that an association ran; its id is that of the command, too."""

    version: int
    runs: dict[str, Run]
    id: str = field(default_factory=lambda: str(uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    @property
    def status(self) -> str:
        """Over all of its instances."""
        if any(run.status in _FAILED for run in self.runs.values()):
            return "Failed"
        return "Success" if all(run.status == "Success" for run in self.runs.values()) else "Pending"


@dataclass
class Association:
    """A document, its parameters, and the instances that it is for."""

    id: str
    document: str
    document_version: str
    parameters: dict[str, list[str]]
    targets: list[dict[str, Any]]
    instance_id: str | None
    name: str | None
    version: int = 1
    created: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    executions: list[Execution] = field(default_factory=list)

    def instances(self) -> list[str]:
        """The instances by id."""
        if self.instance_id:
            return [self.instance_id]
        return [value for target in self.targets if target["Key"] == "InstanceIds" for value in target["Values"]]

    @property
    def status(self) -> str:
        """That of the last execution."""
        return self.executions[-1].status if self.executions else "Pending"

    def describe(self) -> dict[str, Any]:
        """As DescribeAssociation answers."""
        described = {
            "Name": self.document,
            "AssociationId": self.id,
            "AssociationVersion": str(self.version),
            "AssociationName": self.name,
            "DocumentVersion": self.document_version,
            "Parameters": self.parameters,
            "Targets": self.targets or [{"Key": "InstanceIds", "Values": self.instances()}],
            "InstanceId": self.instance_id,
            "Date": self.created,
            "LastExecutionDate": self.created,
            "ApplyOnlyAtCronInterval": False,
            "Overview": {
                "Status": self.status,
                "DetailedStatus": self.status,
                "AssociationStatusAggregatedCount": {self.status: len(self.instances())},
            },
        }
        return {key: value for key, value in described.items() if value is not None}


def _associations(backend: SimpleSystemManagerBackend) -> dict[str, Association]:
    found: dict[str, Association] = backend.__dict__.setdefault("testbed_associations", {})
    return found


def _runs(backend: SimpleSystemManagerBackend) -> dict[tuple[str, str], tuple[str, Run]]:
    found: dict[tuple[str, str], tuple[str, Run]] = backend.__dict__.setdefault("testbed_runs", {})
    return found


def _document(backend: SimpleSystemManagerBackend, name: str | None, version: str | None = None) -> Document:
    documents: Documents | None = backend._documents.get(name)
    if documents is None:
        raise SsmError("InvalidDocument", f"Document with name {name} does not exist.")
    if version in (None, "", "$DEFAULT"):
        return documents.get_default_version()
    return documents.find(version)


def _check_parameters(document: Document, given: dict[str, list[str]]) -> None:
    declared = document.content_json.get("parameters") or {}
    for name, values in given.items():
        if name not in declared:
            raise SsmError("InvalidParameters", f"Parameter {name} is not defined in document {document.name}.")
        about = declared[name]
        for value in values:
            pattern, allowed = about.get("allowedPattern"), about.get("allowedValues")
            if pattern and not re.search(pattern, value):
                raise SsmError("InvalidParameters", f"Value {value} of {name} does not match {pattern}.")
            if allowed and value not in allowed:
                raise SsmError("InvalidParameters", f"Value {value} of {name} is none of {allowed}.")
    missing = [name for name, about in declared.items() if name not in given and "default" not in about]
    if missing:
        raise SsmError("InvalidParameters", f"Parameters {', '.join(sorted(missing))} need values.")


def _start(backend: SimpleSystemManagerBackend, association: Association) -> None:
    document = _document(backend, association.document, association.document_version)
    script = managed_instances.commands_of(document.content_json, association.parameters)
    runs = {instance: managed_instances.start(instance, script) for instance in association.instances()}
    execution = Execution(association.version, runs)
    association.executions.append(execution)
    for instance, run in runs.items():
        _runs(backend)[execution.id, instance] = (document.name, run)


def _create_document(backend: SimpleSystemManagerBackend, *args: Any, **kwargs: Any) -> Documents:
    _check_content(kwargs["content"])
    kind = kwargs.get("document_type")
    if kind and kind not in _DOCUMENT_TYPES:
        raise SsmError("ValidationException", f"Value '{kind}' at 'documentType' failed to satisfy constraint")
    return _moto_create_document(backend, *args, **kwargs)


def _update_document(backend: SimpleSystemManagerBackend, *args: Any, **kwargs: Any) -> dict[str, Any]:
    _check_content(kwargs["content"])
    updated: dict[str, Any] = _moto_update_document(backend, *args, **kwargs)
    return updated


def _check_content(content: str) -> None:
    if len(content.encode()) > LARGEST_DOCUMENT:
        raise SsmError("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
    try:
        parsed = json.loads(content)
    except json.JSONDecodeError:
        return
    declared = set(parsed.get("parameters") or {})
    steps = parsed.get("mainSteps") or []
    used = set(re.findall(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}", json.dumps(steps)))
    if used - declared:
        names = ", ".join(sorted(used - declared))
        raise SsmError("InvalidDocumentContent", f"Parameters {names} are used and not defined in the document.")


def _delete_document(backend: SimpleSystemManagerBackend, name: str, *args: Any, **kwargs: Any) -> None:
    if any(association.document == name for association in _associations(backend).values()):
        raise SsmError("AssociatedInstances", "You must disassociate a document from all managed nodes first.")
    _moto_delete_document(backend, name, *args, **kwargs)


def _create_association(response: SimpleSystemManagerResponse) -> ActionResult:
    backend = response.ssm_backend
    document = _document(backend, response._get_param("Name"), response._get_param("DocumentVersion"))
    parameters = response._get_param("Parameters") or {}
    targets, instance = response._get_param("Targets") or [], response._get_param("InstanceId")
    if bool(targets) == bool(instance):
        raise SsmError("InvalidTarget", "Write either Targets or InstanceId.")
    _check_parameters(document, parameters)
    if instance and any(
        each.instance_id == instance and each.document == document.name for each in _associations(backend).values()
    ):
        raise SsmError("AssociationAlreadyExists", "The specified association already exists.")
    association = Association(
        id=str(uuid4()),
        document=document.name,
        document_version=response._get_param("DocumentVersion") or "$DEFAULT",
        parameters=parameters,
        targets=targets,
        instance_id=instance,
        name=response._get_param("AssociationName"),
    )
    _associations(backend)[association.id] = association
    _start(backend, association)
    return ActionResult({"AssociationDescription": association.describe()})


def _found(response: SimpleSystemManagerResponse) -> Association:
    wanted = response._get_param("AssociationId")
    for association in _associations(response.ssm_backend).values():
        same = association.document == response._get_param("Name") and association.instance_id == response._get_param(
            "InstanceId"
        )
        if association.id == wanted or (wanted is None and same):
            return association
    raise SsmError("AssociationDoesNotExist", "The specified association does not exist.")


def _describe_association(response: SimpleSystemManagerResponse) -> ActionResult:
    return ActionResult({"AssociationDescription": _found(response).describe()})


def _update_association(response: SimpleSystemManagerResponse) -> ActionResult:
    association = _found(response)
    version = response._get_param("DocumentVersion") or "$DEFAULT"
    document = _document(response.ssm_backend, association.document, version)
    # What is left out is taken away, as at AWS.
    parameters = response._get_param("Parameters") or {}
    _check_parameters(document, parameters)
    association.parameters, association.document_version = parameters, version
    association.targets = response._get_param("Targets") or association.targets
    association.name = response._get_param("AssociationName") or association.name
    association.version += 1
    _start(response.ssm_backend, association)
    return ActionResult({"AssociationDescription": association.describe()})


def _delete_association(response: SimpleSystemManagerResponse) -> ActionResult:
    association = _found(response)
    del _associations(response.ssm_backend)[association.id]
    return ActionResult({})


def _list_associations(response: SimpleSystemManagerResponse) -> ActionResult:
    described = [each.describe() for each in _associations(response.ssm_backend).values()]
    return ActionResult({"Associations": described})


def _start_associations_once(response: SimpleSystemManagerResponse) -> ActionResult:
    for wanted in response._get_param("AssociationIds"):
        association = _associations(response.ssm_backend).get(wanted)
        if association is None:
            raise SsmError("AssociationDoesNotExist", "The specified association does not exist.")
        _start(response.ssm_backend, association)
    return ActionResult({})


def _describe_association_executions(response: SimpleSystemManagerResponse) -> ActionResult:
    association = _found(response)
    executions = [
        {
            "AssociationId": association.id,
            "AssociationVersion": str(execution.version),
            "ExecutionId": execution.id,
            "Status": execution.status,
            "DetailedStatus": execution.status,
            "CreatedTime": execution.created,
        }
        for execution in reversed(association.executions)
    ]
    return ActionResult({"AssociationExecutions": executions})


def _describe_association_execution_targets(response: SimpleSystemManagerResponse) -> ActionResult:
    association, wanted = _found(response), response._get_param("ExecutionId")
    targets = [
        {
            "AssociationId": association.id,
            "AssociationVersion": str(execution.version),
            "ExecutionId": execution.id,
            "ResourceId": instance,
            "ResourceType": "ManagedInstance",
            "Status": run.status,
            "DetailedStatus": run.status,
            "OutputSource": {"OutputSourceId": execution.id, "OutputSourceType": "RunCommand"},
        }
        for execution in association.executions
        if execution.id == wanted
        for instance, run in execution.runs.items()
    ]
    if not targets:
        raise SsmError("AssociationExecutionDoesNotExist", "The specified execution ID does not exist.")
    return ActionResult({"AssociationExecutionTargets": targets})


def _send_command(response: SimpleSystemManagerResponse) -> ActionResult:
    backend = response.ssm_backend
    document = _document(backend, response._get_param("DocumentName"), response._get_param("DocumentVersion"))
    parameters = response._get_param("Parameters") or {}
    instances = response._get_param("InstanceIds") or []
    _check_parameters(document, parameters)
    away = [instance for instance in instances if not managed_instances.is_connected(instance)]
    if away or not instances:
        raise SsmError("InvalidInstanceId", f"Instances [{away}] not in a valid state for account {backend.account_id}")
    script = managed_instances.commands_of(document.content_json, parameters)
    command_id = str(uuid4())
    for instance in instances:
        _runs(backend)[command_id, instance] = (document.name, managed_instances.start(instance, script))
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
    found = _runs(response.ssm_backend).get(key)
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
    (SimpleSystemManagerBackend, "create_document", _create_document),
    (SimpleSystemManagerBackend, "update_document", _update_document),
    (SimpleSystemManagerBackend, "delete_document", _delete_document),
    (SimpleSystemManagerResponse, "create_association", _create_association),
    (SimpleSystemManagerResponse, "describe_association", _describe_association),
    (SimpleSystemManagerResponse, "update_association", _update_association),
    (SimpleSystemManagerResponse, "delete_association", _delete_association),
    (SimpleSystemManagerResponse, "list_associations", _list_associations),
    (SimpleSystemManagerResponse, "start_associations_once", _start_associations_once),
    (SimpleSystemManagerResponse, "describe_association_executions", _describe_association_executions),
    (SimpleSystemManagerResponse, "describe_association_execution_targets", _describe_association_execution_targets),
    (SimpleSystemManagerResponse, "send_command", _send_command),
    (SimpleSystemManagerResponse, "get_command_invocation", _get_command_invocation),
    (SimpleSystemManagerResponse, "describe_instance_information", _describe_instance_information),
)
