"""The records of a hosted zone, read name by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from settings import hosts
from survey.aws import AwsAccount
from survey.dns import HostedZone

ADDRESS_TYPES: Final = ("A", "AAAA", "CNAME")
_OF_ACM: Final = ".acm-validations.aws"
_MOST_OF_A_NAME: Final = 20
"""A name has rarely more records; where it has, as many are read as Route 53 lists at once."""
_MOST_OF_A_PAGE: Final = 300
_MOST_VALIDATIONS: Final = 100


@dataclass(frozen=True)
class Record:
    """The records of one name and type: ``targets`` are their values, or what an alias leads to.

    ``variant`` is what tells it from others of that name and type, by which a routing policy chooses; mostly "".
    """

    name: str
    type: str
    targets: tuple[str, ...]
    variant: str = ""
    is_alias: bool = False

    def __str__(self) -> str:
        return f"{self.type} {', '.join(self.targets)}"


class Listing:
    """Reads a zone name by name: a zone may have ten thousand records."""

    def __init__(self, account: AwsAccount, zone: HostedZone) -> None:
        self.account = account
        self.zone = zone
        self._read: dict[str, list[Record]] = {}

    def at(self, name: str) -> list[Record]:
        """The records of a name."""
        return [record for record in self._reading(name) if record.name == name]

    def first_within(self, name: str) -> Record | None:
        """A record at a name or below it, with which the name exists, and no wildcard answers for it."""
        first = next(iter(self._reading(name)), None)
        return first if first is not None and hosts.is_within(first.name, name) else None

    def answering(self, name: str) -> list[Record]:
        """The records with the addresses of a name: its own, or those of the wildcard that answers for it.

        A wildcard answers for names that don't exist, of any number of labels, up to the first name that exists:
        https://www.rfc-editor.org/rfc/rfc4592#section-3.3.1
        """
        if not name.startswith("*.") and self.first_within(name) is not None:
            return self.addresses(name)
        for above in map(hosts.parent_of, self.between(name)):
            wildcard = self.at(f"*.{above}")
            if wildcard or self.first_within(above) is not None:
                return [record for record in wildcard if record.type in ADDRESS_TYPES]
        return []

    def _reading(self, name: str) -> list[Record]:
        """The records from a name on, all of its own among them."""
        if name not in self._read:
            found = self._from(name, _MOST_OF_A_NAME)
            if len(found) == _MOST_OF_A_NAME and found[-1].name == name:
                found = self._from(name, _MOST_OF_A_PAGE)
            self._read[name] = found
        return self._read[name]

    def _from(self, name: str, most: int) -> list[Record]:
        """The records from a name on, in the zone's order."""
        return self.account.call(
            "route53",
            "list_resource_record_sets",
            _records_in,
            HostedZoneId=self.zone.id,
            StartRecordName=name,
            MaxItems=str(most),
        )

    def of_type(self, name: str, type_: str) -> list[Record]:
        """Those of a type."""
        return [record for record in self.at(name) if record.type == type_]

    def addresses(self, name: str) -> list[Record]:
        """Those that lead somewhere."""
        return [record for record in self.at(name) if record.type in ADDRESS_TYPES]

    def validations(self, domain: str) -> list[Record]:
        """The records by which ACM validates a domain, of this account's certificates or of others'."""
        found = self._from(f"_.{domain}", _MOST_VALIDATIONS)
        return [
            record
            for record in found
            if record.type == "CNAME"
            and record.name.startswith("_")
            and record.name.partition(".")[2] == domain
            and record.targets[0].endswith(_OF_ACM)
        ]

    def between(self, host: str) -> Iterator[str]:
        """The host and the names above it, below the zone's own."""
        name = host
        while name != self.zone.name and hosts.is_within(name, self.zone.name):
            yield name
            name = name.partition(".")[2]


def name_in(record_set: Mapping[str, Any]) -> str:
    """The name of a record set, as Route 53 describes it, as people write it."""
    return str(record_set["Name"]).rstrip(".").replace("\\052", "*").lower()


def _records_in(answer: Mapping[str, Any]) -> list[Record]:
    return [
        Record(
            name_in(each),
            each["Type"],
            tuple(value["Value"].rstrip(".") for value in each.get("ResourceRecords") or [])
            or (each["AliasTarget"]["DNSName"].rstrip("."),),
            each.get("SetIdentifier") or "",
            "AliasTarget" in each,
        )
        for each in answer["ResourceRecordSets"]
    ]
