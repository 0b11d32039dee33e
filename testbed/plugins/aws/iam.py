"""``aws:iam``: the policies inside of roles."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import Properties


def _document(policy: Any) -> Any:
    """Two documents are the same when their JSON is."""
    try:
        return json.loads(policy) if isinstance(policy, str) else policy
    except json.JSONDecodeError:
        return policy


class RolePolicy(ResourceType):
    """A policy inside of a role; role and name make its id."""

    qualified_name = "aws:iam/rolePolicy:RolePolicy"
    title = "IAM Role Policy"
    service = "iam"
    gone = ("NoSuchEntity",)
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        "role": Argument("string", required=True, replaces=True),
        "policy": Argument("string", required=True, same=_document),
    }
    regional = False
    autonamed = "name"
    longest_name = 128

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Puts the document."""
        made = f"{inputs['role']}:{inputs['name']}"
        self.update(aws, made, {}, inputs, timeout)
        return made

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """The document in the program's spelling while it means the same."""
        role, _, name = id.partition(":")
        found = aws.call("get_role_policy", RoleName=role, PolicyName=name)["PolicyDocument"]
        known = state.get("policy")
        policy = known if known and _document(known) == _document(found) else json.dumps(_document(found))
        return {"name": name, "role": role, "policy": policy}

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """Puts the document."""
        role, _, name = id.partition(":")
        aws.call("put_role_policy", RoleName=role, PolicyName=name, PolicyDocument=new["policy"])

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """The role stays."""
        role, _, name = id.partition(":")
        aws.call("delete_role_policy", RoleName=role, PolicyName=name)
