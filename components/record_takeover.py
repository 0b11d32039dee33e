"""How a record that another has made becomes the stack's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import pulumi

from components.record_as_found import RecordAsFound, RecordAsFoundArgs, make_way
from survey.aws import CHANGE, AwsAccount
from survey.aws_access import Role


class TakenRecord(Protocol):
    """What a record's arguments have."""

    @property
    def record_name(self) -> str:
        """`*.example.com`."""

    @property
    def zone_id(self) -> pulumi.Input[str]:
        """The hosted zone."""

    @property
    def load_balancer_hostname(self) -> pulumi.Input[str]:
        """The DNS name of the load balancer."""


def as_found(
    name: str, args: TakenRecord, account: AwsAccount | None, role: Role | bool, parent: pulumi.Resource
) -> RecordAsFound:
    """The record as it was, recorded before anything replaces it."""
    if account is None:
        raise ValueError("a record can be taken over only in an account that the program can read")
    assumed = role if isinstance(role, Mapping) else {}
    found = RecordAsFoundArgs(
        zone_id=args.zone_id,
        record_name=args.record_name,
        load_balancer_hostname=args.load_balancer_hostname,
        region=account.region,
        profile=account.access.profile,
        role_arn=assumed.get("roleArn", ""),
        external_id=assumed.get("externalId", ""),
    )
    return RecordAsFound(f"{name}-as-found", found, pulumi.ResourceOptions(parent=parent))


def making_way(name: str, account: AwsAccount | None) -> pulumi.ResourceHookBinding | None:
    """A hook before the record's creation, which takes away what an overwrite would leave, or fail on."""
    if account is None:
        return None

    def replace(args: pulumi.ResourceHookArgs) -> None:
        inputs = args.new_inputs or {}
        (target,) = inputs["aliases"]
        alias = {
            "Name": inputs["name"],
            "Type": inputs["type"],
            "AliasTarget": {
                "DNSName": target["name"],
                "HostedZoneId": target["zoneId"],
                "EvaluateTargetHealth": target["evaluateTargetHealth"],
            },
        }
        make_way(AwsAccount(account.access, CHANGE), str(inputs["zoneId"]), str(inputs["name"]), alias)

    return pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{name}-makes-way", replace)])
