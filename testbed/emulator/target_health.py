"""The health of targets as whoever carries the traffic measures it: moto takes each registered one for healthy."""

from __future__ import annotations

from typing import Any, Final

from moto.elbv2.models import FakeHealthStatus, FakeTargetGroup

_measured: dict[tuple[str, str, int], dict[str, Any]] = {}
_moto_health_for = FakeTargetGroup.health_for


def report(health: dict[str, Any]) -> None:
    """Takes down what was measured: ``group``, ``id``, ``port`` and ``state``, with ``reason`` and ``description``."""
    _measured[health["group"], health["id"], int(health["port"])] = health


def _health_for(group: FakeTargetGroup, target: dict[str, Any], ec2_backend: Any) -> FakeHealthStatus:
    found = _moto_health_for(group, target, ec2_backend)
    measured = _measured.get((group.arn, target["Id"], int(target.get("Port") or group.port)))
    if measured is None or found.status != "healthy":
        return found
    return FakeHealthStatus(
        found.instance_id,
        found.port,
        found.health_check_port,
        measured["state"],
        measured.get("reason"),
        measured.get("description"),
    )


#: What takes the place of moto's own: class, attribute, and its new value.
PATCHES: Final[tuple[tuple[type, str, Any], ...]] = ((FakeTargetGroup, "health_for", _health_for),)
