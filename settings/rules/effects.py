"""Settings that have no effect without another one, or beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings.balancers import IDLE_TIMEOUT
from settings.errors import Problem
from settings.fields import FIELDS, SECRET_KEYS, value_of
from settings.model import Settings
from settings.remedies import Remove, Retype, Write, without_effect
from settings.rules.book import RuleBook
from settings.types.text import fits_in_one_line

RULES = RuleBook()


_NEEDED: tuple[tuple[str, str], ...] = (
    ("redisTlsSkipVerify", "redisTls"),
    ("redisTlsSecret", "redisTls"),
    ("redisCaSecret", "redisTls"),
    ("loadBalancerGroupOrder", "loadBalancerGroup"),
    ("managementAuthKey", "managementPort"),
    ("proxyReadinessPath", "managementPort"),
    ("managementNamespace", "managementPort"),
    ("serviceMonitor", "managementPort"),
    ("managementNamespace", "networkPolicies"),
)
"""Setting, and the one without which it has no effect."""


def _register_needed(key: str, other: str) -> None:
    @RULES.needs(key, other)
    def _it_has_an_effect(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        value, needed = value_of(settings, key), value_of(settings, other)
        if value not in (None, False) and needed in (None, False):
            shown = None if key in SECRET_KEYS else getattr(value, "name", value)
            remedy = "that to true" if needed is False else "that"
            yield Problem(key, shown, f"has no effect without {other}; set {remedy}, or remove it")


for _key, _other in _NEEDED:
    _register_needed(_key, _other)


@RULES.needs("loadBalancerAttributes")
def _the_load_balancer_is_described_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    timeout = settings.load_balancer_attributes.get(IDLE_TIMEOUT)
    if timeout is not None:
        yield Problem(
            f"loadBalancerAttributes.{IDLE_TIMEOUT}",
            timeout,
            f"has a setting of its own; remove it here, and write: {Write('idleTimeout', timeout)}",
        )


def _register_secret(key: str) -> None:
    @RULES.needs(key)
    def _it_fits_into_a_variable(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        value = value_of(settings, key)
        if value is not None and not fits_in_one_line(value.get_secret_value()):
            yield Problem(key, None, f"has a line break or a control character; {Retype(key)}")


for _key in sorted(SECRET_KEYS):
    _register_secret(_key)


_OF_OUR_OWN: tuple[tuple[str, str], ...] = (
    ("tokenSecret", "existingTokenSecret"),
    ("tokenRotation", "existingTokenSecret"),
    ("oidcSecret", "existingOidcSecret"),
    ("rsaBits", "existingOidcSecret"),
    ("rsaRotation", "existingOidcSecret"),
)


@RULES.needs("existingOidc")
def _existing_credentials_are_not_rotated_here(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for key in ("rsaBits", "rsaRotation", "tokenRotation") if settings.existing_oidc else ():
        value = value_of(settings, key)
        if key in given and value != FIELDS[key].default:
            message = (
                "has no effect on the key and token that Platform has, which existingOidc keeps: "
                f"`{Remove(key)}`; to rotate, change them in Platform, then run `pulumi up`"
            )
            yield Problem(key, value, message)


@RULES.needs("existingTokenSecret", "existingOidcSecret")
def _an_existing_secret_is_kept_by_its_owner(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for key, existing in _OF_OUR_OWN:
        secret, value = value_of(settings, existing), value_of(settings, key)
        if secret is not None and key in given and value != FIELDS[key].default:
            yield Problem(key, value, without_effect(key, secret, existing))


@RULES.needs("existingTokenSecret", "existingTokenSecretKey", "existingOidcSecret", "existingOidcSecretKey")
def _a_key_needs_its_secret(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for existing in ("existingTokenSecret", "existingOidcSecret"):
        key = f"{existing}Key"
        value = value_of(settings, key)
        if key in given and value != FIELDS[key].default and value_of(settings, existing) is None:
            yield Problem(key, value, f"has no effect without {existing}; set {existing}, or remove it")
