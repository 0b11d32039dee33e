"""``aws:route53``: records, and the lookup of their hosted zone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from testbed.plugins.aws.calls import from_tags, properties
from testbed.plugins.aws.schema import Argument, Arguments, Lookup, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties, ProviderError

#: How long Route 53 may take to bring a change to all its servers, in seconds.
_SYNC_TIMEOUT: Final = 30 * 60
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
_TYPES: Final = ("A", "AAAA", "CNAME")


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
    service = "route53"
    gone = ("NoSuchHostedZone",)
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
    regional = False

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """An alias has neither values nor a time to live."""
        if isinstance(inputs["type"], str) and inputs["type"] not in _TYPES:
            yield CheckFailure("type", f"this stand-in knows {', '.join(_TYPES)} only, not {inputs['type']}")
        if "aliases" in inputs:
            if isinstance(inputs["aliases"], list) and len(inputs["aliases"]) > 1:
                yield CheckFailure("aliases", "Too many list items: a record has one alias")
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
        found = _find(aws, known["zoneId"], _expanded(aws, known), known["type"])
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
            name, zone, health = plain_name(alias["DNSName"]), alias["HostedZoneId"], alias["EvaluateTargetHealth"]
            live["aliases"] = [{"name": name, "zoneId": zone, "evaluateTargetHealth": health}]
        else:
            live["ttl"] = int(found["TTL"])
            live["records"] = [item["Value"] for item in found["ResourceRecords"]]
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
        if live is not None:
            _change(aws, live["zoneId"], [_item("DELETE", _expanded(aws, live), live)], timeout)


class GetZone(Lookup):
    """``aws.route53.get_zone``."""

    qualified_name = "aws:route53/getZone:getZone"
    title = "Route 53 Hosted Zone"
    service = "route53"
    arguments: ClassVar[Arguments] = {
        "name": Argument("string"),
        "zoneId": Argument("string"),
        "privateZone": Argument("bool", default=False),
    }
    regional = False

    def find(self, aws: Aws, args: Properties) -> Properties:
        """Exactly one."""
        if ("name" in args) == ("zoneId" in args):
            raise ProviderError("one of `name,zoneId` must be specified, and only one")
        zones = [zone for page in aws.pages("list_hosted_zones") for zone in page["HostedZones"]]
        matches = [zone for zone in zones if _matches(zone, args)]
        if not matches:
            raise ProviderError("no matching Route 53 Hosted Zone found")
        if len(matches) > 1:
            raise ProviderError(
                "multiple Route 53 Hosted Zones matched; use additional constraints to reduce matches to a single "
                "Route 53 Hosted Zone"
            )
        zone_id = zone_of(matches[0]["Id"])
        found = aws.call("get_hosted_zone", Id=zone_id)
        tags = aws.call("list_tags_for_resource", ResourceType="hostedzone", ResourceId=zone_id)["ResourceTagSet"]
        return {
            **properties(found["HostedZone"]),
            "id": zone_id,
            "zoneId": zone_id,
            "arn": f"arn:{aws.session.partition}:route53:::hostedzone/{zone_id}",
            "name": plain_name(found["HostedZone"]["Name"]),
            "privateZone": found["HostedZone"]["Config"]["PrivateZone"],
            "nameServers": sorted((found.get("DelegationSet") or {}).get("NameServers") or []),
            "tags": aws.session.without_ignored(from_tags(tags["Tags"])),
        }


def _matches(zone: Mapping[str, Any], args: Properties) -> bool:
    if "zoneId" in args:
        return zone_of(zone["Id"]) == zone_of(args["zoneId"])
    is_private = zone["Config"]["PrivateZone"]
    return plain_name(zone["Name"]) == plain_name(args["name"]) and bool(is_private == args["privateZone"])


def _expanded(aws: Aws, record: Properties) -> str:
    """The full name: a program may leave the zone's own out."""
    zone = plain_name(aws.call("get_hosted_zone", Id=zone_of(record["zoneId"]))["HostedZone"]["Name"])
    name = plain_name(record["name"])
    if not name:
        return zone
    return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}"


def _find(aws: Aws, zone_id: str, name: str, type_: str) -> dict[str, Any] | None:
    start = {"StartRecordName": name, "StartRecordType": type_, "MaxItems": "1"}
    for found in aws.call("list_resource_record_sets", HostedZoneId=zone_of(zone_id), **start)["ResourceRecordSets"]:
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
        wanted["ResourceRecords"] = [{"Value": value} for value in record["records"]]
    return {"Action": action, "ResourceRecordSet": wanted}


def _change(aws: Aws, zone_id: str, changes: list[dict[str, Any]], timeout: float) -> None:
    batch = {"Comment": "Managed by Pulumi", "Changes": changes}
    answer = aws.insist(
        lambda: aws.call("change_resource_record_sets", HostedZoneId=zone_of(zone_id), ChangeBatch=batch),
        {"PriorRequestNotComplete"},
        timeout or _SYNC_TIMEOUT,
    )
    change = answer["ChangeInfo"]["Id"]
    aws.wait_for(
        lambda: True if aws.call("get_change", Id=change)["ChangeInfo"]["Status"] == "INSYNC" else None,
        timeout or _SYNC_TIMEOUT,
        lambda: f"waiting for synchronization: timeout while waiting for state to become 'INSYNC' (change {change})",
    )


def _parts_of(id: str) -> Properties:
    """Zone, name and type out of ``ZONE_name_TYPE``; the name may have underscores."""
    zone_id, _, rest = id.partition("_")
    name, _, type_ = rest.rpartition("_")
    if not (zone_id and name and type_):
        raise ProviderError(f"unexpected format for ID ({id}), expected ZONEID_RECORDNAME_TYPE")
    return {"zoneId": zone_id, "name": name, "type": type_}
