"""The DNS record of the sessions, and the hosted zone that it goes into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws
from pulumi_aws import lb, route53

from components.record_takeover import as_found, making_way
from settings.errors import Problem
from settings.model import Settings
from settings.model.dns import CREATE, EXISTING, NO_DNS, ROUTE53, TAKE_OVER
from survey.adopting import is_adopting
from survey.aws import AwsAccess, AwsAccount
from survey.aws_access import SECRET, ZONES_ROLE, Role, in_python
from survey.aws_errors import AwsError
from survey.dns import FoundZones, role_of_zones
from survey.records import records_at, taken_message


def hosted_zone_id(zone_name: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Looks up the id of the one public hosted zone called ``zone_name`` (``example.com``)."""
    zone = route53.get_zone_output(name=zone_name, private_zone=False, opts=pulumi.InvokeOutputOptions(parent=parent))
    return zone.zone_id


@dataclass(frozen=True, kw_only=True)
class WildcardRecordArgs:
    """The arguments of :class:`WildcardRecord`."""

    record_name: str
    """`*.example.com`; with path routing the connect host, `connect.example.com`; or the host of SSH."""
    zone_id: pulumi.Input[str]
    """The hosted zone that serves the name."""
    load_balancer_hostname: pulumi.Input[str]
    """The DNS name of the load balancer."""
    load_balancer_type: str = "application"
    """`application` or `network`: AWS has a zone for the names of each."""
    dualstack: bool = False
    """Whether the load balancer has IPv6 addresses, too: then there is an AAAA record beside the A record."""


class WildcardRecord(pulumi.ComponentResource):
    """A Route 53 alias of the session hosts, or of SSH's, to the load balancer.

    A record of that name which exists is an error, unless it is taken over: then it comes back when this is deleted.
    """

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
        provider: pulumi.ProviderResource | None = None,
        take_over: Role | bool = False,
    ) -> None:
        """Makes the record.

        Args:
            name: the component's name.
            args: its arguments.
            opts: its options.
            account: where to look, in a preview too, whether a record of that name exists; None to look nowhere.
            setting: the key that decides who makes the record, for the message about one that exists.
            provider: the AWS provider of the zone; None for that of the options.
            take_over: replace a record that exists, in an account that is known; a role is what to assume for it.

        Raises:
            ValueError: a record is to be taken over, and there is no account.
        """
        super().__init__("studios:index:WildcardRecord", name, {}, opts)
        load_balancer_zone = lb.get_hosted_zone_id_output(
            load_balancer_type=args.load_balancer_type, opts=pulumi.InvokeOutputOptions(parent=self)
        )

        found = as_found(name, args, account, take_over, self) if take_over else None

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
                allow_overwrite=None if found is None else True,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    provider=provider,
                    depends_on=None if found is None else [found],
                    # What brings the other record back takes this one away, in one change.
                    retain_on_delete=None if found is None else True,
                    hooks=(
                        _refusing_what_exists(f"{name}-{suffix}", account, setting)
                        if found is None
                        else making_way(f"{name}-{suffix}", account)
                    ),
                ),
            )

        record = alias("alias", route53.RecordType.A)
        if args.dualstack:
            alias("alias-ipv6", route53.RecordType.AAAA)
        self.fqdn = record.fqdn
        self.register_outputs({"fqdn": self.fqdn})


def zones_provider(name: str, settings: Settings, access: AwsAccess) -> pulumi_aws.Provider | None:
    """The AWS provider for the zones, which assumes ``hostedZoneRoleArn``; None where the zones need no other one."""
    role = role_of_zones(settings)
    if role is None:
        return None
    way = access.assuming(role, ZONES_ROLE)
    given = {"region": way.region, "profile": way.profile, **way.more}
    arguments: dict[str, Any] = {
        in_python(key): pulumi.Output.secret(value) if key in SECRET else value
        for key, value in given.items()
        if value is not None
    }
    return pulumi_aws.Provider(f"{name}-zones", **arguments)


