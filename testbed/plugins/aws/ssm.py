"""``aws:ssm``: parameters, documents, and the associations that run documents on instances."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from testbed.plugins.aws.calls import from_tags, properties
from testbed.plugins.aws.errors import passing_over
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws, go_duration
from testbed.plugins.provider import Properties, ProviderError


class _Named(ResourceType):
    """Something that has its name for its id."""

    service = "ssm"
    tagged_by = ("add_tags_to_resource", "remove_tags_from_resource", "ResourceId")
    autonamed = "name"
    #: What the calls for tags say of it.
    kind: ClassVar[dict[str, str]]

    def retag(self, aws: Aws, id: str, put: Properties, drop: list[str], **more: str) -> None:
        """By kind and name."""
        super().retag(aws, id, put, drop, **self.kind)

    def tags_of(self, aws: Aws, id: str) -> dict[str, str]:
        """The tags that it has."""
        return from_tags(aws.call("list_tags_for_resource", ResourceId=id, **self.kind)["TagList"])


class Parameter(_Named):
    """One parameter; its value is secret whatever its type."""

    qualified_name = "aws:ssm/parameter:Parameter"
    title = "SSM Parameter"
    checked_by = "PutParameter"
    gone = ("ParameterNotFound",)
    kind: ClassVar = {"ResourceType": "Parameter"}
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        "type": Argument("string", required=True),
        "value": Argument("string", required=True),
        "description": Argument("string"),
        "overwrite": Argument("bool", local=True),
    }
    attributes = frozenset({"arn", "version"})
    volatile = frozenset({"version"})
    secrets = ("value",)

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Fails if there is one, unless ``overwrite``; SSM takes no tags with that."""
        if inputs.get("overwrite"):
            aws.call("put_parameter", inputs, Tags=None)
            self.retag(aws, inputs["name"], inputs.get("tagsAll") or {}, [])
        else:
            aws.call("put_parameter", inputs)
        return str(inputs["name"])

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """The value, decrypted, and what describes it."""
        found = aws.call("get_parameter", Name=id, WithDecryption=True)["Parameter"]
        about = aws.call("describe_parameters", ParameterFilters=[{"Key": "Name", "Values": [id]}])["Parameters"]
        description = about[0].get("Description") if about else None
        return {**properties(found), "description": description or None, "tagsAll": self.tags_of(aws, id)}

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """A new version, if anything but the tags changed."""
        if any(old.get(key) != new.get(key) for key in ("value", "type", "description")):
            aws.call("put_parameter", {**new, "overwrite": True}, Tags=None)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """All of its versions."""
        aws.call("delete_parameter", Name=id)


class Document(_Named):
    """A document; a change of its content makes a new default version."""

    qualified_name = "aws:ssm/document:Document"
    title = "SSM Document"
    checked_by = "CreateDocument"
    gone = ("InvalidDocument", "DocumentNotFound")
    kind: ClassVar = {"ResourceType": "Document"}
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        # A change is accepted and never made: the update of a document has no type.
        "documentType": Argument("string", required=True),
        "documentFormat": Argument("string", default="JSON"),
        "content": Argument("string", required=True),
        "targetType": Argument("string"),
        "versionName": Argument("string"),
    }
    volatile = frozenset(
        {"defaultVersion", "description", "documentVersion", "hash", "latestVersion", "parameters", "schemaVersion"}
    )
    attributes = volatile | {"arn", "createdDate", "hashType", "owner", "platformTypes", "status"}
    longest_name = 128

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """The name is the id."""
        aws.call("create_document", inputs)
        return str(inputs["name"])

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """The default version."""
        about = aws.call("describe_document", Name=id)["Document"]
        return {
            **properties(about),
            "arn": aws.arn("ssm", f"document/{id}"),
            "content": aws.call("get_document", Name=id, DocumentVersion="$LATEST")["Content"],
            "parameters": [{"defaultValue": "", **properties(each)} for each in about.get("Parameters") or []],
            "tagsAll": self.tags_of(aws, id),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """A new version, which becomes the default one."""
        if all(old.get(key) == new.get(key) for key in ("content", "documentFormat", "targetType", "versionName")):
            return
        with passing_over(("DuplicateDocumentContent",)):
            answer = aws.call("update_document", new, DocumentVersion="$LATEST")
            version = answer["DocumentDescription"]["DocumentVersion"]
            aws.call("update_document_default_version", Name=id, DocumentVersion=version)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """All of its versions."""
        aws.call("delete_document", Name=id)


class Association(ResourceType):
    """A document that runs on instances: when it is made, and whenever it is changed."""

    qualified_name = "aws:ssm/association:Association"
    title = "SSM Association"
    checked_by = "CreateAssociation"
    service = "ssm"
    gone = ("AssociationDoesNotExist",)
    autonamed = "name"
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        "associationName": Argument("string"),
        "complianceSeverity": Argument("string"),
        "documentVersion": Argument("string", computed=True),
        "parameters": Argument("map", computed=True),
        "targets": Argument(
            "list",
            computed=True,
            fields={"key": Argument("string", required=True), "values": Argument("list", required=True)},
        ),
        "waitForSuccessTimeoutSeconds": Argument("int", local=True),
    }
    attributes = frozenset({"arn", "associationId"})

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Waits for its first run if asked to; the official provider does so here, and not on a change."""
        made = aws.call("create_association", inputs, Parameters=_lists(inputs))
        association = str(made["AssociationDescription"]["AssociationId"])
        if patience := inputs.get("waitForSuccessTimeoutSeconds"):
            _wait(aws, association, patience)
        return association

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """As AWS describes it."""
        found = _describe(aws, id)
        parameters = {key: values[0] if values else "" for key, values in (found.get("Parameters") or {}).items()}
        return {**properties(found), "arn": aws.arn("ssm", f"association/{id}"), "parameters": parameters}

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """All of it: AWS takes away what is left out."""
        aws.call("update_association", {**new, "name": None}, AssociationId=id, Parameters=_lists(new))

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """What it has run is not undone."""
        aws.call("delete_association", AssociationId=id)


def _lists(inputs: Properties) -> dict[str, list[str]]:
    return {key: [value] for key, value in (inputs.get("parameters") or {}).items()}


def _describe(aws: Aws, association: str) -> dict[str, Any]:
    return dict(aws.call("describe_association", AssociationId=association)["AssociationDescription"])


def _wait(aws: Aws, association: str, seconds: float) -> None:
    words = f"waiting for SSM Association ({association}) create"

    def success() -> bool | None:
        overview = _describe(aws, association).get("Overview") or {}
        if overview.get("Status") == "Failed":
            last = json.dumps(overview.get("DetailedStatus"))
            raise ProviderError(f"{words}: unexpected state 'Failed', wanted target 'Success'. last error: {last}")
        return True if overview.get("Status") == "Success" else None

    def late() -> str:
        return (
            f"{words}: timeout while waiting for state to become 'Success' "
            f"(last state: 'Pending', timeout: {go_duration(seconds)})"
        )

    aws.wait_for(success, seconds, late)
