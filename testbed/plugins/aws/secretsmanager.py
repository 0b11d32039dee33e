"""``aws:secretsmanager``: secrets and their versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import uuid4

from testbed.plugins.aws.calls import from_tags, properties
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties, ProviderError


class Secret(ResourceType):
    """The secret without a value."""

    qualified_name = "aws:secretsmanager/secret:Secret"
    title = "Secrets Manager Secret"
    service = "secretsmanager"
    gone = ("ResourceNotFoundException",)
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        "description": Argument("string"),
        "recoveryWindowInDays": Argument("int", default=30, local=True),
    }
    attributes = frozenset({"arn"})
    tagged_by = ("tag_resource", "untag_resource", "SecretId")
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
        return str(aws.call("create_secret", inputs, ClientRequestToken=uuid4().hex)["ARN"])

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """One that waits for its deletion is gone."""
        found = aws.call("describe_secret", SecretId=id)
        return None if found.get("DeletedDate") else {**properties(found), "tagsAll": from_tags(found.get("Tags"))}

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """The description."""
        if old.get("description") != new.get("description"):
            aws.call("update_secret", SecretId=id, Description=new.get("description", ""))

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """At once with a window of 0 days."""
        if aws.call("describe_secret", SecretId=id).get("DeletedDate"):
            return
        window = int(state.get("recoveryWindowInDays", 30))
        how: dict[str, Any] = {"RecoveryWindowInDays": window} if window else {"ForceDeleteWithoutRecovery": True}
        aws.call("delete_secret", SecretId=id, **how)


class SecretVersion(ResourceType):
    """One text of a secret; secret and version make its id."""

    qualified_name = "aws:secretsmanager/secretVersion:SecretVersion"
    title = "Secrets Manager Secret Version"
    service = "secretsmanager"
    # The second is the answer for a secret that waits for its deletion.
    gone = ("ResourceNotFoundException", "InvalidRequestException")
    labelled_by = "secretId"
    arguments: ClassVar[Arguments] = {
        "secretId": Argument("string", required=True, replaces=True),
        "secretString": Argument("string", required=True, replaces=True),
    }
    attributes = frozenset({"arn", "secretArn", "versionId", "versionStages"})
    secrets = ("secretString",)

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Puts it in the place of the present one."""
        made = aws.call("put_secret_value", inputs, ClientRequestToken=uuid4().hex)
        return f"{inputs['secretId']}|{made['VersionId']}"

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """The text, too."""
        secret, version = _split(id)
        found = aws.call("get_secret_value", SecretId=secret, VersionId=version)
        return {**properties(found), "secretArn": found["ARN"], "secretId": secret}

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """A version goes when no stage is left on it; the current one goes with its secret."""
        secret, version = _split(id)
        found = aws.call("describe_secret", SecretId=secret)
        stages = [] if found.get("DeletedDate") else (found.get("VersionIdsToStages") or {}).get(version, [])
        for stage in stages:
            if stage != "AWSCURRENT":
                aws.call(
                    "update_secret_version_stage", SecretId=secret, VersionStage=stage, RemoveFromVersionId=version
                )


def _split(id: str) -> tuple[str, str]:
    secret, separator, version = id.rpartition("|")
    if not separator:
        raise ProviderError(f"unexpected format of ID ({id}), expected SecretID|VersionID")
    return secret, version
