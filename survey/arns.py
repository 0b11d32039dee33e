"""ARNs in the settings: of the partition and the region that the stack is in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from settings.errors import Problem, SettingsError
from settings.model import Settings
from survey.aws import AwsAccount

_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):", re.ASCII)

_NO_REGION = "aws-"
"""Begins the name that botocore has for none: `aws-global`."""


def survey_arns(account: AwsAccount, settings: Settings) -> None:
    """Compares the ARNs with the region of the stack. That of ``certificateArn`` is looked up, and compared there.

    Args:
        account: the account and region of the load balancer.
        settings: of the stack.

    Raises:
        SettingsError: with all that lie elsewhere.
    """
    arns = [*_arns(settings)]
    if not arns or account.region.startswith(_NO_REGION):
        # That no region is set is told by what needs one.
        return
    problems = [
        Problem(key, arn, message)
        for key, arn in arns
        if (message := _elsewhere(arn, account.partition, account.region))
    ]
    if problems:
        raise SettingsError(problems)


def told_once(elsewhere: Sequence[Problem], others: Iterable[Problem]) -> list[Problem]:
    """All problems; but what lies elsewhere is not found here either, and is told as the former only."""
    keys = {problem.key for problem in elsewhere}
    return [*elsewhere, *(problem for problem in others if problem.key not in keys)]


def _arns(settings: Settings) -> Iterator[tuple[str, str]]:
    """The values that are ARNs, or have some, by the keys that they stand at."""
    for key, value in (
        ("loadBalancer", settings.load_balancer),
        ("listenerArn", settings.listener_arn),
        ("sshLoadBalancer", settings.ssh_load_balancer),
        ("hostedZoneRoleArn", settings.hosted_zone_role_arn),
    ):
        if value is not None and value.startswith("arn:"):
            yield key, value
    for name, value in settings.ingress_annotations.items():
        for arn in re.split(r"[\s,\"]+", value):
            if arn.startswith("arn:"):
                yield f"ingressAnnotations.{name}", arn


def _elsewhere(arn: str, partition: str, region: str) -> str | None:
    """What is wrong with where an ARN leads; None if nothing is."""
    found = _ARN.match(arn)
    if found is None:
        return None
    if found["partition"] != partition:
        return (
            f"is of the partition {found['partition']}, and aws:region, {region}, is of {partition}: nothing there "
            f"can be reached from here; write one that begins with arn:{partition}:"
        )
    if found["region"] not in ("", region):
        return f"is in {found['region']}, and the stack in {region}, by aws:region; write one of {region}"
    return None
