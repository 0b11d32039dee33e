"""What settings must agree on with each other, and with the releases in use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from pydantic.alias_generators import to_snake

from settings import hosts, images
from settings.environment import REDIS_TLS_MOUNT
from settings.errors import Problem
from settings.model import Settings
from settings.resources import ResourceName, bytes_or_cores, problem_of
from settings.targets import COMPOSE, wrong_for_target
from settings.templates import connect_of, r_ide_tool
from settings.types import fits_in_one_line
from settings.versions import SINCE, SUPPORTED_EARLIER_MINORS, Version, default_connect_version

Check = Callable[[Settings, Collection[str]], Iterator[Problem]]


@dataclass(frozen=True)
class Rule:
    """A check of settings against each other, and the keys without which it says nothing."""

    needs: frozenset[str]
    check: Check


RULES: list[Rule] = []

LONGEST_COMMON_NAME = 64
"""RFC 5280's limit of a certificate's common name, which ACM takes from the first domain."""

LONGEST_PLATFORM_HOST = 253 - 64
"""DNS's limit of a name, less a session's label and its dot."""


def _rule(*needs: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        RULES.append(Rule(frozenset(needs), check))
        return check

    return register


def broken_rules(settings: Settings, given: Collection[str], unknown: Collection[str] = ()) -> list[Problem]:
    """The problems of settings that are well-formed each for itself.

    `given` are the keys that the user wrote; `unknown` are those whose values are not to be relied on, since they have
    a problem of their own: rules that need them say nothing.
    """
    problems = list(wrong_for_target(settings, given, unknown))
    for rule in RULES:
        if rule.needs.isdisjoint(unknown):
            problems += rule.check(settings, given)
    return problems


@_rule("platformUrl", "connectUrl")
def _connect_url_is_a_first_level_subdomain(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    wanted = f"https://connect.{settings.platform_host}"
    if not hosts.is_first_level_subdomain(settings.connect_host, settings.platform_host):
        yield Problem(
            "connectUrl",
            settings.connect_url,
            f"is no first-level subdomain of {settings.platform_host}, the host of platformUrl; write {wanted}",
        )
    elif hosts.port_of(settings.connect_url) is not None:
        yield Problem(
            "connectUrl",
            settings.connect_url,
            f"has a port, and the load balancer listens at 443; write https://{settings.connect_host}",
        )


@_rule("platformUrl", "certificateArn")
def _certificate_and_sessions_have_room_for_their_names(
    settings: Settings, given: Collection[str]
) -> Iterator[Problem]:
    length = len(settings.platform_host)
    if length > LONGEST_PLATFORM_HOST:
        yield Problem(
            "platformUrl",
            settings.platform_url,
            f"has a host of {length} characters, and the hosts of sessions, under it, would be longer than DNS allows; "
            f"write one of {LONGEST_PLATFORM_HOST} or fewer",
        )
    elif length > LONGEST_COMMON_NAME and settings.certificate_arn is None:
        yield Problem(
            "platformUrl",
            settings.platform_url,
            f"has a host of {length} characters, and ACM makes certificates for {LONGEST_COMMON_NAME} or fewer; "
            "write the ARN of a certificate that you have in certificateArn",
        )


@_rule("hostedZone", "hostedZoneId")
def _the_hosted_zone_is_named_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.hosted_zone is not None and settings.hosted_zone_id is not None:
        yield Problem("hostedZoneId", settings.hosted_zone_id, "names the zone a second time; remove it or hostedZone")
    if settings.hosted_zone is None and settings.hosted_zone_id is None:
        yield Problem(
            "hostedZone",
            None,
            "is not set; write the Route 53 zone that Platform's host is in: pulumi config set hostedZone "
            f"{settings.platform_host}",
        )


@_rule("hostedZone", "platformUrl")
def _the_hosted_zone_holds_the_platform(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    zone, host = settings.hosted_zone, settings.platform_host
    if zone is not None and not hosts.is_within(host, zone):
        yield Problem(
            "hostedZone", zone, f"does not hold {host}, the host of platformUrl; write {host} or a parent of it"
        )


@_rule("eksCluster", "kubeconfig", "kubeContext")
def _the_cluster_is_named_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.eks_cluster is None:
        return
    for key, value in (("kubeconfig", settings.kubeconfig), ("kubeContext", settings.kube_context)):
        if value is not None:
            yield Problem(key, value, f"names another way to the cluster than eksCluster; remove {key} or eksCluster")


@_rule("redisTls", "redisTlsSkipVerify", "redisTlsSecret")
def _redis_options_of_tls_need_tls(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.redis_tls:
        return
    if settings.redis_tls_skip_verify:
        yield Problem("redisTlsSkipVerify", True, "has no effect without TLS; set redisTls to true, or remove it")
    if settings.redis_tls_secret is not None:
        yield Problem(
            "redisTlsSecret", settings.redis_tls_secret, "has no effect without TLS; set redisTls to true, or remove it"
        )


@_rule("loadBalancerGroup", "loadBalancerGroupOrder", "loadBalancerAttributes")
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
            "has a setting of its own; remove it here, and write: pulumi config set idleTimeout <seconds>",
        )


def _register_secret(key: str) -> None:
    @_rule(key)
    def _it_fits_into_a_variable(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        value = getattr(settings, to_snake(key))
        if value is not None and not fits_in_one_line(value.get_secret_value()):
            yield Problem(
                key, None, f"has a line break or a control character; write: pulumi config set --secret {key}"
            )


for _key in ("redisPassword", "managementAuthKey"):
    _register_secret(_key)


@_rule("managementPort", "managementAuthKey")
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


@_rule("existingTokenSecret", "existingOidcSecret")
def _an_existing_secret_is_kept_by_somebody_else(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for key, existing in _OF_OUR_OWN:
        secret, value = getattr(settings, to_snake(existing)), getattr(settings, to_snake(key))
        if secret is not None and key in given and value != Settings.model_fields[to_snake(key)].default:
            yield Problem(key, value, f"has no effect on the Secret {secret}; remove it or {existing}")


@_rule("managementNamespace", "managementPort", "networkPolicies")
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


@_rule("proxyRequests", "proxyLimits", "serverRequests", "serverLimits")
def _requests_are_amounts_within_limits(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for workload in ("proxy", "server"):
        limits: Mapping[ResourceName, str] = getattr(settings, f"{workload}_limits")
        requests: Mapping[ResourceName, str] = getattr(settings, f"{workload}_requests")
        malformed = {}
        for part, amounts in (("Requests", requests), ("Limits", limits)):
            for name, text in amounts.items():
                if message := problem_of(name, text):
                    malformed[name] = Problem(f"{workload}{part}.{name}", text, message)
                    yield malformed[name]
        for name, limit in limits.items():
            if name not in malformed and bytes_or_cores(requests[name]) > bytes_or_cores(limit):
                yield Problem(
                    f"{workload}Requests.{name}",
                    requests[name],
                    f"is more than {workload}Limits.{name}, {limit}; write no more than that, or raise the limit",
                )


@_rule("proxyLimits", "storageSize", "storageRoot")
def _the_proxys_storage_is_within_its_limit(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    limit = settings.proxy_limits["ephemeral-storage"]
    if not problem_of("ephemeral-storage", limit) and bytes_or_cores(settings.storage_size) > bytes_or_cores(limit):
        yield Problem(
            "storageSize",
            settings.storage_size,
            f"is more than proxyLimits.ephemeral-storage, {limit}, which counts it; write no more than that, "
            "or raise the limit",
        )
    if settings.storage_root == REDIS_TLS_MOUNT:
        yield Problem(
            "storageRoot", settings.storage_root, "is where the certificate for Redis is mounted; write another one"
        )


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
    @_rule(key, other)
    def _they_differ(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        value = getattr(settings, to_snake(key))
        if value == getattr(settings, to_snake(other)):
            yield Problem(key, value, f"is {other} as well, and {reason}; write another one")


for _key, _other, _reason in _DISTINCT:
    _register_distinct(_key, _other, _reason)


@_rule("platformVersion", "connectVersion")
def _connect_is_supported_by_the_platform(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    shipped = default_connect_version(settings.platform_version)
    oldest = _oldest_supported(shipped)
    if settings.connect_version.release < oldest:
        yield Problem(
            "connectVersion",
            str(settings.connect_version),
            f"is too old for Platform {settings.platform_version}, which works with {_minor(oldest)} and newer; "
            f"write {shipped}, or remove it",
        )


@_rule("connectVersion", "platformVersion", "proxyImage", "serverImage")
def _image_tags_are_the_release(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for key, image in (("proxyImage", settings.proxy_image), ("serverImage", settings.server_image)):
        try:
            tagged = Version.parse(images.tag_of(image) or "")
        except ValueError:
            continue
        if tagged != settings.connect_version:
            yield Problem(
                key,
                image,
                f"has another release than connectVersion, {settings.connect_version}; "
                f"leave out the tag, or write: pulumi config set connectVersion {tagged}",
            )


def _register_since(key: str) -> None:
    field = Settings.model_fields[to_snake(key)]

    @_rule(key, "platformVersion", "connectVersion")
    def _releases_know_it(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        value = getattr(settings, to_snake(key))
        if key not in given or value == field.default:
            return
        since = SINCE[key]
        if since.platform is not None and settings.platform_version < since.platform:
            yield Problem(
                key,
                value,
                f"needs Platform {since.platform} or newer, and platformVersion is {settings.platform_version}; "
                "remove it, or upgrade Platform and write its release in platformVersion",
            )
        if since.connect is not None and settings.connect_version < since.connect:
            yield Problem(
                key,
                value,
                f"needs Connect {since.connect} or newer, and connectVersion is {settings.connect_version}; "
                f"remove it, or write: pulumi config set connectVersion {since.connect}",
            )


for _key in SINCE:
    _register_since(_key)


@_rule("studioTemplates", "platformVersion", "pathRouting")
def _platform_knows_the_tools(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    r_ide = r_ide_tool(settings.platform_version)
    for key, template in settings.studio_templates.items():
        path = f"studioTemplates.{key}.tool"
        if template.tool in ("ride", "rstudio") and template.tool != r_ide:
            yield Problem(
                path, template.tool, f"is not what Platform {settings.platform_version} calls R-IDE; write {r_ide}"
            )
        if template.tool == "xpra" and settings.path_routing:
            yield Problem(path, template.tool, "does not work with path routing; remove this template, or pathRouting")


@_rule("studioTemplates", "platformVersion", "connectVersion")
def _connect_supports_the_templates(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if "studioTemplates" not in given:
        return
    oldest = _oldest_supported(settings.connect_version)
    for key, template in settings.studio_templates.items():
        if template.status != "deprecated" and connect_of(template.repository).release < oldest:
            yield Problem(
                f"studioTemplates.{key}.repository",
                template.repository,
                f"has a client that Connect {settings.connect_version} no longer supports; write a tag that ends in "
                f"-{_minor(oldest)} or newer, or set its status to deprecated",
            )


@_rule("studioTemplates")
def _template_keys_differ_in_more_than_case(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for key in settings.studio_templates:
        first = seen.setdefault(key.upper().replace("-", "_"), key)
        if first != key:
            yield Problem(f"studioTemplates.{key}", None, f"reads the same as {first} to Platform; write another key")


@_rule("takeOver", "backendConfigMap", "backendDeployment", "cronDeployment")
def _only_changed_objects_are_taken_over(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    changed = (
        f"ConfigMap/{settings.backend_config_map}",
        f"Deployment/{settings.backend_deployment}",
        f"Deployment/{settings.cron_deployment}",
    )
    for index, name in enumerate(settings.take_over):
        if name not in changed:
            yield Problem(
                f"takeOver[{index}]", name, f"is not changed by this stack; write one of {', '.join(changed)}"
            )


@_rule("target", "proxyName", "serverName", "backendService", "cronService")
def _services_of_a_compose_file_differ(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.target != COMPOSE:
        return
    for key, name in (("proxyName", settings.proxy_name), ("serverName", settings.server_name)):
        if name in (settings.backend_service, settings.cron_service):
            yield Problem(key, name, "is a service of Platform as well; write another one")


def _oldest_supported(version: Version) -> tuple[int, int]:
    return (version.major, max(0, version.minor - SUPPORTED_EARLIER_MINORS))


def _minor(release: tuple[int, int]) -> str:
    return f"{release[0]}.{release[1]}"
