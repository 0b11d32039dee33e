"""The rights that docs/rbac.yml has and the survey asks for are those that the components need."""

from __future__ import annotations

from typing import Any

import pytest

from settings.parsing import parse_settings
from survey.rights import RULES, Right
from tests.unit.components.test_ssh import ON as SSH
from tests.unit.components.test_studios_on_kubernetes import MINIMUM, studios

#: What Pulumi's Kubernetes provider asks of an object that it makes.
VERBS = ("create", "delete", "get", "list", "patch", "watch")


def right_of(type_: str, verb: str) -> Right:
    _, version, kind = type_.split(":")
    group = version.rpartition("/")[0]
    name = kind.lower()
    plural = f"{name[:-1]}ies" if name.endswith("y") else f"{name}es" if name.endswith("s") else f"{name}s"
    return Right("" if group == "core" else group, plural, verb)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"networkPolicies": False},
        {"serviceMonitor": True, "managementPort": 9100, "platformVersion": "26.1", "connectVersion": "0.12.0"},
        {"ingress": "none"},
        {"existingTokenSecret": "our-token", "existingOidcSecret": "our-pem"},
        SSH,
    ],
    ids=str,
)
def test_the_rights_are_those_on_the_objects_that_a_stack_makes(changes: dict[str, Any]) -> None:
    types = {type_ for type_ in studios(**changes).types.values() if type_.startswith("kubernetes:")}
    asked = {right for rule in RULES for right in rule.rights(parse_settings(MINIMUM | changes))}
    assert {right_of(type_, verb) for type_ in types for verb in VERBS} <= asked
    assert {right for right in asked if right.verb in ("create", "delete")} == {
        right_of(type_, verb) for type_ in types for verb in ("create", "delete")
    }
