"""What an AWS account has to choose from where a setting names an instance, a load balancer or a listener.

The AWS provider finds no listener by its tags, and says of nothing what there is instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from survey import aws

_MOST = 10
"""As many are listed in a message; an account may have hundreds."""
_TAGS_OF_ONE_CALL = 20
"""The limit of elasticloadbalancing:DescribeTags."""

Tags = Mapping[str, str]


@dataclass(frozen=True)
class Choice:
    """One thing that a setting may name: how to write it, and its tags."""

    name: str
    tags: Tags

    def shown(self, keys: Iterable[str]) -> str:
        """With those of its tags that tell it from others: its name, and what was asked for."""
        told = ", ".join(f"{key}={self.tags[key]}" for key in dict.fromkeys(("Name", *keys)) if key in self.tags)
        return f"{self.name} ({told})" if told else self.name

    def has(self, wanted: Tags) -> bool:
        """Whether it has all of these tags."""
        return wanted.items() <= self.tags.items()


class Choices:
    """Reads an account, with the credentials of ``profile``, or of the environment."""

    def __init__(self, *, region: str | None, profile: str | None) -> None:
        self._region, self._profile = region, profile

    def instances(self) -> list[Choice]:
        """The running ones, by id."""
        running = [{"Name": "instance-state-name", "Values": ["running"]}]
        pages = self._client("ec2").get_paginator("describe_instances").paginate(Filters=running)
        return [
            Choice(instance["InstanceId"], _tags(instance))
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        ]

    def load_balancers(self) -> list[Choice]:
        """The application load balancers, by name."""
        elb = self._client("elbv2")
        pages = elb.get_paginator("describe_load_balancers").paginate()
        found = [each for page in pages for each in page["LoadBalancers"] if each["Type"] == "application"]
        tags = _tags_of(elb, [each["LoadBalancerArn"] for each in found])
        return [Choice(each["LoadBalancerName"], tags[each["LoadBalancerArn"]]) for each in found]

    def listeners(self, load_balancer: str) -> list[Choice]:
        """The HTTPS listeners of one, by ARN."""
        elb = self._client("elbv2")
        pages = elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=load_balancer)
        arns = [each["ListenerArn"] for page in pages for each in page["Listeners"] if each["Protocol"] == "HTTPS"]
        tags = _tags_of(elb, arns)
        return [Choice(arn, tags[arn]) for arn in arns]

    def _client(self, service: str) -> Any:
        return aws.client(service, profile=self._profile, region=self._region)


def listed(look: Callable[[], list[Choice]], what: str, keys: Iterable[str] = ()) -> str:
    """Continues a message that something is not there: what there is. Empty for who may not read that."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = look()
    except (BotoCoreError, ClientError):
        return ""
    if not found:
        return f"; there are no {what}s"
    shown = [each.shown(keys) for each in found[:_MOST]]
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return f"; the {what}s are {', '.join(shown)}{more}"


def _tags_of(elb: Any, arns: list[str]) -> dict[str, Tags]:
    found: dict[str, Tags] = {arn: {} for arn in arns}
    for start in range(0, len(arns), _TAGS_OF_ONE_CALL):
        answer = elb.describe_tags(ResourceArns=arns[start : start + _TAGS_OF_ONE_CALL])
        found |= {each["ResourceArn"]: _tags(each) for each in answer["TagDescriptions"]}
    return found


def _tags(described: Mapping[str, Any]) -> Tags:
    return {tag["Key"]: tag["Value"] for tag in described.get("Tags") or []}
