"""The way from the load balancer to the proxy on the instance."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import lb, vpc

from components.existing_certificate import ExistingCertificate, ExistingCertificateArgs
from components.instance_targets import instance_targets
from survey.compose import ComposeSite


@dataclass(frozen=True, kw_only=True)
class ComposeNetworkArgs:
    """The arguments of :class:`ComposeNetwork`.

    Args:
        site: the instance and the load balancer.
        host: ``*.example.com``; with path routing the connect host, ``connect.example.com``.
        port: where the proxy listens on the instance.
        healthcheck_path, success_codes: what the load balancer asks for, and the answers of a proxy that is alive.
        priority: the rule's place; None for the last one.
        own_certificate: the issued certificate that the stack makes for the host where no other is given.
        existing_certificate: the ARN of a certificate that another owner made, which the listener may have already.
        profile: of AWS, for the latter; None for the credentials of the environment.
    """

    site: ComposeSite
    host: str
    port: int
    healthcheck_path: str
    success_codes: str
    priority: int | None
    own_certificate: pulumi.Input[str]
    existing_certificate: str | None = None
    profile: str | None = None


class ComposeNetwork(pulumi.ComponentResource):
    """An ingress rule for the load balancer, a target group with the instance, a listener rule, and the certificate."""

    target_group_arn: pulumi.Output[str]
    """The target group."""

    def __init__(self, name: str, args: ComposeNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:ComposeNetwork", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        ingress = vpc.SecurityGroupIngressRule(
            f"{name}-ingress",
            security_group_id=args.site.instance_security_group,
            referenced_security_group_id=args.site.load_balancer_security_group,
            ip_protocol="tcp",
            from_port=args.port,
            to_port=args.port,
            description="Studios: connect-proxy, from the load balancer",
            opts=child,
        )
        targets, attachment = instance_targets(
            name,
            args.site,
            args.port,
            self,
            protocol="HTTP",
            health_check=lb.TargetGroupHealthCheckArgs(path=args.healthcheck_path, matcher=args.success_codes),
        )
        if args.existing_certificate is None:
            lb.ListenerCertificate(
                f"{name}-certificate",
                listener_arn=args.site.listener_arn,
                certificate_arn=args.own_certificate,
                opts=child,
            )
        else:
            ExistingCertificate(
                f"{name}-existing-certificate",
                ExistingCertificateArgs(
                    listener_arn=args.site.listener_arn,
                    certificate_arn=args.existing_certificate,
                    profile=args.profile,
                ),
                child,
            )
        lb.ListenerRule(
            f"{name}-rule",
            listener_arn=args.site.listener_arn,
            priority=args.priority,
            conditions=[
                lb.ListenerRuleConditionArgs(host_header=lb.ListenerRuleConditionHostHeaderArgs(values=[args.host]))
            ],
            actions=[lb.ListenerRuleActionArgs(type="forward", target_group_arn=targets.arn)],
            # Users come by the rule: what is behind it is there first.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[ingress, attachment]),
        )
        self.target_group_arn = targets.arn
        self.register_outputs({"target_group_arn": self.target_group_arn})
