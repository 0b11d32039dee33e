"""Associations of Systems Manager, which moto lacks: a document that runs when they are made, changed or started.

AWS wants an association's document to exist and its parameters to be declared there and of the declared form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final
from uuid import uuid4

from moto.core.responses import ActionResult
from moto.ssm.models import SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

from testbed.emulator import managed_instances
from testbed.emulator.managed_instances import Run
from testbed.emulator.ssm_commands import runs_of
from testbed.emulator.ssm_documents import SsmError, check_parameters, find_document

_FAILED = ("Failed", "TimedOut")

_moto_delete_document = SimpleSystemManagerBackend.delete_document


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
    name: str | None
    version: int = 1
    created: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    executions: list[Execution] = field(default_factory=list)

    def instances(self) -> list[str]:
        """The instances by id."""
        return [value for target in self.targets for value in target["Values"]]

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
            "Targets": self.targets,
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


def _start(backend: SimpleSystemManagerBackend, association: Association) -> None:
    document = find_document(backend, association.document, association.document_version)
    script = managed_instances.script_of(document.content_json, association.parameters)
    runs = {instance: managed_instances.start(instance, script) for instance in association.instances()}
    execution = Execution(association.version, runs)
    association.executions.append(execution)
    for instance, run in runs.items():
        runs_of(backend)[execution.id, instance] = (document.name, run)


def _delete_document(backend: SimpleSystemManagerBackend, name: str, *args: Any, **kwargs: Any) -> None:
    if any(association.document == name for association in _associations(backend).values()):
        raise SsmError("AssociatedInstances", "You must disassociate a document from all managed nodes first.")
    _moto_delete_document(backend, name, *args, **kwargs)


def _check_targets(targets: list[dict[str, Any]]) -> None:
    """AWS takes tags and groups of resources, too; here they would be no instance, and so a success of nothing."""
    unknown = sorted({target["Key"] for target in targets} - {"InstanceIds"})
    if unknown or not any(target["Values"] for target in targets):
        raise SsmError("InvalidTarget", f"Targets {', '.join(unknown)}: the testbed knows InstanceIds only.")


def _create_association(response: SimpleSystemManagerResponse) -> ActionResult:
    backend = response.ssm_backend
    document = find_document(backend, response._get_param("Name"), response._get_param("DocumentVersion"))
    parameters = response._get_param("Parameters") or {}
    targets = response._get_param("Targets") or []
    _check_targets(targets)
    check_parameters(document, parameters)
    association = Association(
        id=str(uuid4()),
        document=document.name,
        document_version=response._get_param("DocumentVersion") or "$DEFAULT",
        parameters=parameters,
        targets=targets,
        name=response._get_param("AssociationName"),
    )
    _associations(backend)[association.id] = association
    _start(backend, association)
    return ActionResult({"AssociationDescription": association.describe()})


def _found(response: SimpleSystemManagerResponse, association: str | None = None) -> Association:
    found = _associations(response.ssm_backend).get(association or response._get_param("AssociationId"))
    if found is None:
        raise SsmError("AssociationDoesNotExist", "The specified association does not exist.")
    return found


def _describe_association(response: SimpleSystemManagerResponse) -> ActionResult:
    return ActionResult({"AssociationDescription": _found(response).describe()})


def _update_association(response: SimpleSystemManagerResponse) -> ActionResult:
    association = _found(response)
    version = response._get_param("DocumentVersion") or "$DEFAULT"
    document = find_document(response.ssm_backend, association.document, version)
    # What is left out is taken away, as at AWS.
    parameters = response._get_param("Parameters") or {}
    check_parameters(document, parameters)
    targets = response._get_param("Targets") or association.targets
    _check_targets(targets)
    association.parameters, association.document_version, association.targets = parameters, version, targets
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
        _start(response.ssm_backend, _found(response, wanted))
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


#: What takes the place of moto's own, or is added to it: class, attribute, and its new value.
PATCHES: Final[tuple[tuple[type, str, Any], ...]] = (
    (SimpleSystemManagerBackend, "delete_document", _delete_document),
    (SimpleSystemManagerResponse, "create_association", _create_association),
    (SimpleSystemManagerResponse, "describe_association", _describe_association),
    (SimpleSystemManagerResponse, "update_association", _update_association),
    (SimpleSystemManagerResponse, "delete_association", _delete_association),
    (SimpleSystemManagerResponse, "list_associations", _list_associations),
    (SimpleSystemManagerResponse, "start_associations_once", _start_associations_once),
    (SimpleSystemManagerResponse, "describe_association_executions", _describe_association_executions),
    (SimpleSystemManagerResponse, "describe_association_execution_targets", _describe_association_execution_targets),
)
