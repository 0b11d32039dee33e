"""What settings must agree on with each other, and with the releases in use."""

from __future__ import annotations

from collections.abc import Collection

from settings.errors import Problem
from settings.model import Settings
from settings.rules import (
    amounts,
    balancer,
    carried,
    dns,
    effects,
    ingress,
    names,
    places,
    quotas,
    releases,
    shapes,
    ssh,
    targets,
    templates,
    variables,
)

_BOOKS = (
    targets.RULES,
    places.RULES,
    dns.RULES,
    effects.RULES,
    amounts.RULES,
    balancer.RULES,
    names.RULES,
    releases.RULES,
    templates.RULES,
    quotas.RULES,
    variables.RULES,
    carried.RULES,
    ingress.RULES,
    shapes.RULES,
    ssh.RULES,
)


def broken_rules(settings: Settings, given: Collection[str], unknown: Collection[str] = ()) -> list[Problem]:
    """The problems of settings that are well-formed each for itself.

    `given` are the keys that the user wrote; `unknown` are those with values not to be relied on, since they have
    a problem of their own: rules that need them say nothing.
    """
    return [
        problem
        for book in _BOOKS
        for rule in book
        if rule.needs.isdisjoint(unknown)
        for problem in rule.check(settings, given)
    ]
