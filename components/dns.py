"""The DNS record of the sessions, and the hosted zone that it goes into."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import lb, route53


def hosted_zone_id(zone_name: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Looks up the id of the one public hosted zone called ``zone_name`` (``example.com``)."""
    zone = route53.get_zone_output(name=zone_name, private_zone=False, opts=pulumi.InvokeOutputOptions(parent=parent))
    return zone.zone_id


@dataclass(frozen=True, kw_only=True)
class WildcardRecordArgs:
    """The arguments of :class:`WildcardRecord`."""

    record_name: str
    """`*.example.com`; with path routing the connect host, `connect.example.com`."""
    zone_id: pulumi.Input[str]
    """The public hosted zone that serves the name."""
    load_balancer_hostname: pulumi.Input[str]
    """The DNS name of the application load balancer."""
    dualstack: bool = False
    """Whether the load balancer has IPv6 addresses, too: then there is an AAAA record beside the A record."""


class WildcardRecord(pulumi.ComponentResource):
    """A Route 53 alias of the session hosts to the load balancer. A record of that name which exists is an error."""

    fqdn: pulumi.Output[str]
    """The record's full name, `*.example.com`."""

    def __init__(self, name: str, args: WildcardRecordArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:WildcardRecord", name, {}, opts)
        load_balancer_zone = lb.get_hosted_zone_id_output(
            load_balancer_type="application", opts=pulumi.InvokeOutputOptions(parent=self)
        )

        def alias(suffix: str, kind: route53.RecordType) -> route53.Record:
            return route53.Record(
                f"{name}-{suffix}",
                zone_id=args.zone_id,
                name=args.record_name,
                type=kind,
                aliases=[
                    route53.RecordAliasArgs(
                        name=args.load_balancer_hostname,
                        zone_id=load_balancer_zone.id,
                        # There is nowhere else to send a session: an unhealthy proxy must not become an unknown host.
                        evaluate_target_health=False,
                    )
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )

        record = alias("alias", route53.RecordType.A)
        if args.dualstack:
            alias("alias-ipv6", route53.RecordType.AAAA)
        self.fqdn = record.fqdn
        self.register_outputs({"fqdn": self.fqdn})
