"""What the data-transfer policy of the proxy needs beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings.errors import Problem
from settings.fields import applies, value_of
from settings.model import Settings
from settings.remedies import Write
from settings.rules.book import RuleBook
from settings.types.network import VPC
from settings.versions import Version

RULES = RuleBook()

_POLICY_FILE = "CONNECT_POLICY_FILE"
_TELEMETRY = ("telemetryFlushInterval", "telemetryTtl", "telemetryStreamEmitInterval")
_SERVER = Version(0, 12, 0)
"""The first server that goes with a proxy that counts."""


@RULES.needs("transferPolicy", "serverVersion", "proxyVersion")
def _the_server_knows_it_too(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.transfer_policy is not None and settings.server_version < _SERVER <= settings.proxy_version:
        yield Problem(
            "transferPolicy",
            None,
            f"needs Connect {_SERVER} or newer on the server, too, which is {settings.server_version}; "
            f"remove it, or write: {Write('serverVersion', str(_SERVER))}",
        )


@RULES.needs("transferPolicy", "proxyExtraEnv", *_TELEMETRY)
def _there_is_something_to_count(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.transfer_policy is None and _POLICY_FILE not in settings.proxy_extra_env:
        for key in _TELEMETRY:
            if (value := value_of(settings, key)) is not None:
                message = (
                    "has no effect without transferPolicy, as the proxy counts nothing then; set that, or remove it"
                )
                yield Problem(key, value, message)


@RULES.needs("transferPolicy", "proxyExtraEnv")
def _the_policy_is_given_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.transfer_policy is not None and _POLICY_FILE in settings.proxy_extra_env:
        yield Problem(
            f"proxyExtraEnv.{_POLICY_FILE}",
            settings.proxy_extra_env[_POLICY_FILE],
            "gives a policy beside transferPolicy, and the proxy refuses to start with two; remove one of them",
        )


@RULES.needs("trustedProxyCidrs", "target", "eksCluster")
def _the_vpc_can_be_found(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.trusted_proxy_cidrs == VPC and settings.eks_cluster is None and applies("eksCluster", settings.target):
        yield Problem(
            "trustedProxyCidrs",
            list(VPC),
            "needs eksCluster, by which the VPC is found; set that, or write the networks of the load balancer's "
            "subnets, such as 10.0.0.0/16",
        )
