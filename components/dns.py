"""The DNS record of the sessions, and the hosted zone that it goes into."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import lb, route53

from settings.errors import Problem
from settings.model import Settings
from settings.model.dns import CREATE, EXISTING
from survey.adopting import is_adopting
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.records import records_at, taken_message


def hosted_zone_id(zone_name: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Looks up the id of the one public hosted zone called ``zone_name`` (``example.com``)."""
    zone = route53.get_zone_output(name=zone_name, private_zone=False, opts=pulumi.InvokeOutputOptions(parent=parent))
    return zone.zone_id


@dataclass(frozen=True)
class FoundZone:
    """A hosted zone that a survey has found, and the account that it is in."""

    id: str
    account: AwsAccount


@dataclass(frozen=True, kw_only=True)
class WildcardRecordArgs:
    """The arguments of :class:`WildcardRecord`."""

    record_name: str
    """`*.example.com`; with path routing the connect host, `connect.example.com`; or the host of SSH."""
    zone_id: pulumi.Input[str]
    """The public hosted zone that serves the name."""
    load_balancer_hostname: pulumi.Input[str]
    """The DNS name of the load balancer."""
    load_balancer_type: str = "application"
    """`application` or `network`: AWS has a zone for the names of each."""
    dualstack: bool = False
    """Whether the load balancer has IPv6 addresses, too: then there is an AAAA record beside the A record."""


class WildcardRecord(pulumi.ComponentResource):
    """A Route 53 alias of the session hosts, or of SSH's, to the load balancer. It is an error if the name has one."""

    fqdn: pulumi.Output[str]
    """The record's full name, `*.example.com`."""

    def __init__(
        self,
        name: str,
        args: WildcardRecordArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        account: AwsAccount | None = None,
        setting: str = "sessionRecord",
    ) -> None:
        """Makes the record.

        Args:
            name: the component's name.
            args: its arguments.
            opts: its options.
            account: where to look, in a preview too, whether a record of that name exists; None to look nowhere.
            setting: the key that decides who makes the record, for the message about one that exists.
        """
        super().__init__("studios:index:WildcardRecord", name, {}, opts)
        load_balancer_zone = lb.get_hosted_zone_id_output(
            load_balancer_type=args.load_balancer_type, opts=pulumi.InvokeOutputOptions(parent=self)
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
                opts=pulumi.ResourceOptions(
                    parent=self, hooks=_refusing_what_exists(f"{name}-{suffix}", account, setting)
                ),
            )

        record = alias("alias", route53.RecordType.A)
        if args.dualstack:
            alias("alias-ipv6", route53.RecordType.AAAA)
        self.fqdn = record.fqdn
        self.register_outputs({"fqdn": self.fqdn})


def zone_id_of(zone: FoundZone | None, settings: Settings, parent: pulumi.Resource) -> pulumi.Input[str]:
    """The id of the zone of the records: as it was found, or else as the AWS provider finds it."""
    if zone is not None:
        return zone.id
    return settings.hosted_zone_id or hosted_zone_id(settings.hosted_zone or "", parent)


def session_record(
    name: str,
    settings: Settings,
    args: WildcardRecordArgs,
    opts: pulumi.ResourceOptions,
    *,
    zone: FoundZone | None,
) -> pulumi.Output[str]:
    """Makes the record of the sessions' hosts, unless the settings leave it to its owner; returns its name."""
    if settings.session_record == EXISTING:
        return pulumi.Output.from_input(args.record_name)
    return WildcardRecord(name, args, opts, account=None if zone is None else zone.account).fqdn


def _refusing_what_exists(name: str, account: AwsAccount | None, setting: str) -> pulumi.ResourceHookBinding | None:
    """A hook before the record's creation, which the engine asks for only where the state has no such record."""
    if account is None:
        return None

    def look(args: pulumi.ResourceHookArgs) -> None:
        if is_adopting():
            # This preview asks what there would be to make; what exists is taken into the state then.
            return
        inputs = args.new_inputs or {}
        zone_id, record_name, kind = inputs.get("zoneId"), inputs.get("name"), inputs.get("type")
        if not isinstance(zone_id, str) or not isinstance(record_name, str):
            return
        try:
            # Nothing stands beside a CNAME; A and AAAA may be the stack's own, one after the other.
            taken = [each for each in records_at(account, zone_id, record_name) if each.type in ("CNAME", kind)]
        except AwsError:
            # The provider says it where it matters.
            return
        if taken:
            raise RuntimeError(str(Problem(setting, CREATE, taken_message(taken, record_name, setting))))

    options = pulumi.ResourceHookOptions(on_dry_run=True)
    return pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{name}-free", look, options)])
