"""What pods ask for, and what they may use."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from settings.errors import Problem
from settings.model import Settings
from settings.mounts import REDIS_TLS_MOUNT
from settings.resources import ResourceName, bytes_or_cores, problem_of
from settings.rules.book import RuleBook

RULES = RuleBook()


@RULES.needs("proxyRequests", "proxyLimits", "serverRequests", "serverLimits")
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


@RULES.needs("proxyLimits", "storageSize", "storageRoot")
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
