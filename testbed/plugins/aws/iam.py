"""``aws:iam``: the policies inside of roles."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Final

from botocore.exceptions import ClientError

from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import Properties

_GONE: Final = "NoSuchEntity"


def _document(policy: Any) -> Any:
    """Two documents are the same when their JSON is."""
    try:
        return json.loads(policy) if isinstance(policy, str) else policy
    except json.JSONDecodeError:
        return policy


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


class RolePolicy(ResourceType):
    """A policy inside of a role."""

    qualified_name = "aws:iam/rolePolicy:RolePolicy"
    title = "IAM Role Policy"
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        "role": Argument("string", required=True, replaces=True),
        "policy": Argument("string", required=True, same=_document),
    }
    missing = frozenset({"namePrefix"})
    regional = False
    autonamed = "name"
    longest_name = 128

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Role and name make the id."""
        self._put(aws, inputs)
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """The document in the program's spelling while it means the same."""
        role, _, name = id.partition(":")
        try:
            found = aws.client("iam").get_role_policy(RoleName=role, PolicyName=name)
        except ClientError as error:
            if code_of(error) == _GONE:
                return None
            raise
        return {"name": name, "role": role, "policy": _spelt(found["PolicyDocument"], state.get("policy"))}

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """The document."""
        self._put(aws, new)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """One that is gone is not an error."""
        role, _, name = id.partition(":")
        try:
            aws.client("iam").delete_role_policy(RoleName=role, PolicyName=name)
        except ClientError as error:
            if code_of(error) != _GONE:
                raise

    @staticmethod
    def _put(aws: Aws, inputs: Properties) -> None:
        aws.client("iam").put_role_policy(
            RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
        )


def _spelt(document: Any, known: Any) -> str:
    return known if isinstance(known, str) and _document(known) == _document(document) else _text(document)
