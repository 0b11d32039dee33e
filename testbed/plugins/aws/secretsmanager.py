"""``aws:secretsmanager``: secrets and their versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final
from uuid import uuid4

from botocore.exceptions import ClientError

from testbed.plugins.aws import tagging
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties, ProviderError

_GONE: Final = "ResourceNotFoundException"


class Secret(ResourceType):
    """The secret without a value."""

    qualified_name = "aws:secretsmanager/secret:Secret"
    title = "Secrets Manager Secret"
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        "description": Argument("string"),
        "kmsKeyId": Argument("string"),
        "recoveryWindowInDays": Argument("int", default=30, local=True),
    }
    attributes = frozenset({"arn"})
    missing = frozenset({"forceOverwriteReplicaSecret", "namePrefix", "policy", "replicas", "type"})
    tagged = True
    autonamed = "name"

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """No window, or one of 7 to 30 days."""
        window = inputs["recoveryWindowInDays"]
        if isinstance(window, int) and window != 0 and not 7 <= window <= 30:
            yield CheckFailure(
                "recoveryWindowInDays", f"expected recoveryWindowInDays to be 0 or in the range (7 - 30), got {window}"
            )

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Fails while an older one of this name waits for its deletion."""
        wanted = {
            "Name": inputs["name"],
            "ClientRequestToken": uuid4().hex,
            "Description": inputs.get("description"),
            "KmsKeyId": inputs.get("kmsKeyId"),
            "Tags": tagging.to_list(inputs.get("tagsAll")),
        }
        answer = aws.client("secretsmanager").create_secret(**{key: value for key, value in wanted.items() if value})
        return str(answer["ARN"])

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """One that waits for its deletion is gone."""
        found = _describe(aws, id)
        if found is None or found.get("DeletedDate"):
            return None
        return {
            "arn": found["ARN"],
            "name": found["Name"],
            "description": found.get("Description") or None,
            "kmsKeyId": found.get("KmsKeyId") or None,
            "tagsAll": tagging.to_dict(found.get("Tags")),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """Description and key."""
        if any(old.get(key) != new.get(key) for key in ("description", "kmsKeyId")):
            key = {"KmsKeyId": new["kmsKeyId"]} if new.get("kmsKeyId") else {}
            aws.client("secretsmanager").update_secret(SecretId=id, Description=new.get("description", ""), **key)

    def tag(self, aws: Aws, id: str, put: Mapping[str, str], drop: list[str]) -> None:
        """As everywhere in the service."""
        if drop:
            aws.client("secretsmanager").untag_resource(SecretId=id, TagKeys=drop)
        if put:
            aws.client("secretsmanager").tag_resource(SecretId=id, Tags=tagging.to_list(put))

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """At once with a window of 0 days."""
        found = _describe(aws, id)
        if found is None or found.get("DeletedDate"):
            return
        window = int(state.get("recoveryWindowInDays", 30))
        how: dict[str, Any] = {"RecoveryWindowInDays": window} if window else {"ForceDeleteWithoutRecovery": True}
        try:
            aws.client("secretsmanager").delete_secret(SecretId=id, **how)
        except ClientError as error:
            if code_of(error) != _GONE:
                raise


class SecretVersion(ResourceType):
    """One value of a secret."""

    qualified_name = "aws:secretsmanager/secretVersion:SecretVersion"
    title = "Secrets Manager Secret Version"
    arguments: ClassVar[Arguments] = {
        "secretId": Argument("string", required=True, replaces=True),
        "secretString": Argument("string", replaces=True),
        "secretBinary": Argument("string", replaces=True),
        "versionStages": Argument("list", computed=True, unordered=True),
    }
    attributes = frozenset({"arn", "secretArn", "versionId", "hasSecretStringWo"})
    missing = frozenset({"secretStringWo", "secretStringWoVersion"})
    secrets = ("secretBinary", "secretString", "secretStringWo")

    def label(self, inputs: Properties) -> str:
        """Its secret."""
        return str(inputs["secretId"])

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """One value."""
        if ("secretString" in inputs) == ("secretBinary" in inputs):
            yield CheckFailure("secretString", "exactly one of secretString, secretBinary must be specified")

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Secret and version make the id."""
        wanted = {
            "SecretId": inputs["secretId"],
            "ClientRequestToken": uuid4().hex,
            "SecretString": inputs.get("secretString"),
            "SecretBinary": inputs["secretBinary"].encode() if inputs.get("secretBinary") else None,
            "VersionStages": inputs.get("versionStages"),
        }
        answer = aws.client("secretsmanager").put_secret_value(
            **{key: value for key, value in wanted.items() if value is not None}
        )
        return f"{inputs['secretId']}|{answer['VersionId']}"

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """The value, too."""
        secret, version = _split(id)
        try:
            found = aws.client("secretsmanager").get_secret_value(SecretId=secret, VersionId=version)
        except ClientError as error:
            if code_of(error) == _GONE or "marked for deletion" in str(error):
                return None
            raise
        binary = found.get("SecretBinary")
        return {
            "arn": found["ARN"],
            "secretArn": found["ARN"],
            "secretId": secret,
            "secretString": found.get("SecretString"),
            "secretBinary": binary.decode() if binary is not None else None,
            "versionId": version,
            "versionStages": found.get("VersionStages") or [],
            "hasSecretStringWo": False,
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """Moves the stages that are new; one that is left out stays where another version took it."""
        secret, version = _split(id)
        wanted = set(new.get("versionStages") or old["versionStages"])
        for stage in wanted - set(old["versionStages"]):
            holder = _holder(aws, secret, stage)
            remove = {"RemoveFromVersionId": holder} if holder else {}
            aws.client("secretsmanager").update_secret_version_stage(
                SecretId=secret, VersionStage=stage, MoveToVersionId=version, **remove
            )

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """A version goes when no stage is left on it; the current one goes with its secret."""
        secret, version = _split(id)
        found = _describe(aws, secret)
        if found is None or found.get("DeletedDate"):
            return
        for stage in (found.get("VersionIdsToStages") or {}).get(version, []):
            if stage != "AWSCURRENT":
                aws.client("secretsmanager").update_secret_version_stage(
                    SecretId=secret, VersionStage=stage, RemoveFromVersionId=version
                )


def _describe(aws: Aws, secret: str) -> dict[str, Any] | None:
    try:
        return dict(aws.client("secretsmanager").describe_secret(SecretId=secret))
    except ClientError as error:
        if code_of(error) == _GONE:
            return None
        raise


def _holder(aws: Aws, secret: str, stage: str) -> str | None:
    stages = (_describe(aws, secret) or {}).get("VersionIdsToStages") or {}
    return next((version for version, held in stages.items() if stage in held), None)


def _split(id: str) -> tuple[str, str]:
    secret, separator, version = id.rpartition("|")
    if not separator:
        raise ProviderError(f"unexpected format of ID ({id}), expected SecretID|VersionID")
    return secret, version
