"""Settings that have no effect without another one, or beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings.errors import Problem
from settings.fields import FIELDS, SECRET_KEYS, value_of
from settings.model import Settings
from settings.remedies import Retype, Write
from settings.rules.book import RuleBook
from settings.types.text import fits_in_one_line

RULES = RuleBook()


@RULES.needs("redisTls", "redisTlsSkipVerify", "redisTlsSecret")
def _redis_options_of_tls_need_tls(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.redis_tls:
        return
    if settings.redis_tls_skip_verify:
        yield Problem("redisTlsSkipVerify", True, "has no effect without TLS; set redisTls to true, or remove it")
    if settings.redis_tls_secret is not None:
        yield Problem(
            "redisTlsSecret", settings.redis_tls_secret, "has no effect without TLS; set redisTls to true, or remove it"
        )


@RULES.needs("loadBalancerGroup", "loadBalancerGroupOrder", "loadBalancerAttributes")
def _the_load_balancer_is_described_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.load_balancer_group_order is not None and settings.load_balancer_group is None:
        yield Problem(
            "loadBalancerGroupOrder",
            settings.load_balancer_group_order,
            "has no effect without a group; set loadBalancerGroup, or remove it",
        )
    timeout = settings.load_balancer_attributes.get("idle_timeout.timeout_seconds")
    if timeout is not None:
        yield Problem(
            "loadBalancerAttributes.idle_timeout.timeout_seconds",
            timeout,
            f"has a setting of its own; remove it here, and write: {Write('idleTimeout', '<seconds>')}",
        )


def _register_secret(key: str) -> None:
    @RULES.needs(key)
    def _it_fits_into_a_variable(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        value = value_of(settings, key)
        if value is not None and not fits_in_one_line(value.get_secret_value()):
            yield Problem(key, None, f"has a line break or a control character; {Retype(key)}")


for _key in sorted(SECRET_KEYS):
    _register_secret(_key)


@RULES.needs("managementPort", "managementAuthKey")
def _a_management_key_needs_its_port(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.management_auth_key is not None and settings.management_port is None:
        yield Problem("managementAuthKey", None, "has no effect without managementPort; set that, or remove it")


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
            yield Problem(key, value, "has no effect on the key and token that Platform has; remove it or existingOidc")


@RULES.needs("existingTokenSecret", "existingOidcSecret")
def _an_existing_secret_is_kept_by_its_owner(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for key, existing in _OF_OUR_OWN:
        secret, value = value_of(settings, existing), value_of(settings, key)
        if secret is not None and key in given and value != FIELDS[key].default:
            yield Problem(key, value, f"has no effect on the Secret {secret}; remove it or {existing}")


@RULES.needs("existingTokenSecret", "existingTokenSecretKey", "existingOidcSecret", "existingOidcSecretKey")
def _a_key_needs_its_secret(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for existing in ("existingTokenSecret", "existingOidcSecret"):
        key = f"{existing}Key"
        value = value_of(settings, key)
        if key in given and value != FIELDS[key].default and value_of(settings, existing) is None:
            yield Problem(key, value, f"has no effect without {existing}; set {existing}, or remove it")


@RULES.needs("proxyReadinessPath", "managementPort")
def _a_readiness_path_needs_its_port(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.proxy_readiness_path is not None and settings.management_port is None:
        yield Problem(
            "proxyReadinessPath",
            settings.proxy_readiness_path,
            "has no effect without managementPort; set that, or remove it",
        )


@RULES.needs("managementNamespace", "managementPort", "networkPolicies")
def _a_management_namespace_needs_its_port_and_policies(
    settings: Settings, given: Collection[str]
) -> Iterator[Problem]:
    if settings.management_namespace is None:
        return
    if settings.management_port is None:
        yield Problem(
            "managementNamespace",
            settings.management_namespace,
            "has no effect without managementPort; set that, or remove it",
        )
    if not settings.network_policies:
        yield Problem(
            "managementNamespace",
            settings.management_namespace,
            "has no effect without networkPolicies; set that to true, or remove it",
        )
