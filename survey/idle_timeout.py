"""How long Platform's load balancer leaves a quiet WebSocket open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from settings.balancers import IDLE_TIMEOUT
from settings.errors import Problem
from settings.model import Settings
from survey.aws import AwsAccount
from survey.aws_errors import AwsError


def check_idle_timeout(
    settings: Settings, account: AwsAccount, balancer: Mapping[str, Any], problems: list[Problem], warnings: list[str]
) -> None:
    """Warns where it is shorter than `idleTimeout`, with the command that corrects it.

    Args:
        settings: of the stack.
        account: the account and region of the load balancer.
        balancer: as AWS describes it.
        problems: gets what keeps it from being known.
        warnings: gets the warning.
    """
    arn, name, wanted = balancer["LoadBalancerArn"], balancer["LoadBalancerName"], settings.idle_timeout
    try:
        seconds = account.call("elbv2", "describe_load_balancer_attributes", _idle_timeout, LoadBalancerArn=arn)
    except AwsError as error:
        problems.append(Problem("loadBalancer", name, f"cannot be looked up: {error}"))
        return
    if seconds < wanted:
        warnings.append(
            f"The load balancer {name} cuts a WebSocket after {seconds} s without traffic, and idleTimeout is "
            f"{wanted} s: idle sessions lose their connection. "
            "It is not of this stack, so change it there: aws elbv2 modify-load-balancer-attributes "
            f"--load-balancer-arn {arn} --attributes Key={IDLE_TIMEOUT},Value={wanted}"
        )


def _idle_timeout(answer: Mapping[str, Any]) -> int:
    attributes = {each["Key"]: each["Value"] for each in answer["Attributes"]}
    return int(attributes[IDLE_TIMEOUT])
