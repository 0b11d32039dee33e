"""Route 53 as AWS has it: a batch of changes is checked as a whole, then applied as a whole.

What moto lets pass and AWS refuses: a second record of the same name and type (moto compares the whole change with a
journal), names outside of the zone that merely end like it, a delete with other values, a CNAME beside other
records, and an alias with another hosted zone than the target's. AWS also returns ``*`` as ``\\052``.
"""

from __future__ import annotations

import re
import secrets
import string
from typing import Any, Final

from moto.elbv2.models import elbv2_backends
from moto.route53.exceptions import InvalidActionValue, Route53ClientError
from moto.route53.models import FakeZone, HostedZoneIdentifier, RecordSet, Route53Backend

from testbed.emulator import hosted_zones

_PLAIN = re.compile(r"[a-z0-9_.-]")
_ESCAPE = re.compile(r"\\([0-7]{3})")


class InvalidChangeBatchError(Route53ClientError):  # type: ignore[misc]  # moto has no types
    """AWS lists every fault of the batch in one pair of brackets."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("InvalidChangeBatch", f"[{', '.join(faults)}]")


def canonical_name(name: str) -> str:
    """A record's name as Route 53 stores it: lower case, a dot at the end, other characters as octal escapes."""
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), name).lower().rstrip(".")
    return "".join(char if _PLAIN.fullmatch(char) else f"\\{ord(char):03o}" for char in plain) + "."


def find_record(backend: Route53Backend, name: str, type_: str) -> RecordSet | None:
    """The record of this name and type that a resolver on the internet would find.

    It begins in the widest public zones, to which their registrars lead, and goes on where they delegate.
    """
    wanted = canonical_name(name)
    public = [zone for zone in backend.zones.values() if str(zone.private_zone).lower() != "true"]
    around = sorted((zone for zone in public if _is_within(wanted, zone)), key=lambda zone: len(zone.name))
    reached: list[FakeZone] = []
    for zone in around:
        above = [other for other in reached if canonical_name(other.name) != canonical_name(zone.name)]
        if not above or _delegates(above[-1], zone):
            reached.append(zone)
    asked = [zone for zone in reached if canonical_name(zone.name) == canonical_name(reached[-1].name)]
    found = (record for zone in asked for record in zone.rrsets)
    return next((each for each in found if canonical_name(each.name) == wanted and each.type == type_), None)


def _is_within(name: str, zone: FakeZone) -> bool:
    return f".{name}".endswith(f".{canonical_name(zone.name)}")


def _delegates(parent: FakeZone, child: FakeZone) -> bool:
    """Whether the parent names one of the name servers that the child has."""
    servers = [
        {canonical_name(value) for record in zone.rrsets if _is_delegation(record, child) for value in record.records}
        for zone in (parent, child)
    ]
    return bool(servers[0] & servers[1])


def _is_delegation(record: RecordSet, zone: FakeZone) -> bool:
    return record.type == "NS" and canonical_name(record.name) == canonical_name(zone.name)


def _change_resource_record_sets(backend: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]) -> None:
    zone = backend.get_hosted_zone(zoneid)
    records = list(zone.rrsets)
    faults: list[str] = []
    for change in change_list:
        action, wanted = change["Action"], change["ResourceRecordSet"]
        if action not in ("CREATE", "UPSERT", "DELETE"):
            raise InvalidActionValue(action)
        record = _record(wanted)
        fault = _fault(backend, zone, records, action, record)
        if fault:
            faults.append(fault)
            continue
        records = [other for other in records if _key(other) != _key(record)]
        if action != "DELETE":
            records.append(record)
    if faults:
        raise InvalidChangeBatchError(faults)
    zone.rrsets = records


def _record(wanted: dict[str, Any]) -> RecordSet:
    values = [item["Value"] for item in wanted.get("ResourceRecords") or []]
    record = {**wanted, "Name": canonical_name(wanted["Name"]), "ResourceRecords": values}
    if alias := wanted.get("AliasTarget"):
        record["AliasTarget"] = {**alias, "DNSName": canonical_name(alias["DNSName"])}
    return RecordSet(record)


def _key(record: RecordSet) -> tuple[str, str | None, str | None]:
    return canonical_name(record.name), record.type, record.set_identifier


