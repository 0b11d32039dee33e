"""The pack: which rule is checked on what, and how much it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError
from rules.credentials import no_plain_credentials
from rules.keys import protected_rsa_key, strong_rsa_key
from rules.load_balancers import (
    certificate_covers_host,
    long_idle_timeout,
    no_open_security_group,
    no_public_service,
    tls_1_2_or_newer,
)
from rules.objects import UNKNOWN, Resource
from rules.pods import pinned_images, restricted_pods

PUBLIC_SERVICES = "public-services"


def plain(value: Any) -> Any:
    """A value without the SDK's wrapping, which raises where something isn't known yet."""
    if isinstance(value, Mapping):
        return {key: _known(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_known(value, index) for index in range(len(value))]
    return value


def _known(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN


def each_resource(
    name: str,
    rule: Callable[[Resource], Iterator[str]],
    level: EnforcementLevel = EnforcementLevel.MANDATORY,
) -> ResourceValidationPolicy:
    """A policy that looks at one resource at a time."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for message in rule(Resource(args.resource_type, plain(args.props), protected=args.opts.protect)):
            report(message)

    return ResourceValidationPolicy(
        name=name, description=rule.__doc__ or name, validate=validate, enforcement_level=level
    )


def whole_stack(name: str, rule: Callable[[Sequence[Resource]], Iterator[tuple[str, str]]]) -> StackValidationPolicy:
    """A policy that looks at all resources together."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [
            Resource(
                each.resource_type,
                plain(each.props),
                urn=each.urn,
                depends_on=[
                    dependency.urn
                    for dependencies in (each.dependencies, *each.property_dependencies.values())
                    for dependency in dependencies
                ],
            )
            for each in args.resources
        ]
        for urn, message in rule(resources):
            report(message, urn)

    return StackValidationPolicy(
        name=name, description=rule.__doc__ or name, validate=validate, enforcement_level=EnforcementLevel.MANDATORY
    )


def _validate_service(args: ResourceValidationArgs, report: ReportViolation) -> None:
    allowed = args.get_config().get("allowed", [])
    for message in no_public_service(Resource(args.resource_type, plain(args.props)), allowed):
        report(message)


PolicyPack(
    name="seqera-studios",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        each_resource("no-plain-credentials", no_plain_credentials),
        each_resource("tls-1-2-or-newer", tls_1_2_or_newer),
        whole_stack("certificate-covers-host", certificate_covers_host),
        each_resource("long-idle-timeout", long_idle_timeout),
        ResourceValidationPolicy(
            name=PUBLIC_SERVICES,
            description=no_public_service.__doc__ or PUBLIC_SERVICES,
            validate=_validate_service,
            config_schema=PolicyConfigSchema(
                properties={
                    "allowed": {
                        "type": "array",
                        "items": {"type": "string"},
                        "default": [],
                        "description": "Names of Services that may be public, such as one for SSH.",
                    }
                }
            ),
        ),
        whole_stack("no-open-security-group", no_open_security_group),
        each_resource("restricted-pods", restricted_pods),
        each_resource("pinned-images", pinned_images),
        each_resource("strong-rsa-key", strong_rsa_key),
        each_resource("protected-rsa-key", protected_rsa_key),
    ],
)
