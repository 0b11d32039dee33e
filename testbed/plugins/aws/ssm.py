"""``aws:ssm``: parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from botocore.exceptions import ClientError

from testbed.plugins.aws import tagging
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties

_TYPES: Final = ("String", "StringList", "SecureString")
_VALUES: Final = ("value", "insecureValue")


class TaggedBySsm(ResourceType):
    """What SSM keeps the tags of."""

    tagged = True
    #: What SSM calls its type.
    kind: ClassVar[str]

    def tag(self, aws: Aws, id: str, put: Mapping[str, str], drop: list[str]) -> None:
        """By type and id."""
        of = {"ResourceType": self.kind, "ResourceId": id}
        if drop:
            aws.client("ssm").remove_tags_from_resource(**of, TagKeys=drop)
        if put:
            aws.client("ssm").add_tags_to_resource(**of, Tags=tagging.to_list(put))

    def tags_of(self, aws: Aws, id: str) -> dict[str, str]:
        """Those that it has."""
        return tagging.to_dict(
            aws.client("ssm").list_tags_for_resource(ResourceType=self.kind, ResourceId=id)["TagList"]
        )


class Parameter(TaggedBySsm):
    """One parameter; its value is secret whatever its type."""

    kind = "Parameter"

    qualified_name = "aws:ssm/parameter:Parameter"
    title = "SSM Parameter"
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        "type": Argument("string", required=True),
        "value": Argument("string"),
        "insecureValue": Argument("string"),
        "allowedPattern": Argument("string"),
        "dataType": Argument("string", computed=True, replaces=True),
        "description": Argument("string"),
        "keyId": Argument("string", computed=True),
        "overwrite": Argument("bool", local=True),
        "tier": Argument("string", computed=True),
    }
    attributes = frozenset({"arn", "version", "hasValueWo"})
    volatile = frozenset({"version"})
    missing = frozenset({"arn", "valueWo", "valueWoVersion"})
    secrets = ("value", "valueWo")
    autonamed = "name"

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """One value, and a type that SSM knows."""
        if isinstance(inputs["type"], str) and inputs["type"] not in _TYPES:
            yield CheckFailure("type", f"expected type to be one of {list(_TYPES)}, got {inputs['type']}")
        given = [key for key in _VALUES if key in inputs]
        if len(given) != 1:
            yield CheckFailure("value", f"exactly one of {', '.join(_VALUES)} must be specified")
        elif given == ["insecureValue"] and inputs["type"] == "SecureString":
            yield CheckFailure("insecureValue", "a SecureString takes its value from `value`")

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Fails if there is one, unless ``overwrite``."""
        overwrite = bool(inputs.get("overwrite"))
        wanted = _put(inputs) | {"Overwrite": overwrite}
        tags = tagging.to_list(inputs.get("tagsAll"))
        if tags and not overwrite:
            wanted["Tags"] = tags
        aws.client("ssm").put_parameter(**wanted)
        if tags and overwrite:
            self.tag(aws, inputs["name"], inputs["tagsAll"], [])
        return str(inputs["name"])

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """The value, decrypted, and what describes it."""
        client = aws.client("ssm")
        try:
            found = client.get_parameter(Name=id, WithDecryption=True)["Parameter"]
        except ClientError as error:
            if code_of(error) == "ParameterNotFound":
                return None
            raise
        about = client.describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [id]}])
        detail: dict[str, Any] = next(iter(about["Parameters"]), {})
        key = "insecureValue" if state.get("insecureValue") is not None else "value"
        return {
            "arn": found["ARN"],
            "name": found["Name"],
            "type": found["Type"],
            key: found["Value"],
            "version": found["Version"],
            "hasValueWo": False,
            "dataType": found.get("DataType", "text"),
            "description": detail.get("Description") or None,
            "allowedPattern": detail.get("AllowedPattern") or None,
            "keyId": detail.get("KeyId", ""),
            "tier": detail.get("Tier", "Standard"),
            "tagsAll": self.tags_of(aws, id),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """A new version, if anything but the tags changed."""
        if any(old.get(key) != new.get(key) for key in (*_VALUES, "type", "description", "allowedPattern")):
            aws.client("ssm").put_parameter(**_put(new), Overwrite=True)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """One that is gone is not an error."""
        try:
            aws.client("ssm").delete_parameter(Name=id)
        except ClientError as error:
            if code_of(error) != "ParameterNotFound":
                raise


def _put(inputs: Properties) -> dict[str, Any]:
    wanted = {
        "Name": inputs["name"],
        "Type": inputs["type"],
        "Value": inputs["value"] if inputs.get("value") is not None else inputs.get("insecureValue"),
        "Description": inputs.get("description"),
        "AllowedPattern": inputs.get("allowedPattern"),
        "DataType": inputs.get("dataType"),
        "KeyId": inputs.get("keyId") if inputs["type"] == "SecureString" else None,
        "Tier": inputs.get("tier"),
    }
    return {key: value for key, value in wanted.items() if value is not None}
