"""What AWS takes for a load balancer: the controller passes it on, and reconciles nothing while AWS refuses it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings.balancers import ATTRIBUTES, TLS_POLICIES, is_newer_policy, nearest_attribute, nearest_policy
from settings.errors import Problem
from settings.model import Settings
from settings.rules.book import RuleBook

RULES = RuleBook()


@RULES.needs("loadBalancerAttributes")
def _the_attributes_are_aws(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for name, value in settings.load_balancer_attributes.items():
        attribute = ATTRIBUTES.get(name)
        if attribute is None:
            yield Problem(
                f"loadBalancerAttributes.{name}",
                value,
                "is not an attribute of an application load balancer, and AWS would refuse all of them; "
                f"write one that AWS has, for example {nearest_attribute(name)}",
            )
        elif message := attribute.problem(value):
            yield Problem(f"loadBalancerAttributes.{name}", value, message)


@RULES.needs("sslPolicy")
def _the_tls_policy_is_aws(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    policy = settings.ssl_policy
    if policy not in TLS_POLICIES and not is_newer_policy(policy):
        yield Problem(
            "sslPolicy",
            policy,
            f"is not a TLS policy that AWS has; write one that it has, for example {nearest_policy(policy)}",
        )
