"""What a resolver on the internet, and the servers of a zone, answer: RFC 1034 with the wildcards of RFC 4592."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from testbed.traffic.account import Zone

NO_ERROR, NO_SUCH_NAME = "NOERROR", "NXDOMAIN"
_ALIAS_TTL = 60
_LONGEST_CHAIN = 8
#: Types of records that hold a name, which Route 53 keeps as it was written, with or without the dot at its end.
_LEADING = ("CNAME", "NS", "PTR")
_ESCAPE = re.compile(r"\\([0-7]{3})")

Addresses = Callable[[str], Sequence[str] | None]


@dataclass(frozen=True)
class RecordSet:
    """Records of one name and type, in the form of a zone file."""

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]


@dataclass
class Answer:
    """What comes back for one question."""

    code: str = NO_ERROR
    records: list[RecordSet] = field(default_factory=list)
    authority: list[RecordSet] = field(default_factory=list)
    authoritative: bool = False


def canonical(name: str) -> str:
    """A name in lower case with a dot at its end, and ``*`` for Route 53's ``\\052``."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), name).lower().rstrip(".") + "."


class Names:
    """Answers questions about the names of some zones, and of what lies outside of them.

    Args:
        zones: the public ones.
        outside: the addresses of a name that no zone has, such as a load balancer's; None where there is none.
    """

    def __init__(self, zones: Iterable[Zone], outside: Addresses) -> None:
        self._zones = [_Records(zone) for zone in zones]
        self._outside = outside

    def answer(self, name: str, type_: str) -> Answer:
        """What a question for the name gets, with CNAMEs followed as a resolver does."""
        found = Answer()
        wanted = canonical(name)
        for _ in range(_LONGEST_CHAIN):
            zone = self._zone_of(wanted)
            if zone is None:
                self._answer_outside(found, wanted, type_)
                return found
            found.authoritative = found.authoritative or not found.records
            entries = zone.entries(wanted)
            if entries is None:
                found.code, found.authority = NO_SUCH_NAME, zone.soa()
                return found
            records = [record for entry in entries for record in self._of_type(entry, wanted, type_)]
            found.records += records
            chained = next((record for record in records if record.type == "CNAME" != type_), None)
            if chained is None:
                if not records:
                    found.authority = zone.soa()
                return found
            wanted = canonical(chained.values[0])
        return found

    def _zone_of(self, name: str) -> _Records | None:
        """The zone that the delegations lead to, from the widest one on."""
        around = sorted((zone for zone in self._zones if zone.has(name)), key=lambda zone: len(zone.name))
        reached: _Records | None = None
        for zone in around:
            if reached is None or reached.delegates_to(zone):
                reached = zone
        return reached

    def _answer_outside(self, found: Answer, name: str, type_: str) -> None:
        addresses = self._outside(name)
        if addresses is None:
            found.code = NO_SUCH_NAME
        elif type_ == "A" and addresses:
            found.records.append(RecordSet(name, "A", _ALIAS_TTL, tuple(addresses)))

    def _of_type(self, entry: dict[str, Any], name: str, type_: str) -> Iterator[RecordSet]:
        if entry["Type"] not in (type_, "CNAME"):
            return
        if alias := entry.get("AliasTarget"):
            # Whoever asks sees the records of the target under the alias's own name.
            target = self.answer(alias["DNSName"], entry["Type"])
            values = tuple(v for each in target.records if each.type == entry["Type"] for v in each.values)
            if values:
                yield RecordSet(name, entry["Type"], _ALIAS_TTL, values)
            return
        values = tuple(each["Value"] for each in entry["ResourceRecords"])
        if entry["Type"] in _LEADING:
            values = tuple(canonical(value) for value in values)
        yield RecordSet(name, entry["Type"], int(entry["TTL"]), values)


class _Records:
    """One zone by names."""

    def __init__(self, zone: Zone) -> None:
        self.name = canonical(zone.name)
        self._by_name: dict[str, list[dict[str, Any]]] = {}
        for record in zone.records:
            self._by_name.setdefault(canonical(record["Name"]), []).append(record)
        # A name exists, without records, where a name below it has some (RFC 4592, 2.2.2).
        self._existing = {ancestor for name in self._by_name for ancestor in self._up_to_apex(name)}

    def _up_to_apex(self, name: str) -> Iterator[str]:
        while name.endswith(self.name):
            yield name
            if name == self.name:
                return
            name = name.partition(".")[2]

    def has(self, name: str) -> bool:
        return f".{name}".endswith(f".{self.name}")

    def delegates_to(self, other: _Records) -> bool:
        """Whether a server that this zone names for the other one is among the other one's own."""
        return other.name != self.name and bool(self._servers(other.name) & other._servers(other.name))

    def _servers(self, name: str) -> set[str]:
        sets = [record for record in self._by_name.get(name, []) if record["Type"] == "NS"]
        return {canonical(each["Value"]) for record in sets for each in record["ResourceRecords"]}

    def entries(self, name: str) -> list[dict[str, Any]] | None:
        """The records of a name, empty where it has none, and None where it doesn't exist."""
        if name in self._existing:
            return self._by_name.get(name, [])
        # Only the wildcard right below the closest name that exists is asked (RFC 4592, 3.3.1).
        closest = next(each for each in self._up_to_apex(name) if each in self._existing)
        return self._by_name.get(f"*.{closest}")

    def soa(self) -> list[RecordSet]:
        return [
            RecordSet(self.name, "SOA", int(record["TTL"]), tuple(each["Value"] for each in record["ResourceRecords"]))
            for record in self._by_name.get(self.name, [])
            if record["Type"] == "SOA"
        ]

    def name_servers(self) -> set[str]:
        return self._servers(self.name)


def name_servers(zones: Iterable[Zone]) -> set[str]:
    """The names of the servers of some zones."""
    return {server for zone in zones for server in _Records(zone).name_servers()}
