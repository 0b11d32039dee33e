"""What the official provider waits for after it created or updated an object of a kind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from testbed.plugins.kubernetes import network, workloads
from testbed.plugins.kubernetes.kinds import Object
from testbed.plugins.kubernetes.metadata import SKIP_AWAIT, WAIT_FOR, annotation, is_annotated, pluck
from testbed.plugins.kubernetes.waiting import Waiter, timeout_of
from testbed.plugins.provider import ProviderError

Check = Callable[[Object], bool]

_JSON_PATH: Final = re.compile(r"jsonpath=\{?(?P<path>(?:\.[A-Za-z_]\w*|\[\d+\])+)\}?(?:=(?P<value>.*))?")
_CONDITION: Final = re.compile(r"condition=(?P<type>[^=]+)(?:=(?P<status>.+))?")
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")


def await_ready(waiter: Waiter, inputs: Object, live: Object, timeout: float) -> Object:
    """Returns the live object when it is ready, at once for kinds that have nothing to wait for.

    Raises:
        AwaitError: it isn't within the time that ``timeout`` (seconds, 0 for the default) or its annotation gives.
        ProviderError: its ``pulumi.com/waitFor`` annotation is not understood.
    """
    if is_annotated(inputs, SKIP_AWAIT):
        return live
    wanted = annotation(inputs, WAIT_FOR)
    if wanted:
        checks = [_parse(expression) for expression in _expressions(wanted)]
        return waiter.ready(
            live,
            lambda obj: all(check(obj) for check in checks),
            lambda _: [f"waiting for {wanted}"],
            timeout_of(inputs, timeout),
        )
    kind = (live["apiVersion"], live["kind"])
    for module in (workloads, network):
        if kind in module.AWAITED:
            awaited = module.AWAITED[kind](waiter.cluster)
            return waiter.ready(live, awaited.is_ready, awaited.explain, timeout_of(inputs, timeout))
    return live


def _expressions(wanted: str) -> list[str]:
    try:
        expressions = json.loads(wanted)
    except ValueError:
        return [wanted]
    if not isinstance(expressions, list) or not expressions:
        raise ProviderError(f"{WAIT_FOR}: at least one condition must be specified")
    return [str(expression) for expression in expressions]


def _parse(expression: str) -> Check:
    if match := _CONDITION.fullmatch(expression):
        return _condition(match["type"], match["status"] or "True")
    if match := _JSON_PATH.fullmatch(expression):
        return _json_path(match["path"], match["value"])
    raise ProviderError(
        f'{WAIT_FOR}: expected a "jsonpath=" or "condition=" prefix and, for the stand-in provider of the testbed, '
        f"a plain path such as jsonpath={{.status.phase}}=Running; got {expression!r}"
    )


def _condition(type: str, status: str) -> Check:
    def check(obj: Object) -> bool:
        conditions = pluck(obj, "status", "conditions") or ()
        return any(
            condition.get("type", "").lower() == type.lower() and condition.get("status", "").lower() == status.lower()
            for condition in conditions
        )

    return check


def _json_path(path: str, wanted: str | None) -> Check:
    steps: list[str | int] = [key or int(index) for key, index in _STEP.findall(path)]

    def check(obj: Object) -> bool:
        value: Any = obj
        for step in steps:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return False
        if wanted is None:
            return value is not None
        return wanted == (value if isinstance(value, str) else json.dumps(value))

    return check
