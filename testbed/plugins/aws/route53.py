"""``aws:route53``: records, and the lookup of their hosted zone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from botocore.exceptions import ClientError

from testbed.plugins.aws import tagging
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, Lookup, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties, ProviderError

#: How long Route 53 may take to bring a change to all its servers, in seconds.
_SYNC_TIMEOUT: Final = 30 * 60
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
_TYPES: Final = (
    "A",
    "AAAA",
    "CAA",
    "CNAME",
    "DS",
    "HTTPS",
    "MX",
    "NAPTR",
    "NS",
    "PTR",
    "SOA",
    "SPF",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
    "TXT",
)


def plain_name(name: str) -> str:
    """A name as people write it: lower case, no dot at the end, ``*`` for ``\\052``."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), name).rstrip(".").lower()


def zone_of(zone_id: str) -> str:
    """The bare id, without ``/hostedzone/``."""
    return zone_id.rsplit("/", 1)[-1]


def _alias_form(aliases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**alias, "name": plain_name(str(alias.get("name"))).removeprefix("dualstack.")} for alias in aliases]


class Record(ResourceType):
    """A simple record or an alias; records with a routing policy are not among what the testbed needs."""

    qualified_name = "aws:route53/record:Record"
    title = "Route 53 Record"
    arguments: ClassVar[Arguments] = {
        "zoneId": Argument("string", required=True, replaces=True, same=zone_of),
        "name": Argument("string", required=True, replaces=True, same=plain_name),
        "type": Argument("string", required=True),
        "ttl": Argument("int"),
        "records": Argument("list", unordered=True),
        "aliases": Argument(
            "list",
            same=_alias_form,
            fields={
                "name": Argument("string", required=True),
                "zoneId": Argument("string", required=True),
                "evaluateTargetHealth": Argument("bool", required=True),
            },
        ),
        "allowOverwrite": Argument("bool", computed=True, local=True),
    }
    attributes = frozenset({"fqdn"})
    missing = frozenset(
        {
            "cidrRoutingPolicy",
            "failoverRoutingPolicies",
            "geolocationRoutingPolicies",
            "geoproximityRoutingPolicy",
            "healthCheckId",
            "latencyRoutingPolicies",
            "multivalueAnswerRoutingPolicy",
            "setIdentifier",
            "weightedRoutingPolicies",
        }
    )
    regional = False

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """An alias has neither values nor a time to live."""
        if isinstance(inputs["type"], str) and inputs["type"] not in _TYPES:
            yield CheckFailure("type", f"expected type to be one of {list(_TYPES)}, got {inputs['type']}")
        if "aliases" in inputs:
            for other in ("records", "ttl"):
                if other in inputs:
                    yield CheckFailure(
                        "aliases", f'Conflicting configuration arguments: "aliases": conflicts with {other}'
                    )
        elif "records" not in inputs:
            yield CheckFailure(
                "aliases", 'Invalid combination of arguments: "aliases": one of `aliases,records` must be specified'
            )
        elif "ttl" not in inputs:
            yield CheckFailure(
                "records", 'Missing required argument: "records": all of `records,ttl` must be specified'
            )

    def label(self, inputs: Properties) -> str:
        """None: AWS' own message names the record."""
        return ""

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """CREATE, which fails if there is one; UPSERT with ``allowOverwrite``."""
        action = "UPSERT" if inputs.get("allowOverwrite") else "CREATE"
        name = _expanded(aws, inputs)
        _change(aws, inputs["zoneId"], [_item(action, name, inputs)], timeout)
        return f"{zone_of(inputs['zoneId'])}_{plain_name(inputs['name'])}_{inputs['type']}"

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """By zone, name and type: from the state, or on an import from the id."""
        known = state if state.get("zoneId") else _parts_of(id)
        try:
            name = _expanded(aws, known)
            found = _find(aws, known["zoneId"], name, known["type"])
        except ClientError as error:
            if code_of(error) == "NoSuchHostedZone":
                return None
            raise
        if found is None:
            return None
        live: Properties = {
            "zoneId": known["zoneId"],
            "name": known["name"],
            "type": found["Type"],
            "fqdn": plain_name(found["Name"]),
            "allowOverwrite": bool(known.get("allowOverwrite")),
        }
        if alias := found.get("AliasTarget"):
            live["aliases"] = [
                {
                    "name": plain_name(alias["DNSName"]),
                    "zoneId": alias["HostedZoneId"],
                    "evaluateTargetHealth": alias["EvaluateTargetHealth"],
                }
            ]
        else:
            live["ttl"] = int(found["TTL"])
            live["records"] = [_unquoted(found["Type"], item["Value"]) for item in found["ResourceRecords"]]
        return live

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """UPSERT; another type is a delete and a create in one batch."""
        name = _expanded(aws, new)
        changes = [_item("UPSERT", name, new)]
        if old["type"] != new["type"]:
            changes.insert(0, _item("DELETE", name, old))
        _change(aws, new["zoneId"], changes, timeout)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """With the values that it has now: Route 53 wants them repeated."""
        live = self.read(aws, id, state)
        if live is None:
            return
        try:
            _change(aws, live["zoneId"], [_item("DELETE", _expanded(aws, live), live)], timeout)
        except ClientError as error:
            if code_of(error) == "NoSuchHostedZone" or "but it was not found" in str(error):
                return
            raise


