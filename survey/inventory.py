"""Reads an AWS account: what a setting that names an instance, a load balancer or a listener may choose from.

A message about something that does not exist lists what does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from survey.aws import AwsAccount
from survey.aws_errors import AwsError

_MAX_LISTED = 10
"""As many are listed in a message; an account may have hundreds."""
_TAGS_OF_ONE_CALL = 20
"""The limit of elasticloadbalancing:DescribeTags."""

Tags = Mapping[str, str]


@dataclass(frozen=True)
class Candidate:
    """One thing that a setting may name: how to write it, and its tags."""

    name: str
    tags: Tags

    def shown(self, keys: Iterable[str]) -> str:
        """With those of its tags that tell it from others: its name, and what was asked for."""
        told = ", ".join(f"{key}={self.tags[key]}" for key in dict.fromkeys(("Name", *keys)) if key in self.tags)
        return f"{self.name} ({told})" if told else self.name

    def has(self, tags: Tags) -> bool:
        """Whether it has all of these tags."""
        return tags.items() <= self.tags.items()


class Inventory:
    """Reads an account."""

    def __init__(self, account: AwsAccount) -> None:
        self._account = account

    def instances(self) -> list[Candidate]:
        """The running ones, by id.

        Raises:
            AwsError: they cannot be listed, as all lists of this class.
        """
        running = [{"Name": "instance-state-name", "Values": ["running"]}]
        found = self._account.pages("ec2", "describe_instances", "Reservations", instances_in, Filters=running)
        return [
            Candidate(instance["InstanceId"], tags_in(instance)) for reservation in found for instance in reservation
        ]

    def load_balancers(self) -> list[Candidate]:
        """The application load balancers, by name."""
        described = self._account.pages("elbv2", "describe_load_balancers", "LoadBalancers", _typed)
        found = {arn: name for arn, name, type_ in described if type_ == "application"}
        tags = self.tags_of(found)
        return [Candidate(name, tags[arn]) for arn, name in found.items()]

    def listeners(self, load_balancer: str) -> list[Candidate]:
        """The HTTPS listeners of one, by ARN."""
        described = self._account.pages(
            "elbv2", "describe_listeners", "Listeners", _listener, LoadBalancerArn=load_balancer
        )
        arns = [arn for arn, protocol in described if protocol == "HTTPS"]
        tags = self.tags_of(arns)
        return [Candidate(arn, tags[arn]) for arn in arns]

    def tags_of(self, arns: Iterable[str]) -> dict[str, Tags]:
        """The tags of load balancers or listeners, by ARN."""
        wanted = list(arns)
        found: dict[str, Tags] = {arn: {} for arn in wanted}
        for start in range(0, len(wanted), _TAGS_OF_ONE_CALL):
            some = wanted[start : start + _TAGS_OF_ONE_CALL]
            found |= self._account.call("elbv2", "describe_tags", _tags_by_arn, ResourceArns=some)
        return found


def listed(look: Callable[[], list[Candidate]], what: str, keys: Iterable[str] = ()) -> str:
    """Continues a message that something is not there: what there is. Empty for who may not read that."""
    try:
        found = look()
    except AwsError:
        return ""
    if not found:
        return f"; there are no {what}s"
    shown = [each.shown(keys) for each in found[:_MAX_LISTED]]
    more = f" and {len(found) - _MAX_LISTED} more" if len(found) > _MAX_LISTED else ""
    return f"; the {what}s are {', '.join(shown)}{more}"


def instances_in(reservation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The instances of one reservation, as EC2 describes them."""
    return list(reservation["Instances"])


def tags_in(described: Mapping[str, Any]) -> Tags:
    """The tags in what AWS says of one thing."""
    return {tag["Key"]: tag["Value"] for tag in described.get("Tags") or []}


def _typed(described: Mapping[str, Any]) -> tuple[str, str, str]:
    return described["LoadBalancerArn"], described["LoadBalancerName"], described["Type"]


def _listener(described: Mapping[str, Any]) -> tuple[str, str]:
    return described["ListenerArn"], described["Protocol"]


def _tags_by_arn(answer: Mapping[str, Any]) -> dict[str, Tags]:
    return {each["ResourceArn"]: tags_in(each) for each in answer["TagDescriptions"]}
