"""The record of the sessions as it was found: recorded before it is replaced, and brought back in the end.

Why a resource of its own: Route 53 keeps nothing of what a change replaces. This one only reads when it is made, so
that the state has what was there before the first change, however far the changes come; it writes when it is deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, UpdateResult

from components.own_resource import OwnProvider, OwnResource, aws_account
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.dns import zones_role
from survey.records import ADDRESS_TYPES, name_in

_REPLACING: Final = ("zone_id", "record_name")
_NOTED: Final = ("load_balancer_hostname", "region", "profile", "role_arn", "external_id")
_MAX_LISTED: Final = "20"
_REFUSED: Final = "InvalidChangeBatch"
_ALIAS: Final = "alias"
"""What Route 53's reason has where the target of an alias does not exist."""

RecordSet = Mapping[str, Any]
"""A record set as Route 53 describes it."""


@dataclass(frozen=True, kw_only=True)
class RecordAsFoundArgs:
    """The arguments of :class:`RecordAsFound`.

    Args:
        zone_id: the hosted zone.
        record_name: `*.example.com`.
        load_balancer_hostname: where the stack's own record leads.
        region: of AWS, since its partitions have a Route 53 each.
        profile: of AWS; None for the credentials of the environment.
        role_arn, external_id: what to assume for the zone; empty for nothing.
    """

    zone_id: pulumi.Input[str]
    record_name: str
    load_balancer_hostname: pulumi.Input[str]
    region: str
    profile: str | None
    role_arn: str = ""
    external_id: str = ""


class RecordAsFound(OwnResource, module="studios", name="RecordAsFound"):
    """What a name led to before the stack took it over; deleting it brings that back, in one change."""

    def __init__(self, name: str, args: RecordAsFoundArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props = {**vars(args), "profile": args.profile or "", "found": None, "ours": None}
        own = pulumi.ResourceOptions(delete_before_replace=True)
        super().__init__(RecordAsFoundProvider(), name, props, pulumi.ResourceOptions.merge(opts, own))


class RecordAsFoundProvider(OwnProvider):
    """Reads at first, and writes when it is deleted."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Records what the name leads to.

        What leads to the same load balancer is recorded, too: on a shared one, it is the record of another owner. The
        stack's own can't be among it, unless `create` has made it: before this is in the state, nothing is replaced.
        """
        found = records_of(_account(props), props)
        outs = {**props, "found": json.dumps(found), "ours": [props["load_balancer_hostname"]]}
        return CreateResult(f"{props['zone_id']}_{props['record_name']}", outs)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Another load balancer is noted; another name is another record."""
        replaces = [key for key in _REPLACING if _olds[key] != _news[key]]
        if replaces:
            return DiffResult(changes=True, replaces=replaces, delete_before_replace=True)
        return DiffResult(changes=any(_olds[key] != _news[key] for key in _NOTED))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Keeps what was found, and notes where the stack's own record leads now, too."""
        ours = list(dict.fromkeys([*_olds["ours"], _news["load_balancer_hostname"]]))
        return UpdateResult({**_news, "found": _olds["found"], "ours": ours})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Brings back what was found, in one change, unless the name or what it led to is gone or another."""
        account, found = _account(_props), json.loads(_props["found"])
        try:
            live = records_of(account, _props)
            own = [each for each in live if leads_to(each, _props["ours"])]
            _exchange(account, _props["zone_id"], own, found if len(own) == len(live) else [])
        except AwsError as error:
            if error.code != "NoSuchHostedZone":
                raise


def _exchange(account: AwsAccount, zone_id: str, old: Sequence[RecordSet], new: Sequence[RecordSet]) -> None:
    """Puts new records in the place of old ones, in one change, but for an alias of what does not exist any more."""
    gone, made = ([each for each in one if each not in other] for one, other in ((old, new), (new, old)))
    changes = [*(_change("DELETE", each) for each in gone), *(_change("CREATE", each) for each in made)]
    if not changes:
        return
    try:
        change(account, zone_id, changes)
    except AwsError as error:
        left = [each for each in new if "AliasTarget" not in each]
        if error.code != _REFUSED or len(left) == len(new) or _ALIAS not in str(error):
            raise
        _exchange(account, zone_id, old, left)


def make_way(account: AwsAccount, zone_id: str, name: str, alias: RecordSet) -> None:
    """Replaces what others have at a name by an alias, in one change, where an overwrite would not do.

    Nothing stands beside a CNAME, so one must go in the same change; and of a name that has an A record of the stack's
    and an AAAA record of another's, half of the world would go on to the other.

    Args:
        account: that of the zone.
        zone_id: the hosted zone.
        name: of the record.
        alias: the stack's own record set.
    """
    live = records_of(account, {"zone_id": zone_id, "record_name": name})
    target = [alias["AliasTarget"]["DNSName"]]
    others = [each for each in live if each["Type"] != alias["Type"] and not leads_to(each, target)]
    if others:
        change(account, zone_id, [*(_change("DELETE", each) for each in others), _change("UPSERT", alias)])


def records_of(account: AwsAccount, props: Mapping[str, Any]) -> list[RecordSet]:
    """The address records of a name."""
    name = props["record_name"]

    def of_the_name(answer: Mapping[str, Any]) -> list[RecordSet]:
        return [
            each
            for each in answer["ResourceRecordSets"]
            if name_in(each) == name and each["Type"] in ADDRESS_TYPES and "SetIdentifier" not in each
        ]

    where = {"HostedZoneId": props["zone_id"], "StartRecordName": name, "MaxItems": _MAX_LISTED}
    return account.call("route53", "list_resource_record_sets", of_the_name, **where)


def leads_to(record: RecordSet, hostnames: Sequence[str]) -> bool:
    """Whether a record is an alias of one of these load balancers."""
    target = str(record.get("AliasTarget", {}).get("DNSName", "")).rstrip(".").lower().removeprefix("dualstack.")
    return target in {each.rstrip(".").lower().removeprefix("dualstack.") for each in hostnames}


def change(account: AwsAccount, zone_id: str, changes: Sequence[Mapping[str, Any]]) -> None:
    """Makes changes in a zone, all or none."""
    batch = {"Changes": list(changes)}
    account.call("route53", "change_resource_record_sets", _change_id, HostedZoneId=zone_id, ChangeBatch=batch)


def _change(action: str, record: RecordSet) -> dict[str, Any]:
    return {"Action": action, "ResourceRecordSet": dict(record)}


def _change_id(answer: Mapping[str, Any]) -> str:
    return str(answer["ChangeInfo"]["Id"])


def _account(props: Mapping[str, Any]) -> AwsAccount:
    role = zones_role(props["role_arn"] or None, props["external_id"] or None)
    return aws_account(profile=props["profile"], region=props["region"], role=role)
