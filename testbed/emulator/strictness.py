"""All the rules that make moto as strict as AWS."""

from __future__ import annotations

from typing import Final

from testbed.emulator import acm, ec2, elbv2, elbv2_routing, route53, secretsmanager, ssm, target_health

PATCHES: Final = (
    *route53.PATCHES,
    *elbv2.PATCHES,
    *elbv2_routing.PATCHES,
    *target_health.PATCHES,
    *acm.PATCHES,
    *ec2.PATCHES,
    *ssm.PATCHES,
    *secretsmanager.PATCHES,
)


def apply() -> None:
    """Patches moto's classes, for this process and for good; doing it twice changes nothing."""
    for owner, name, value in PATCHES:
        setattr(owner, name, value)
