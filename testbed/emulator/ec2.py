"""EC2 as AWS has it: moto loses the description of a rule with another security group as its source."""

from __future__ import annotations

from typing import Any, Final

from moto.ec2.models.security_groups import SecurityGroupRule


def _description(rule: SecurityGroupRule) -> str | None:
    # A change is kept beside the addresses, whatever the source is.
    found: str | None = rule.ip_range.get("Description") or rule.source_group.get("Description")
    return found


#: What takes the place of moto's own: class, attribute, and its new value.
PATCHES: Final[tuple[tuple[type, str, Any], ...]] = ((SecurityGroupRule, "description", property(_description)),)
