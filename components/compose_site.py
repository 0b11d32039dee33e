"""What exists already around a Platform that runs with Docker Compose: its EC2 instance and its load balancer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pulumi
from pulumi_aws import ec2, iam, lb

from settings.errors import Problem, SettingsError
from settings.model import Settings
from survey.choices import Choice, Choices, listed

HTTPS_PORT = 443

_Found = TypeVar("_Found")


@dataclass(frozen=True, kw_only=True)
class ComposeSite:
    """The instance and the load balancer that Studios is put beside; nothing of it is ours.

    Args:
        instance_id: the EC2 instance.
        instance_security_group: the group of the instance that is opened.
        role: the role of the instance's profile; None if it is not needed.
        load_balancer_security_group: a group of the load balancer: traffic from it is let in.
        load_balancer_hostname: the load balancer's DNS name.
        vpc_id: where both are.
        listener_arn: the HTTPS listener.
    """

    instance_id: str
    instance_security_group: str
    role: str | None
    load_balancer_security_group: str
    load_balancer_hostname: str
    vpc_id: str
    listener_arn: str


def find_site(settings: Settings, choices: Choices) -> ComposeSite:
    """Looks up what the settings name, and warns of a load balancer that cuts WebSockets.

    Raises:
        SettingsError: with everything that is not there, or is not as it must be.
    """
    problems: list[Problem] = []
    key, value = _named(settings.instance_id, settings.instance_tags, "instance")
    others = _others(choices.instances, "running instance", settings.instance_tags)
    instance = _found(problems, key, value, _instance(settings), others)
    key, value = _named(settings.load_balancer, settings.load_balancer_tags, "loadBalancer")
    others = _others(choices.load_balancers, "application load balancer", settings.load_balancer_tags)
    balancer = _found(problems, key, value, _load_balancer(settings), others)
    listener = None
    if balancer is not None:
        problems += _unfit_load_balancer(settings, balancer)
        listener = _listener(settings, balancer, choices, problems)
    group, role = "", None
    if instance is not None:
        group = _security_group(settings, instance, problems)
        role = _role(settings, instance, problems)
    if problems or instance is None or balancer is None or listener is None:
        raise SettingsError(problems)
    return ComposeSite(
        instance_id=instance.id,
        instance_security_group=group,
        role=role,
        load_balancer_security_group=sorted(balancer.security_groups)[0],
        load_balancer_hostname=balancer.dns_name,
        vpc_id=balancer.vpc_id,
        listener_arn=listener.arn,
    )


def _named(name: str | None, tags: dict[str, str] | None, what: str) -> tuple[str, object]:
    by_name = {"instance": "instanceId", "loadBalancer": "loadBalancer"}[what]
    return (f"{what}Tags", tags) if name is None else (by_name, name)


def _others(look: Callable[[], list[Choice]], what: str, tags: dict[str, str] | None) -> Callable[[], str]:
    return lambda: listed(look, what, tags or ())


def _found(
    problems: list[Problem],
    key: str,
    value: object,
    look_up: Callable[[], _Found],
    others: Callable[[], str] = str,
    failure: str = "cannot be looked up",
) -> _Found | None:
    try:
        return look_up()
    except Exception as error:
        # The SDK raises nothing narrower for an invoke that failed.
        reason = str(error).splitlines()[0].rpartition("returned an error: ")[2]
        problems.append(Problem(key, value, f"{failure}: {reason}{others()}"))
        return None


def _instance(settings: Settings) -> Callable[[], ec2.GetInstanceResult]:
    if settings.instance_id is not None:
        return lambda: ec2.get_instance(instance_id=settings.instance_id)
    running = [ec2.GetInstanceFilterArgs(name="instance-state-name", values=["running"])]
    return lambda: ec2.get_instance(instance_tags=settings.instance_tags, filters=running)


def _load_balancer(settings: Settings) -> Callable[[], lb.GetLoadBalancerResult]:
    name = settings.load_balancer
    if name is None:
        return lambda: lb.get_load_balancer(tags=settings.load_balancer_tags)
    return lambda: lb.get_load_balancer(arn=name) if name.startswith("arn:") else lb.get_load_balancer(name=name)


def _listener(
    settings: Settings, balancer: lb.GetLoadBalancerResult, choices: Choices, problems: list[Problem]
) -> lb.GetListenerResult | None:
    arn, tags, name = settings.listener_arn, settings.listener_tags, balancer.name

    def look() -> list[Choice]:
        return choices.listeners(balancer.arn)

    others = _others(look, "HTTPS listener", tags)
    if tags is not None:
        # The provider does not look for tags.
        found = _found(problems, "listenerTags", tags, lambda: [each.name for each in look() if each.has(tags)])
        if found is None:
            return None
        if len(found) != 1:
            count = f"{len(found)} listeners" if found else "no listener"
            problems.append(Problem("listenerTags", tags, f"are on {count} of the load balancer {name}{others()}"))
            return None
        arn = found[0]
    key, value = ("listenerArn", arn) if tags is None else ("listenerTags", tags)
    if arn is not None:
        listener = _found(problems, key, value, lambda: lb.get_listener(arn=arn), others)
        failure = f"is no HTTPS listener of the load balancer {name}"
    else:
        default = f"is not set, and the listener of the load balancer {name} at port {HTTPS_PORT}"
        failure = f"{default} is no HTTPS one"
        listener = _found(
            problems,
            key,
            None,
            lambda: lb.get_listener(load_balancer_arn=balancer.arn, port=HTTPS_PORT),
            others,
            f"{default} cannot be looked up",
        )
    if listener is None or (listener.protocol == "HTTPS" and listener.load_balancer_arn == balancer.arn):
        return listener
    problems.append(Problem(key, value, f"{failure}{others()}"))
    return None


def _unfit_load_balancer(settings: Settings, balancer: lb.GetLoadBalancerResult) -> list[Problem]:
    if balancer.load_balancer_type != "application":
        return [Problem("loadBalancer", balancer.name, "is no application load balancer; write one that is")]
    if balancer.idle_timeout < settings.idle_timeout:
        pulumi.log.warn(
            f"The load balancer {balancer.name} cuts a WebSocket after {balancer.idle_timeout} s without traffic, and "
            f"idleTimeout is {settings.idle_timeout} s: sessions that are left alone lose their connection. "
            "It is not of this stack, so change it there: aws elbv2 modify-load-balancer-attributes "
            f"--load-balancer-arn {balancer.arn} "
            f"--attributes Key=idle_timeout.timeout_seconds,Value={settings.idle_timeout}"
        )
    if not balancer.security_groups:
        return [Problem("loadBalancer", balancer.name, "has no security group, so that nothing can be let in from it")]
    return []


def _security_group(settings: Settings, instance: ec2.GetInstanceResult, problems: list[Problem]) -> str:
    groups = sorted(instance.vpc_security_group_ids)
    wanted = settings.instance_security_group
    if wanted is not None and wanted not in groups:
        problems.append(
            Problem("instanceSecurityGroup", wanted, f"is not of the instance, which has {', '.join(groups)}")
        )
    if wanted is None and len(groups) != 1:
        problems.append(
            Problem(
                "instanceSecurityGroup",
                None,
                f"is not set, and {instance.id} has {', '.join(groups) or 'none'}; write the one to open: "
                f"pulumi config set instanceSecurityGroup {groups[0] if groups else 'sg-…'}",
            )
        )
    return wanted or (groups[0] if groups else "")


def _role(settings: Settings, instance: ec2.GetInstanceResult, problems: list[Problem]) -> str | None:
    if settings.delivery != "ssm":
        return None
    if instance.instance_state != "running":
        problems.append(Problem("instanceId", instance.id, f"is {instance.instance_state}; start the instance"))
    if not instance.iam_instance_profile:
        problems.append(
            Problem(
                "instanceId",
                instance.id,
                "has no instance profile, so that Systems Manager does not reach it; give it one whose role has the "
                "policy AmazonSSMManagedInstanceCore, or write: pulumi config set delivery files",
            )
        )
        return None
    if not settings.attach_instance_policy:
        return None
    profile = _found(
        problems, "instanceId", instance.id, lambda: iam.get_instance_profile(name=instance.iam_instance_profile)
    )
    if profile is None:
        return None
    if not profile.role_name:
        problems.append(
            Problem(
                "instanceId",
                instance.id,
                f"has the instance profile {profile.name} without a role, so that Systems Manager does not reach it; "
                "add one that has the policy AmazonSSMManagedInstanceCore",
            )
        )
    return profile.role_name
