"""The instance of a Docker Compose install as the target of a load balancer."""

from __future__ import annotations

import pulumi
from pulumi_aws import lb

from survey.compose import ComposeSite


def instance_targets(
    name: str,
    site: ComposeSite,
    port: int,
    parent: pulumi.Resource,
    *,
    protocol: str,
    health_check: lb.TargetGroupHealthCheckArgs,
    preserve_client_ip: bool | None = None,
) -> tuple[lb.TargetGroup, lb.TargetGroupAttachment]:
    """A target group with the instance, and the attachment that puts it there.

    Args:
        name: of the component that they are for.
        site: the instance.
        port: where it is reached.
        parent: the component.
        protocol: `HTTP`, or `TCP` behind a network load balancer.
        health_check: how it is found to be alive.
        preserve_client_ip: whether it sees the addresses of its clients; None for the load balancer's own way.
    """
    child = pulumi.ResourceOptions(parent=parent)
    targets = lb.TargetGroup(
        f"{name}-targets",
        port=port,
        protocol=protocol,
        target_type="instance",
        vpc_id=site.vpc_id,
        preserve_client_ip=None if preserve_client_ip is None else str(preserve_client_ip).lower(),
        health_check=health_check,
        opts=child,
    )
    attachment = lb.TargetGroupAttachment(
        f"{name}-instance",
        target_group_arn=targets.arn,
        target_id=site.instance_id,
        port=port,
        opts=child,
    )
    return targets, attachment
