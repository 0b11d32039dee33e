"""The TLS certificate of the Platform and Studios hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import acm, route53

from components.error_hooks import explained

ISSUE_SECONDS = 1800
"""ACM itself speaks of half an hour; most certificates are issued within minutes of their records."""


@dataclass(frozen=True, kw_only=True)
class WildcardCertificateArgs:
    """The arguments of :class:`WildcardCertificate`."""

    host: str
    """The domain that the sessions are under, without scheme: `example.com`. With path routing, Platform's host."""
    connect_host: str
    """The connect proxy's host: `connect.example.com`."""
    path_routing: bool = False
    """Whether sessions are paths of the connect host, so that no wildcard is needed."""
    host_is_shared: bool = True
    """Whether Platform's own certificate may have the validation record of `host`, so that it outlives the stack."""
    zone_id: pulumi.Input[str] | None = None
    """The public hosted zone that the validation records go into; needed unless `certificateArn` is given."""
    wait_for_records: bool = False
    """Whether the validation records are made by others, and waited for: then no zone is needed."""
    certificate_arn: pulumi.Input[str] | None = None
    """An issued certificate that covers those hosts; then nothing is created."""
    issue_seconds: int = ISSUE_SECONDS
    """How long ACM may take to issue the certificate, once its records exist."""


class WildcardCertificate(pulumi.ComponentResource):
    """An issued ACM certificate for `host` and `*.host`; with path routing for `host` and the connect host.

    The validation record of ``host`` may be Platform's own certificate's, too: it may exist, and destroy leaves it.
    Validated by DNS: https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html

    Raises:
        ValueError: neither a hosted zone nor an existing certificate is given.
    """

    certificate_arn: pulumi.Output[str]
    """The ARN of the certificate, known once it is issued."""

    def __init__(
        self,
        name: str,
        args: WildcardCertificateArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        zone_provider: pulumi.ProviderResource | None = None,
    ) -> None:
        """Makes the certificate.

        Args:
            name: the component's name.
            args: its arguments.
            opts: its options.
            zone_provider: the AWS provider of the zone, for the records only; None for that of the options.
        """
        super().__init__("studios:index:WildcardCertificate", name, {}, opts)
        self._zone_provider = zone_provider
        self.awaited_records: pulumi.Output[dict[str, str]] | None = None
        if args.certificate_arn is not None:
            self.certificate_arn = pulumi.Output.from_input(args.certificate_arn)
        elif args.zone_id is not None or args.wait_for_records:
            self.certificate_arn = self._issue(name, args)
        else:
            raise ValueError("WildcardCertificate needs zone_id or certificate_arn")
        self.register_outputs({"certificate_arn": self.certificate_arn})

    def _issue(self, name: str, args: WildcardCertificateArgs) -> pulumi.Output[str]:
        # ACM validates a wildcard by its apex's record: one for both, and creating it twice fails.
        domains = {"apex": args.host}
        if args.path_routing and args.connect_host != args.host:
            domains["connect"] = args.connect_host
        others = [domain for domain in domains.values() if domain != args.host]
        certificate = acm.Certificate(
            f"{name}-certificate",
            domain_name=args.host,
            subject_alternative_names=others if args.path_routing else [f"*.{args.host}"],
            validation_method="DNS",
            # ACM certificates have no name: these tags name the owner, for people and for the recovery of a stack.
            tags={"pulumi:project": pulumi.get_project(), "pulumi:stack": pulumi.get_stack()},
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.zone_id is None:
            records = None
            self.awaited_records = certificate.domain_validation_options.apply(awaited)
        else:
            records = [
                self._validation_record(
                    f"{name}-validation-{label}",
                    certificate,
                    domain,
                    args.zone_id,
                    is_shared=args.host_is_shared and domain == args.host,
                )
                for label, domain in domains.items()
            ]

        async def tell(_: pulumi.ResourceHookArgs) -> None:
            found = awaited(await certificate.domain_validation_options.future() or [])
            pulumi.log.warn(records_to_wait_for(found, args.issue_seconds), self)

        async def explain(failure: pulumi.ErrorHookArgs) -> str:
            arn, urn = await certificate.arn.future(), await certificate.urn.future()
            options = await certificate.domain_validation_options.future() or []
            if "PENDING_VALIDATION" not in failure.errors[0]:
                return never_issued(str(arn), str(urn))
            wanted = [validation_option(options, domain) for domain in domains.values()]
            return not_yet_issued(str(arn), wanted, args.issue_seconds, in_zone=args.zone_id is not None)

        hooks = explained(f"{name}-issued-explained", explain, self)
        if args.zone_id is None:
            hooks.before_create = [pulumi.ResourceHook(f"{name}-issued-records", tell)]

        return acm.CertificateValidation(
            f"{name}-issued",
            certificate_arn=certificate.arn,
            validation_record_fqdns=records if records is None else [record.fqdn for record in records],
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=pulumi.CustomTimeouts(create=f"{args.issue_seconds}s"),
                hooks=hooks,
            ),
        ).certificate_arn

    def _validation_record(
        self, name: str, certificate: acm.Certificate, domain: str, zone_id: pulumi.Input[str], *, is_shared: bool
    ) -> route53.Record:
        def option_of(
            options: Sequence[acm.outputs.CertificateDomainValidationOption],
        ) -> acm.outputs.CertificateDomainValidationOption:
            return validation_option(options, domain)

        option = certificate.domain_validation_options.apply(option_of)
        return route53.Record(
            name,
            zone_id=zone_id,
            name=option.apply(lambda o: o.resource_record_name or ""),
            type=option.apply(lambda o: o.resource_record_type or ""),
            records=[option.apply(lambda o: o.resource_record_value or "")],
            ttl=300,
            # ACM asks for one and the same record for every certificate of a domain in an account. That of Platform's
            # host is there already if Platform's own certificate is validated by DNS, which needs it for each renewal.
            allow_overwrite=is_shared,
            opts=pulumi.ResourceOptions(parent=self, provider=self._zone_provider, retain_on_delete=is_shared),
        )


