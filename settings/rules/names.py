"""Names and ports that have to differ, or to be those of the install."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from settings.errors import Problem
from settings.fields import applies, value_of
from settings.host_names import COMPOSE_BASES
from settings.model import Settings
from settings.rules.book import RuleBook
from settings.targets import TARGETS

RULES = RuleBook()

_DISTINCT: tuple[tuple[str, str, str], ...] = (
    ("serverName", "proxyName", "each has objects of its own"),
    ("tokenSecret", "oidcSecret", "each is a Secret of its own"),
    ("cronDeployment", "backendDeployment", "each is a Deployment of its own"),
    ("tunnelPort", "listenerPort", "the server listens at both"),
    ("managementPort", "listenerPort", "the server listens at both"),
    ("managementPort", "tunnelPort", "the server listens at both"),
    ("managementPort", "proxyPort", "the proxy listens at both"),
    ("cronService", "backendService", "each is a service of its own"),
    ("composeOverride", "composeFile", "each is a file of its own"),
)


def _register_distinct(key: str, other: str, reason: str) -> None:
    @RULES.needs(key, other)
    def _they_differ(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        value = value_of(settings, key)
        if value == value_of(settings, other):
            yield Problem(key, value, f"is {other} as well, and {reason}; write another one")


for _key, _other, _reason in _DISTINCT:
    _register_distinct(_key, _other, _reason)


@RULES.needs("composeOverride", "composeFile")
def _our_compose_file_does_not_stand_for_theirs(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    name, theirs = settings.compose_override, settings.compose_file
    if name in COMPOSE_BASES and name != theirs:
        yield Problem(
            "composeOverride",
            name,
            f"is a name that docker compose reads by itself in the place of {theirs}; write another one, for example "
            "docker-compose.studios.yml",
        )


_EDITED: Mapping[str, str] = {
    "backendConfigMap": "ConfigMap",
    "cronConfigMap": "ConfigMap",
    "towerYmlConfigMap": "ConfigMap",
    "backendDeployment": "Deployment",
    "cronDeployment": "Deployment",
}
"""Setting → the kind of the object that it names, and that the stack edits."""


@RULES.needs("target", "takeOver", *_EDITED)
def _only_changed_objects_are_taken_over(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for problem in taken_over_without_effect(settings):
        # A ConfigMap that is not named is found in the cluster: survey.platform asks again.
        if not (applies("backendConfigMap", settings.target) and str(problem.value).startswith("ConfigMap/")):
            yield problem


def taken_over_without_effect(settings: Settings) -> Iterator[Problem]:
    """The entries of `takeOver` that name an object which the stack does not change."""
    objects = (f"{kind}/{value_of(settings, key)}" for key, kind in _EDITED.items() if applies(key, settings.target))
    changed = dict.fromkeys((*objects, *TARGETS[settings.target].edited_files))
    for index, name in enumerate(settings.take_over):
        if name not in changed:
            yield Problem(
                f"takeOver[{index}]", name, f"is not changed by this stack; write one of {', '.join(changed)}"
            )


@RULES.needs("target", "proxyName", "serverName", "backendService", "cronService")
def _services_of_a_compose_file_differ(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if not applies("backendService", settings.target):
        return
    for key, name in (("proxyName", settings.proxy_name), ("serverName", settings.server_name)):
        if name in (settings.backend_service, settings.cron_service):
            yield Problem(key, name, "is a service of Platform as well; write another one")
