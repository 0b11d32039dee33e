"""Target groups and rules as AWS has them, where moto takes anything.

AWS wants a health check's path to be one, and codes that can mean health; it lets rules change places in one call; and
it reports only those load balancers of a target group that still route to it.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from moto.elbv2.exceptions import (
    DuplicatePriorityError,
    DuplicateTargetGroupName,
    PriorityInUseError,
    RuleNotFoundError,
    ValidationError,
)
from moto.elbv2.models import ELBv2Backend, FakeTargetGroup, elbv2_backends

from testbed.emulator.once import once

_moto_create_target_group = ELBv2Backend.create_target_group
_moto_modify_target_group = ELBv2Backend.modify_target_group


def _create_target_group(backend: ELBv2Backend, name: str, **kwargs: Any) -> FakeTargetGroup:
    _validate_health_check(kwargs.get("healthcheck_path"), kwargs.get("matcher"))
    return _moto_create_target_group(backend, name, **kwargs)


def _target_group_of(backend: ELBv2Backend, asked: Mapping[str, Any]) -> FakeTargetGroup | None:
    return next((each for each in backend.target_groups.values() if each.name == asked["name"]), None)


def _modify_target_group(backend: ELBv2Backend, arn: str, *args: Any, **kwargs: Any) -> FakeTargetGroup:
    given = inspect.signature(_moto_modify_target_group).bind(backend, arn, *args, **kwargs).arguments
    codes = given.get("http_codes")
    _validate_health_check(given.get("health_check_path"), {"HttpCode": codes} if codes else None)
    return _moto_modify_target_group(backend, arn, *args, **kwargs)


def _validate_health_check(path: str | None, matcher: dict[str, str] | None) -> None:
    if path is not None and not path.startswith("/"):
        raise ValidationError(f"Health check path '{path}' must begin with a '/' character")
    codes = (matcher or {}).get("HttpCode", "")
    numbers = [number for number in re.split("[-,]", codes) if number]
    if any(not number.isdecimal() or not 200 <= int(number) <= 499 for number in numbers):
        raise ValidationError(f"Health check matcher HTTP code '{codes}' must be within '200-499' inclusive")


def _set_rule_priorities(backend: ELBv2Backend, rule_priorities: list[dict[str, Any]]) -> list[Any]:
    wanted = {each["RuleArn"]: each["Priority"] for each in rule_priorities}
    if twice := [priority for priority, count in Counter(wanted.values()).items() if count > 1]:
        raise DuplicatePriorityError(twice[0])
    moved = backend.describe_rules(listener_arn=None, rule_arns=list(wanted))
    if len(moved) < len(wanted):
        raise RuleNotFoundError()
    for rule in moved:
        listener = backend.describe_listeners(None, [rule.listener_arn])[0]
        if any(each.priority == wanted[rule.arn] for each in listener.rules.values() if each.arn not in wanted):
            raise PriorityInUseError()
    for rule in moved:
        rule.priority = wanted[rule.arn]
    return list(moved)


def _routing_load_balancers(target_group: FakeTargetGroup) -> list[str]:
    backend = elbv2_backends[target_group.account_id][target_group.region_name]
    return [
        balancer.arn
        for balancer in backend.load_balancers.values()
        if any(
            target_group.arn in backend._get_target_group_arns_from(action_data=action.data)
            for listener in balancer.listeners.values()
            for rule in listener.rules.values()
            for action in rule.actions
        )
    ]


def _ignore(target_group: FakeTargetGroup, arns: list[str]) -> None:
    """moto keeps a list that only ever grows."""


#: What takes the place of moto's own: class, attribute, and its new value.
PATCHES: Final[tuple[tuple[type, str, Any], ...]] = (
    (ELBv2Backend, "create_target_group", once(_create_target_group, _target_group_of, DuplicateTargetGroupName)),
    (ELBv2Backend, "modify_target_group", _modify_target_group),
    (ELBv2Backend, "set_rule_priorities", _set_rule_priorities),
    (FakeTargetGroup, "load_balancer_arns", property(_routing_load_balancers, _ignore)),
)
