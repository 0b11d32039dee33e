"""``aws:ssm``: documents, and the associations that run them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from botocore.exceptions import ClientError

from testbed.plugins.aws import tagging
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws, go_duration
from testbed.plugins.aws.ssm import TaggedBySsm
from testbed.plugins.provider import CheckFailure, Properties, ProviderError

_TYPES: Final = (
    "Command",
    "Policy",
    "Automation",
    "Session",
    "Package",
    "ApplicationConfiguration",
    "ApplicationConfigurationSchema",
    "DeploymentStrategy",
    "ChangeCalendar",
)


_FORMATS: Final = ("YAML", "JSON", "TEXT")
_SEVERITIES: Final = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNSPECIFIED")
_NAME: Final = re.compile(r"[0-9A-Za-z_.-]{3,128}")
_VERSION: Final = re.compile(r"\$LATEST|\$DEFAULT|[1-9][0-9]*")
_MOST_TARGETS, _MOST_VALUES = 5, 50


def _one_of(inputs: Properties, key: str, known: tuple[str, ...]) -> Iterator[CheckFailure]:
    if isinstance(inputs.get(key), str) and inputs[key] not in known:
        yield CheckFailure(key, f"expected {key} to be one of {list(known)}, got {inputs[key]}")


def _matching(inputs: Properties, key: str, pattern: re.Pattern[str], words: str) -> Iterator[CheckFailure]:
    if isinstance(inputs.get(key), str) and not pattern.fullmatch(inputs[key]):
        yield CheckFailure(key, f"invalid value for {key} ({words})")


_NAME_WORDS: Final = "must contain only alphanumeric, underscore, hyphen, or period characters"


class Document(TaggedBySsm):
    """A document; a change of its content makes a new default version."""

    kind = "Document"

    qualified_name = "aws:ssm/document:Document"
    title = "SSM Document"
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        # A change is accepted and never made: the update of a document has no type.
        "documentType": Argument("string", required=True),
        "documentFormat": Argument("string", default="JSON"),
        "content": Argument("string", required=True),
        "targetType": Argument("string"),
        "versionName": Argument("string"),
    }
    attributes = frozenset(
        {
            "arn",
            "createdDate",
            "defaultVersion",
            "description",
            "documentVersion",
            "hash",
            "hashType",
            "latestVersion",
            "owner",
            "parameters",
            "platformTypes",
            "schemaVersion",
            "status",
        }
    )
    volatile = frozenset(
        {"defaultVersion", "description", "documentVersion", "hash", "latestVersion", "parameters", "schemaVersion"}
    )
    missing = frozenset({"attachmentsSources", "permissions"})
    autonamed = "name"
    longest_name = 128

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """Types, formats and names that SSM knows."""
        yield from _one_of(inputs, "documentType", _TYPES)
        yield from _one_of(inputs, "documentFormat", _FORMATS)
        for key in ("name", "versionName"):
            yield from _matching(inputs, key, _NAME, _NAME_WORDS)

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """The name is the id."""
        wanted = {
            "Name": inputs["name"],
            "Content": inputs["content"],
            "DocumentType": inputs["documentType"],
            "DocumentFormat": inputs["documentFormat"],
            "TargetType": inputs.get("targetType"),
            "VersionName": inputs.get("versionName"),
            "Tags": tagging.to_list(inputs.get("tagsAll")),
        }
        aws.client("ssm").create_document(**{key: value for key, value in wanted.items() if value})
        return str(inputs["name"])

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """The default version."""
        client = aws.client("ssm")
        try:
            about = client.describe_document(Name=id)["Document"]
            content = client.get_document(Name=id, DocumentVersion="$LATEST")["Content"]
        except ClientError as error:
            if code_of(error) in ("InvalidDocument", "DocumentNotFound"):
                return None
            raise
        arn = f"arn:{aws.session.partition}:ssm:{aws.region}:{aws.session.account_id}:document/{id}"
        return {
            "arn": arn,
            "name": about["Name"],
            "documentType": about["DocumentType"],
            "documentFormat": about["DocumentFormat"],
            "content": content,
            "targetType": about.get("TargetType") or None,
            "versionName": about.get("VersionName") or None,
            "createdDate": about["CreatedDate"].isoformat(),
            "defaultVersion": about["DefaultVersion"],
            "description": about.get("Description") or "",
            "documentVersion": about["DocumentVersion"],
            "hash": about["Hash"],
            "hashType": about["HashType"],
            "latestVersion": about["LatestVersion"],
            "owner": about["Owner"],
            "parameters": [
                {"name": each["Name"], "type": each["Type"], "defaultValue": each.get("DefaultValue", "")}
                for each in about.get("Parameters") or []
            ],
            "platformTypes": about.get("PlatformTypes") or [],
            "schemaVersion": about["SchemaVersion"],
            "status": about["Status"],
            "tagsAll": self.tags_of(aws, id),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """A new version, which becomes the default one."""
        if all(old.get(key) == new.get(key) for key in ("content", "documentFormat", "targetType", "versionName")):
            return
        client = aws.client("ssm")
        wanted = {
            "Name": id,
            "Content": new["content"],
            "DocumentFormat": new["documentFormat"],
            "DocumentVersion": "$LATEST",
            "TargetType": new.get("targetType"),
            "VersionName": new.get("versionName"),
        }
        try:
            answer = client.update_document(**{key: value for key, value in wanted.items() if value})
        except ClientError as error:
            if code_of(error) != "DuplicateDocumentContent":
                raise
            return
        client.update_document_default_version(
            Name=id, DocumentVersion=answer["DocumentDescription"]["DocumentVersion"]
        )

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """One that is gone is not an error."""
        try:
            aws.client("ssm").delete_document(Name=id)
        except ClientError as error:
            if code_of(error) != "InvalidDocument":
                raise


class Association(ResourceType):
    """A document that runs on instances: when it is made, and whenever it is changed."""

    qualified_name = "aws:ssm/association:Association"
    title = "SSM Association"
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        "associationName": Argument("string"),
        "documentVersion": Argument("string", computed=True),
        "parameters": Argument("map", computed=True),
        "targets": Argument(
            "list",
            computed=True,
            fields={"key": Argument("string", required=True), "values": Argument("list", required=True)},
        ),
        "complianceSeverity": Argument("string"),
        "waitForSuccessTimeoutSeconds": Argument("int", local=True),
    }
    attributes = frozenset({"arn", "associationId"})
    missing = frozenset(
        {
            "applyOnlyAtCronInterval",
            "automationTargetParameterName",
            "calendarNames",
            "maxConcurrency",
            "maxErrors",
            "outputLocation",
            "scheduleExpression",
            "syncCompliance",
            "tags",
        }
    )
    autonamed = "name"

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """Names, versions and numbers that SSM knows."""
        yield from _matching(inputs, "associationName", _NAME, _NAME_WORDS)
        yield from _matching(inputs, "documentVersion", _VERSION, "")
        yield from _one_of(inputs, "complianceSeverity", _SEVERITIES)
        targets = inputs.get("targets")
        if isinstance(targets, list):
            if len(targets) > _MOST_TARGETS:
                yield CheckFailure("targets", f"Too many list items: at most {_MOST_TARGETS}, got {len(targets)}")
            for index, target in enumerate(targets):
                values = target.get("values") if isinstance(target, dict) else None
                if isinstance(values, list) and len(values) > _MOST_VALUES:
                    yield CheckFailure(
                        f"targets[{index}].values", f"Too many list items: at most {_MOST_VALUES}, got {len(values)}"
                    )

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Waits for its first run if asked to; the official provider does so here, and not on a change."""
        answer = aws.client("ssm").create_association(**_wanted(inputs))
        association = str(answer["AssociationDescription"]["AssociationId"])
        patience = inputs.get("waitForSuccessTimeoutSeconds")
        if patience:
            _wait(aws, association, patience)
        return association

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """As AWS describes it."""
        found = _describe(aws, id)
        if found is None:
            return None
        return {
            "arn": f"arn:{aws.session.partition}:ssm:{aws.region}:{aws.session.account_id}:association/{id}",
            "associationId": id,
            "name": found["Name"],
            "associationName": found.get("AssociationName"),
            "documentVersion": found.get("DocumentVersion", ""),
            "parameters": {key: values[0] if values else "" for key, values in (found.get("Parameters") or {}).items()},
            "targets": [{"key": each["Key"], "values": each["Values"]} for each in found.get("Targets") or []],
            "complianceSeverity": found.get("ComplianceSeverity"),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """All of it: AWS takes away what is left out."""
        wanted = _wanted(new)
        wanted.pop("Name")
        aws.client("ssm").update_association(AssociationId=id, **wanted)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """One that is gone is not an error."""
        try:
            aws.client("ssm").delete_association(AssociationId=id)
        except ClientError as error:
            if code_of(error) != "AssociationDoesNotExist":
                raise


def _wanted(inputs: Properties) -> dict[str, Any]:
    wanted = {
        "Name": inputs["name"],
        "AssociationName": inputs.get("associationName"),
        "DocumentVersion": inputs.get("documentVersion"),
        "Parameters": {key: [value] for key, value in (inputs.get("parameters") or {}).items()},
        "Targets": [{"Key": each["key"], "Values": each["values"]} for each in inputs.get("targets") or []],
        "ComplianceSeverity": inputs.get("complianceSeverity"),
    }
    return {key: value for key, value in wanted.items() if value}


def _describe(aws: Aws, association: str) -> dict[str, Any] | None:
    try:
        return dict(aws.client("ssm").describe_association(AssociationId=association)["AssociationDescription"])
    except ClientError as error:
        if code_of(error) == "AssociationDoesNotExist":
            return None
        raise


def _wait(aws: Aws, association: str, seconds: float) -> None:
    def status() -> str | None:
        found = _describe(aws, association) or {}
        state = str((found.get("Overview") or {}).get("Status"))
        if state == "Failed":
            raise ProviderError(
                f"waiting for SSM Association ({association}) create: unexpected state 'Failed', wanted target "
                f"'Success'. last error: {json.dumps(found['Overview'].get('DetailedStatus'))}"
            )
        return state if state == "Success" else None

    def late() -> str:
        return (
            f"waiting for SSM Association ({association}) create: timeout while waiting for state to become 'Success' "
            f"(last state: 'Pending', timeout: {go_duration(seconds)})"
        )

    aws.wait_for(status, seconds, late)
