"""Installs every rule that makes moto as strict as AWS."""

from __future__ import annotations

from testbed.emulator import acm, elbv2, route53


def apply() -> None:
    """Patches moto's classes, for this process and for good; doing it twice changes nothing."""
    route53.apply()
    elbv2.apply()
    acm.apply()