class GetZone(Lookup):
    """``aws.route53.get_zone``."""

    qualified_name = "aws:route53/getZone:getZone"
    title = "Route 53 Hosted Zone"
    arguments: ClassVar[Arguments] = {
        "name": Argument("string"),
        "zoneId": Argument("string"),
        "privateZone": Argument("bool", default=False),
        "vpcId": Argument("string"),
        "tags": Argument("map"),
        "enableAcceleratedRecovery": Argument("bool"),
    }
    regional = False

    def find(self, aws: Aws, args: Properties) -> Properties:
        """Exactly one."""
        if ("name" in args) == ("zoneId" in args):
            raise ProviderError("one of `name,zoneId` must be specified, and only one")
        matches = [zone for zone in self._candidates(aws, args) if self._matches(aws, zone, args)]
        if not matches:
            raise ProviderError("no matching Route 53 Hosted Zone found")
        if len(matches) > 1:
            raise ProviderError(
                "multiple Route 53 Hosted Zones matched; use additional constraints to reduce matches to a single "
                "Route 53 Hosted Zone"
            )
        return self._answer(aws, matches[0], args)

    @staticmethod
    def _candidates(aws: Aws, args: Properties) -> Iterator[dict[str, Any]]:
        private = args["privateZone"] or "vpcId" in args
        for page in aws.client("route53").get_paginator("list_hosted_zones").paginate():
            for zone in page["HostedZones"]:
                if "zoneId" in args:
                    wanted = zone_of(zone["Id"]) == zone_of(args["zoneId"])
                else:
                    same_name = plain_name(zone["Name"]) == plain_name(args["name"])
                    wanted = same_name and zone["Config"]["PrivateZone"] == private
                if wanted:
                    yield zone

    @staticmethod
    def _matches(aws: Aws, zone: Mapping[str, Any], args: Properties) -> bool:
        if "vpcId" in args:
            vpcs = aws.client("route53").get_hosted_zone(Id=zone["Id"]).get("VPCs") or []
            if args["vpcId"] not in (vpc["VPCId"] for vpc in vpcs):
                return False
        return (args.get("tags") or {}).items() <= _zone_tags(aws, zone["Id"]).items()

    @staticmethod
    def _answer(aws: Aws, zone: Mapping[str, Any], args: Properties) -> Properties:
        zone_id = zone_of(zone["Id"])
        detail = aws.client("route53").get_hosted_zone(Id=zone_id)
        servers = sorted((detail.get("DelegationSet") or {}).get("NameServers") or [])
        answer: Properties = {
            "id": zone_id,
            "zoneId": zone_id,
            "arn": f"arn:{aws.session.partition}:route53:::hostedzone/{zone_id}",
            "name": plain_name(zone["Name"]),
            "callerReference": zone.get("CallerReference", ""),
            "comment": zone["Config"].get("Comment", ""),
            "privateZone": zone["Config"]["PrivateZone"],
            "resourceRecordSetCount": zone.get("ResourceRecordSetCount", 0),
            "linkedServiceDescription": "",
            "linkedServicePrincipal": "",
            "nameServers": servers,
            "primaryNameServer": _primary(aws, zone, servers),
            "tags": aws.session.without_ignored(_zone_tags(aws, zone_id)),
            "enableAcceleratedRecovery": False,
        }
        return {**answer, "vpcId": args["vpcId"]} if "vpcId" in args else answer


