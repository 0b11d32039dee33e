"""Which settings a target knows, which it needs, and what is named in one of two ways there."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings.errors import Problem
from settings.fields import FIELDS, applies, not_set, required_on, targets_of, value_of
from settings.model import Settings
from settings.rules.book import RuleBook
from settings.targets import TARGETS

RULES = RuleBook()

_ONE_OF: tuple[tuple[str, str, str, bool], ...] = (
    ("instanceId", "instanceTags", "the EC2 instance", True),
    ("loadBalancer", "loadBalancerTags", "the load balancer", True),
    ("listenerArn", "listenerTags", "the listener", False),
)
"""Two settings for one thing on their target, what it is, and whether it must be named."""


def missing_on_target(settings: Settings, given: Collection[str], unknown: Collection[str]) -> Iterator[Problem]:
    """The settings that the target needs and that were not written."""
    if "target" in unknown:
        return
    for key in required_on(settings.target):
        if key not in given and not value_of(settings, key):
            yield Problem(key, None, not_set(key))


def _register_of_another_target(key: str, owners: Collection[str]) -> None:
    @RULES.needs("target", key)
    def _it_is_for_another_target(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        # A key that holds its default says nothing: the engine hands those over as if they had been written.
        value = value_of(settings, key)
        if settings.target not in owners and key in given and value != FIELDS[key].default:
            owner = " and ".join(owners)
            yield Problem(key, value, f"is for target {owner}, and target is {settings.target}; remove it")


for _key in FIELDS:
    if set(_owners := targets_of(_key)) != set(TARGETS):
        _register_of_another_target(_key, _owners)


def _register_one_of(key: str, other: str, what: str, *, must: bool) -> None:
    @RULES.needs("target", key, other)
    def _it_is_named_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        if not applies(key, settings.target):
            return
        values = [value_of(settings, key), value_of(settings, other)]
        if None not in values:
            yield Problem(key, values[0], f"names {what} a second time; remove it or {other}")
        if must and values == [None, None]:
            yield Problem(key, None, not_set(key, f", and {other} neither"))


for _first, _second, _what, _must in _ONE_OF:
    _register_one_of(_first, _second, _what, must=_must)