def awaited(options: Sequence[acm.outputs.CertificateDomainValidationOption]) -> dict[str, str]:
    """The records that ACM asks for: name → what it leads to, as a CNAME. A wildcard has that of its apex."""
    found = {(option.resource_record_name or "").rstrip("."): option.resource_record_value or "" for option in options}
    return dict(sorted(found.items()))


def records_to_wait_for(records: Mapping[str, str], seconds: int) -> str:
    """What to make, while the certificate waits for it."""
    lines = "\n".join(f"  {name} CNAME {value}" for name, value in records.items())
    return (
        f"ACM issues the certificate once it finds these records, so make them now:\n{lines}\n"
        f"They are waited for for {seconds} seconds (setting certificateTimeout)"
    )


def validation_option(
    options: Sequence[acm.outputs.CertificateDomainValidationOption], domain: str
) -> acm.outputs.CertificateDomainValidationOption:
    """Returns the validation record that ACM asks for ``domain``; ACM lists them in no fixed order.

    Raises:
        ValueError: ACM asks for none.
    """
    for option in options:
        if option.domain_name == domain:
            return option
    listed = ", ".join(sorted(option.domain_name or "" for option in options)) or "none"
    raise ValueError(f"ACM asks for no validation record for {domain}; it lists {listed}")


def not_yet_issued(
    arn: str,
    wanted: Sequence[acm.outputs.CertificateDomainValidationOption],
    waited_seconds: int,
    *,
    in_zone: bool = True,
) -> str:
    """What to do about a certificate with records that ACM has not found."""
    records = "\n".join(
        f"  {option.resource_record_name} {option.resource_record_type} {option.resource_record_value}"
        for option in wanted
    )
    name = wanted[0].resource_record_name
    if not in_zone:
        return (
            f"ACM has not validated the certificate {arn} within {waited_seconds} seconds. It waits for the records\n"
            f"{records}\n"
            f"Make them where the domain's zone is. Look whether the world sees them: dig +short {name} CNAME. "
            "Then run pulumi up again: it goes on where it stopped (setting certificateTimeout: how long it waits)"
        )
    return (
        f"ACM has not validated the certificate {arn} within {waited_seconds} seconds. It waits until the world finds\n"
        f"{records}\n"
        f"That is in the hosted zone. Look whether the world sees it: dig +short {name} CNAME. If it doesn't, "
        "the domain's registrar, or the zone above, must name the name servers of this zone (aws route53 "
        "get-hosted-zone lists them); if it does, ACM needs more time (setting certificateTimeout). "
        "Then run pulumi up again: it goes on where it stopped"
    )


def never_issued(arn: str, urn: str) -> str:
    """What to do about a certificate that ACM has given up."""
    return (
        f"ACM will not issue the certificate {arn} any more. Why: aws acm describe-certificate --certificate-arn {arn} "
        "(after CAA_ERROR, let the domain's CAA records allow amazon.com). "
        f"Put that right and request another one: pulumi up --replace '{urn}'"
    )