def _primary(aws: Aws, zone: Mapping[str, Any], servers: list[str]) -> str:
    found = _find(aws, zone["Id"], plain_name(zone["Name"]), "NS")
    values = [item["Value"].rstrip(".") for item in (found or {}).get("ResourceRecords") or []]
    return next(iter([*values, *servers]), "")


def _zone_tags(aws: Aws, zone_id: str) -> dict[str, str]:
    answer = aws.client("route53").list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_of(zone_id))
    return tagging.to_dict(answer["ResourceTagSet"]["Tags"])


def _expanded(aws: Aws, record: Properties) -> str:
    """The full name: a program may leave the zone's own out."""
    zone = plain_name(aws.client("route53").get_hosted_zone(Id=zone_of(record["zoneId"]))["HostedZone"]["Name"])
    name = plain_name(record["name"])
    if not name:
        return zone
    return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}"


def _find(aws: Aws, zone_id: str, name: str, type_: str) -> dict[str, Any] | None:
    answer = aws.client("route53").list_resource_record_sets(
        HostedZoneId=zone_of(zone_id), StartRecordName=name, StartRecordType=type_, MaxItems="1"
    )
    for found in answer["ResourceRecordSets"]:
        if plain_name(found["Name"]) == name and found["Type"] == type_:
            return dict(found)
    return None


def _item(action: str, name: str, record: Properties) -> dict[str, Any]:
    wanted: dict[str, Any] = {"Name": name, "Type": record["type"]}
    if aliases := record.get("aliases"):
        wanted["AliasTarget"] = {
            "DNSName": aliases[0]["name"],
            "HostedZoneId": aliases[0]["zoneId"],
            "EvaluateTargetHealth": aliases[0]["evaluateTargetHealth"],
        }
    else:
        wanted["TTL"] = record["ttl"]
        wanted["ResourceRecords"] = [{"Value": _quoted(record["type"], value)} for value in record["records"]]
    return {"Action": action, "ResourceRecordSet": wanted}


def _change(aws: Aws, zone_id: str, changes: list[dict[str, Any]], timeout: float) -> None:
    client = aws.client("route53")
    answer = aws.insist(
        lambda: client.change_resource_record_sets(
            HostedZoneId=zone_of(zone_id), ChangeBatch={"Comment": "Managed by Pulumi", "Changes": changes}
        ),
        {"PriorRequestNotComplete"},
        timeout or _SYNC_TIMEOUT,
    )
    change = answer["ChangeInfo"]["Id"]
    aws.wait_for(
        lambda: True if client.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC" else None,
        timeout or _SYNC_TIMEOUT,
        lambda: f"waiting for synchronization: timeout while waiting for state to become 'INSYNC' (change {change})",
    )


def _quoted(type_: str, value: str) -> str:
    return f'"{value}"' if type_ in ("TXT", "SPF") and not value.startswith('"') else value


def _unquoted(type_: str, value: str) -> str:
    return value[1:-1] if type_ in ("TXT", "SPF") and value.startswith('"') else value


def _parts_of(id: str) -> Properties:
    """Zone, name and type out of ``ZONE_name_TYPE``; the name may have underscores."""
    zone_id, _, rest = id.partition("_")
    name, _, type_ = rest.rpartition("_")
    if not (zone_id and name and type_):
        raise ProviderError(f"unexpected format for ID ({id}), expected ZONEID_RECORDNAME_TYPE")
    return {"zoneId": zone_id, "name": name, "type": type_}
