"""The provider's own configuration: the official keys, their forms, and what they lack."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final

import boto3

from testbed.plugins.naming import did_you_mean, unknown_properties
from testbed.plugins.provider import CheckFailure, Properties, Unknown

STRINGS: Final = frozenset(
    {
        "accessKey",
        "customCaBundle",
        "ec2MetadataServiceEndpoint",
        "ec2MetadataServiceEndpointMode",
        "httpProxy",
        "httpsProxy",
        "noProxy",
        "profile",
        "region",
        "retryMode",
        "s3UsEast1RegionalEndpoint",
        "secretKey",
        "stsRegion",
        "tagPolicyCompliance",
        "token",
    }
)
#: These arrive as JSON in a string, whether from a stack's config or from an explicit provider.
JSON: Final[Mapping[str, type]] = {
    "allowedAccountIds": list,
    "assumeRoleWithWebIdentity": dict,
    "assumeRoles": list,
    "defaultTags": dict,
    "endpoints": list,
    "forbiddenAccountIds": list,
    "ignoreTags": dict,
    "insecure": bool,
    "maxRetries": int,
    "s3UsePathStyle": bool,
    "sharedConfigFiles": list,
    "sharedCredentialsFiles": list,
    "skipCredentialsValidation": bool,
    "skipMetadataApiCheck": bool,
    "skipRegionValidation": bool,
    "skipRequestingAccountId": bool,
    "tokenBucketRateLimiterCapacity": int,
    "useDualstackEndpoint": bool,
    "useFipsEndpoint": bool,
    "userAgents": list,
}
#: The engine's own keys.
_ENGINE: Final = frozenset({"version", "pluginDownloadURL"})
_NESTED: Final[Mapping[str, frozenset[str]]] = {
    "defaultTags": frozenset({"tags"}),
    "ignoreTags": frozenset({"keys", "keyPrefixes"}),
    "assumeRoles": frozenset(
        {
            "duration",
            "externalId",
            "policy",
            "policyArns",
            "roleArn",
            "sessionName",
            "sourceIdentity",
            "tags",
            "transitiveTagKeys",
        }
    ),
    "assumeRoleWithWebIdentity": frozenset(
        {"duration", "policy", "policyArns", "roleArn", "sessionName", "webIdentityToken", "webIdentityTokenFile"}
    ),
}
#: Terraform's names of services where boto3 has another.
SERVICE_ALIASES: Final[Mapping[str, str]] = {
    "elb": "elbv2",
    "elasticloadbalancing": "elbv2",
    "elasticloadbalancingv2": "elbv2",
    "s3api": "s3",
}


def check(inputs: Properties) -> list[CheckFailure]:
    """What is wrong with the configuration, each fault under its key."""
    known = STRINGS | JSON.keys() | _ENGINE
    failures = unknown_properties(inputs, known)
    for key, value in inputs.items():
        if value is None or isinstance(value, Unknown) or key not in known:
            continue
        try:
            parsed = parse(key, value)
        except ValueError as error:
            failures.append(CheckFailure(key, str(error)))
            continue
        failures += _check_nested(key, parsed)
    return failures


def parse(key: str, value: Any) -> Any:
    """The value of a key in its own form.

    Raises:
        ValueError: it has another one.
    """
    if key not in JSON:
        if not isinstance(value, str):
            raise ValueError(f"expected a string, got {type(value).__name__}")
        return value
    wanted = JSON[key]
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f"expected JSON of a {wanted.__name__}, got a string that is none") from error
    if wanted is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, wanted):
        raise ValueError(f"expected a {wanted.__name__}, got {type(value).__name__}")  # noqa: TRY004 (as above)
    return value


def settings(inputs: Properties) -> Properties:
    """All keys that are set, in their own form; the region also from the environment."""
    found = {
        key: parse(key, value)
        for key, value in inputs.items()
        if value is not None and not isinstance(value, Unknown) and (key in STRINGS or key in JSON)
    }
    region = found.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return {**found, "region": region} if region else found


def endpoints(configured: list[Mapping[str, str]]) -> dict[str, str]:
    """boto3's service name to URL."""
    return {_service(name): url for entry in configured for name, url in entry.items() if url}


def _service(name: str) -> str:
    by_plain_name = {service.replace("-", ""): service for service in boto3.Session().get_available_services()}
    plain = name.lower()
    return SERVICE_ALIASES.get(plain) or by_plain_name.get(plain, "")


def _check_nested(key: str, value: Any) -> list[CheckFailure]:
    if key == "endpoints":
        services = [name for entry in value for name in entry]
        known = {service.replace("-", "") for service in boto3.Session().get_available_services()}
        return [
            CheckFailure(f"endpoints[0].{name}", f"unknown service {name!r}{did_you_mean(name, known)}")
            for name in services
            if not _service(name)
        ]
    if key not in _NESTED:
        return []
    entries = value if isinstance(value, list) else [value]
    return [failure for entry in entries for failure in unknown_properties(entry, _NESTED[key], (key,))]