@dataclass(frozen=True)
class DnsPlan:
    """Where the records of a stack go.

    Args:
        zones: the zones that the survey has found; None to let the AWS provider look them up.
        provider: the AWS provider that changes them; None for that of everything else.
    """

    zones: FoundZones | None = None
    provider: pulumi.ProviderResource | None = None

    def validation_zone(self, settings: Settings, parent: pulumi.Resource) -> pulumi.Input[str] | None:
        """The id of the zone of the validation records; None where the stack makes none."""
        if not settings.validates_in_zone:
            return None
        if self.zones is not None and self.zones.validation is not None:
            return self.zones.validation.id
        return settings.hosted_zone_id or hosted_zone_id(settings.hosted_zone or "", parent)

    def record_zone(
        self, settings: Settings, parent: pulumi.Resource, validation: pulumi.Input[str] | None
    ) -> pulumi.Input[str]:
        """The id of the zone of the sessions' record: a private one, or that of the validation records."""
        if self.zones is not None and self.zones.record is not None:
            return self.zones.record.id
        known = settings.private_hosted_zone_id or settings.hosted_zone_id
        if known is not None:
            return known
        return hosted_zone_id(settings.hosted_zone or "", parent) if validation is None else validation


def session_record(
    name: str,
    settings: Settings,
    plan: DnsPlan,
    load_balancer_hostname: pulumi.Input[str],
    parent: pulumi.Resource,
    *,
    validation: pulumi.Input[str] | None,
) -> pulumi.Output[str]:
    """Makes the record of the sessions' hosts, unless the settings leave it to another; returns its name.

    Args:
        name: of the component.
        settings: of the stack.
        plan: where the records go.
        load_balancer_hostname: what the record leads to.
        parent: of the component.
        validation: the zone of the validation records; None where the stack makes none.
    """
    if not settings.has_session_record or settings.session_record == EXISTING:
        return pulumi.Output.from_input(settings.session_host)
    args = WildcardRecordArgs(
        record_name=settings.session_host,
        zone_id=plan.record_zone(settings, parent, validation),
        load_balancer_hostname=load_balancer_hostname,
        dualstack=(settings.ip_address_type or "").startswith("dualstack"),
    )
    found = None if plan.zones is None else plan.zones.record
    account = None if found is None else found.account
    return WildcardRecord(
        name,
        args,
        pulumi.ResourceOptions(parent=parent),
        account=account,
        provider=plan.provider,
        take_over=settings.session_record == TAKE_OVER and (role_of_zones(settings) or True),
    ).fqdn


ROUTE_OF_YOURS = "<load balancer>"
"""Where a record leads with a load balancer that the stack does not know."""


def records_to_make(
    settings: Settings,
    validation: pulumi.Output[dict[str, str]] | None,
    load_balancer_hostname: pulumi.Input[str],
    ssh_load_balancer: pulumi.Input[str] | None = None,
) -> pulumi.Output[dict[str, str]]:
    """The records that the stack leaves to its user: name → what it leads to.

    Args:
        settings: of the stack.
        validation: the records that ACM asks for; None where the stack has none, or makes them.
        load_balancer_hostname: of the sessions; empty where the stack knows none.
        ssh_load_balancer: the hostname of that of SSH; None where SSH has none.
    """
    session = settings.session_host if settings.dns == NO_DNS or settings.ingress == "none" else None

    has_ssh = ssh_load_balancer is not None and settings.ssh_record == CREATE and settings.dns != ROUTE53

    def of(resolved: list[Any]) -> dict[str, str]:
        asked, hostname, ssh = resolved
        sessions = {} if session is None else {session: hostname or ROUTE_OF_YOURS}
        return {**asked, **sessions, **({settings.ssh_host: ssh} if has_ssh else {})}

    return pulumi.Output.all(validation or {}, load_balancer_hostname, ssh_load_balancer or "").apply(of)


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
