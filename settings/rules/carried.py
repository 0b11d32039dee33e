"""What pods and objects carry beside what the program gives them: nothing that contradicts it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings.errors import Problem
from settings.fields import value_of
from settings.labels import APP, INSTANCE, PART_OF
from settings.model import Settings
from settings.mounts import CHECKSUM_ANNOTATION
from settings.rules.book import RuleBook

RULES = RuleBook()


def _register_labels(key: str) -> None:
    @RULES.needs(key)
    def _ours_stay(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        for name, value in value_of(settings, key).items():
            if name in (APP, PART_OF, INSTANCE):
                yield Problem(f"{key}.{name}", value, "is a label that the program sets itself; remove it here")


for _key in ("podLabels", "labels"):
    _register_labels(_key)


@RULES.needs("podAnnotations")
def _the_checksum_stays(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if CHECKSUM_ANNOTATION in settings.pod_annotations:
        yield Problem(
            f"podAnnotations.{CHECKSUM_ANNOTATION}",
            None,
            "is an annotation that the program sets itself; remove it here",
        )


@RULES.needs("redisPassword", "redisPasswordSecret")
def _the_password_of_redis_is_given_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.redis_password is not None and settings.redis_password_secret is not None:
        yield Problem(
            "redisPasswordSecret",
            settings.redis_password_secret.name,
            "gives the password of Redis a second time; remove it or redisPassword",
        )


@RULES.needs("redisTls", "redisTlsSkipVerify", "redisCaSecret")
def _a_ca_of_redis_verifies_its_certificate(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.redis_ca_secret is not None and settings.redis_tls_skip_verify and settings.redis_tls:
        name = settings.redis_ca_secret.name
        yield Problem("redisCaSecret", name, "has no effect beside redisTlsSkipVerify; remove one of them")