def _fault(
    backend: Route53Backend, zone: FakeZone, records: list[RecordSet], action: str, record: RecordSet
) -> str | None:
    zone_name = canonical_name(zone.name)
    title = f"name='{record.name}', type='{record.type}'"
    current = next((other for other in records if _key(other) == _key(record)), None)
    if record.name != zone_name and not record.name.endswith(f".{zone_name}"):
        return f"RRSet with DNS name {record.name} is not permitted in zone {zone_name}"
    if action == "DELETE":
        return _delete_fault(zone_name, title, current, record)
    if action == "CREATE" and current:
        return f"Tried to create resource record set [{title}] but it already exists"
    if not record.alias_target and not record.records:
        return f"Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]] for [{title}]"
    if record.type == "CNAME" and record.name == zone_name:
        return f"RRSet of type CNAME with DNS name {record.name} is not permitted at apex in zone {zone_name}"
    if any(other.name == record.name and "CNAME" in (other.type, record.type) for other in records if other != current):
        return (
            f"RRSet of type {record.type} with DNS name {record.name} is not permitted because a conflicting RRSet "
            f"of the same DNS name already exists in zone {zone_name}"
        )
    return _alias_fault(backend, record) if record.alias_target else None


def _delete_fault(zone_name: str, title: str, current: RecordSet | None, record: RecordSet) -> str | None:
    if current is None:
        return f"Tried to delete resource record set [{title}] but it was not found"
    if record.name == zone_name and record.type in ("NS", "SOA"):
        return f"A HostedZone must contain at least one {record.type} record for the zone itself"
    if _content(current) != _content(record):
        return f"Tried to delete resource record set [{title}] but the values provided do not match the current values"
    return None


def _content(record: RecordSet) -> tuple[Any, ...]:
    alias = record.alias_target
    if alias:
        evaluate = str(alias.get("EvaluateTargetHealth", False)).lower()
        return canonical_name(alias["DNSName"]), alias["HostedZoneId"], evaluate
    return int(record.ttl or 0), sorted(record.records)


def _alias_fault(backend: Route53Backend, record: RecordSet) -> str | None:
    target, zone_id = canonical_name(record.alias_target["DNSName"]), record.alias_target["HostedZoneId"]
    words = f"Tried to create an alias that targets {target}, type {record.type} in zone {zone_id}, but "
    owner = _load_balancer_zone(target)
    if owner and owner != zone_id:
        return words + "the alias target name does not lie within the target zone"
    if not owner and zone_id in hosted_zones.IDS:
        return words + "that target was not found"
    zone = backend.zones.get(zone_id.removeprefix("/hostedzone/"))
    if zone and not any(canonical_name(other.name) == target and other.type == record.type for other in zone.rrsets):
        return words + "that target was not found"
    return None


def _load_balancer_zone(dns_name: str) -> str | None:
    """The zone of a load balancer, which may be in another account than the record."""
    wanted = dns_name.removeprefix("dualstack.").rstrip(".")
    for account in list(elbv2_backends.values()):
        for backend in account.values():
            for balancer in backend.load_balancers.values():
                if balancer.dns_name.lower() == wanted:
                    return str(balancer.canonical_hosted_zone_id)
    return None


_create_hosted_zone = Route53Backend.create_hosted_zone
_get_record_sets = FakeZone.get_record_sets


def _create_hosted_zone_plainly(backend: Route53Backend, *args: Any, **kwargs: Any) -> FakeZone:
    """As moto does, but for the value of the SOA record, which moto wraps twice."""
    zone = _create_hosted_zone(backend, *args, **kwargs)
    for record in zone.rrsets:
        record.name = canonical_name(record.name)
        record.records = [value["Value"] if isinstance(value, dict) else value for value in record.records]
    return zone


def _get_record_sets_escaped(zone: FakeZone, start_type: str, start_name: str) -> list[RecordSet]:
    """Lets a listing start at ``*.example.com`` as well as at ``\\052.example.com``."""
    found: list[RecordSet] = _get_record_sets(
        zone, start_type, canonical_name(start_name) if start_name else start_name
    )
    return found


def _zone_id(_identifier: HostedZoneIdentifier, *_: Any, **__: Any) -> str:
    """An id as AWS gives it, which begins with Z; moto's begins with anything."""
    return "Z" + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(20))


#: What takes the place of moto's own: class, attribute, and its new value.
PATCHES: Final[tuple[tuple[type, str, Any], ...]] = (
    (Route53Backend, "change_resource_record_sets", _change_resource_record_sets),
    (Route53Backend, "create_hosted_zone", _create_hosted_zone_plainly),
    (FakeZone, "get_record_sets", _get_record_sets_escaped),
    (HostedZoneIdentifier, "generate", _zone_id),
)
