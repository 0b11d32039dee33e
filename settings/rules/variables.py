"""Variables that are passed on unchecked: not those that the program sets."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings.environment import owner_of_variable
from settings.errors import Problem
from settings.fields import value_of
from settings.marks import Place
from settings.model import Settings
from settings.rules.book import RuleBook
from settings.targets import TARGETS

RULES = RuleBook()

EXTRA: dict[str, Place] = {"proxyExtraEnv": "proxy", "serverExtraEnv": "server", "platformExtraEnv": "platform"}
"""Setting → the container that its variables are for."""


def _register_extra(key: str, place: Place) -> None:
    @RULES.needs(key)
    def _the_program_does_not_set_them(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        for name in value_of(settings, key):
            owner = owner_of_variable(name, place)
            if owner is not None:
                yield Problem(f"{key}.{name}", None, f"is set by the program, {owner}; remove it here")


for _key, _place in EXTRA.items():
    _register_extra(_key, _place)


@RULES.needs("target", "proxyExtraEnv", "serverExtraEnv")
def _one_file_has_each_variable_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if not TARGETS[settings.target].one_environment:
        return
    for name, value in settings.server_extra_env.items():
        if settings.proxy_extra_env.get(name, value) != value:
            yield Problem(
                f"serverExtraEnv.{name}",
                value,
                f"differs from proxyExtraEnv.{name}, {settings.proxy_extra_env[name]}, and proxy and server read one "
                "file with Docker Compose; write the same value",
            )
        elif owner_of_variable(name, "proxy") is not None:
            yield Problem(f"serverExtraEnv.{name}", None, "is set by the program for the proxy, in the same file")
