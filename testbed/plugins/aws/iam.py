"""``aws:iam``: policies, and what a role has of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from botocore.exceptions import ClientError

from testbed.plugins.aws import tagging
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, Lookup, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import Properties, ProviderError

_GONE: Final = "NoSuchEntity"


def _document(policy: Any) -> Any:
    """Two documents are the same when their JSON is."""
    try:
        return json.loads(policy) if isinstance(policy, str) else policy
    except json.JSONDecodeError:
        return policy


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


class Policy(ResourceType):
    """A policy of the account's own."""

    qualified_name = "aws:iam/policy:Policy"
    title = "IAM Policy"
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        "path": Argument("string", default="/", replaces=True),
        "description": Argument("string", replaces=True),
        "policy": Argument("string", required=True, same=_document),
    }
    attributes = frozenset({"arn", "attachmentCount", "policyId"})
    missing = frozenset({"delayAfterPolicyCreationInMs", "namePrefix"})
    tagged = True
    regional = False
    autonamed = "name"
    longest_name = 128

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Returns the ARN."""
        wanted = {
            "PolicyName": inputs["name"],
            "Path": inputs["path"],
            "Description": inputs.get("description"),
            "PolicyDocument": inputs["policy"],
            "Tags": tagging.to_list(inputs.get("tagsAll")),
        }
        answer = aws.client("iam").create_policy(**{key: value for key, value in wanted.items() if value})
        return str(answer["Policy"]["Arn"])

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """With the document of the default version, in the program's spelling while it means the same."""
        client = aws.client("iam")
        try:
            found = client.get_policy(PolicyArn=id)["Policy"]
            version = client.get_policy_version(PolicyArn=id, VersionId=found["DefaultVersionId"])["PolicyVersion"]
        except ClientError as error:
            if code_of(error) == _GONE:
                return None
            raise
        return {
            "arn": id,
            "name": found["PolicyName"],
            "path": found["Path"],
            "description": found.get("Description") or None,
            "policy": _spelt(version["Document"], state.get("policy")),
            "policyId": found["PolicyId"],
            "attachmentCount": found.get("AttachmentCount", 0),
            "tagsAll": tagging.to_dict(client.list_policy_tags(PolicyArn=id)["Tags"]),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """A new default version; IAM keeps five, so the oldest goes."""
        if _document(old["policy"]) == _document(new["policy"]):
            return
        client = aws.client("iam")
        versions = client.list_policy_versions(PolicyArn=id)["Versions"]
        if len(versions) >= 5:
            oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: v["CreateDate"])
            client.delete_policy_version(PolicyArn=id, VersionId=oldest["VersionId"])
        client.create_policy_version(PolicyArn=id, PolicyDocument=new["policy"], SetAsDefault=True)

    def tag(self, aws: Aws, id: str, put: Mapping[str, str], drop: list[str]) -> None:
        """As for all of IAM."""
        if drop:
            aws.client("iam").untag_policy(PolicyArn=id, TagKeys=drop)
        if put:
            aws.client("iam").tag_policy(PolicyArn=id, Tags=tagging.to_list(put))

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """Its other versions first."""
        client = aws.client("iam")
        try:
            for version in client.list_policy_versions(PolicyArn=id)["Versions"]:
                if not version["IsDefaultVersion"]:
                    client.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
            client.delete_policy(PolicyArn=id)
        except ClientError as error:
            if code_of(error) != _GONE:
                raise


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
        """One that is gone is no error."""
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


class RolePolicyAttachment(ResourceType):
    """A policy that a role uses."""

    qualified_name = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    title = "IAM Role Policy Attachment"
    arguments: ClassVar[Arguments] = {
        "role": Argument("string", required=True, replaces=True),
        "policyArn": Argument("string", required=True, replaces=True),
    }
    regional = False

    def label(self, inputs: Properties) -> str:
        """The role."""
        return str(inputs["role"])

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Role and policy make the id."""
        aws.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """There while the role lists it."""
        role, separator, policy = id.partition("/")
        if not separator:
            raise ProviderError(f"unexpected format of ID ({id}), expected <role-name>/<policy_arn>")
        try:
            pages = aws.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
            arns = {attached["PolicyArn"] for page in pages for attached in page["AttachedPolicies"]}
        except ClientError as error:
            if code_of(error) == _GONE:
                return None
            raise
        return {"role": role, "policyArn": policy} if policy in arns else None

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """The policy itself stays."""
        role, _, policy = id.partition("/")
        try:
            aws.client("iam").detach_role_policy(RoleName=role, PolicyArn=policy)
        except ClientError as error:
            if code_of(error) != _GONE:
                raise


class GetInstanceProfile(Lookup):
    """``aws.iam.get_instance_profile``."""

    qualified_name = "aws:iam/getInstanceProfile:getInstanceProfile"
    title = "IAM Instance Profile"
    arguments: ClassVar[Arguments] = {"name": Argument("string", required=True)}
    regional = False

    def find(self, aws: Aws, args: Properties) -> Properties:
        """With its one role; without one the answer lacks it, which is no error."""
        try:
            found = aws.client("iam").get_instance_profile(InstanceProfileName=args["name"])["InstanceProfile"]
        except ClientError as error:
            if code_of(error) == _GONE:
                raise ProviderError(f"reading {self.title} ({args['name']}): couldn't find resource") from error
            raise
        role: Mapping[str, Any] = next(iter(found["Roles"]), {})
        return {
            "id": found["InstanceProfileId"],
            "arn": found["Arn"],
            "createDate": found["CreateDate"].isoformat(),
            "name": found["InstanceProfileName"],
            "path": found["Path"],
            "roleArn": role.get("Arn", ""),
            "roleId": role.get("RoleId", ""),
            "roleName": role.get("RoleName", ""),
        }


def _spelt(document: Any, known: Any) -> str:
    return known if isinstance(known, str) and _document(known) == _document(document) else _text(document)
