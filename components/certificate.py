"""The TLS certificate of the Platform and Studios hosts."""

from __future__ import annotations

from collections.abc import Sequence
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
    """The Platform's host, without scheme: `example.com`."""
    connect_host: str
    """The connect proxy's host: `connect.example.com`."""
    path_routing: bool = False
    """Whether sessions are paths of the connect host, so that no wildcard is needed."""
    zone_id: pulumi.Input[str] | None = None
    """The public hosted zone that the validation records go into; needed unless `certificateArn` is given."""
    certificate_arn: pulumi.Input[str] | None = None
    """An issued certificate that covers those hosts; then nothing is created."""
    issue_seconds: int = ISSUE_SECONDS
    """How long ACM may take to issue the certificate, once its records exist."""


class WildcardCertificate(pulumi.ComponentResource):
    """An issued ACM certificate for `host` and `*.host`; with path routing for `host` and the connect host.

    The validation record of ``host`` is shared with Platform's own certificate, so it may exist, and destroy leaves it.
    Validated by DNS: https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html

    Raises:
        ValueError: neither a hosted zone nor an existing certificate is given.
    """

    certificate_arn: pulumi.Output[str]
    """The ARN of the certificate, known once it is issued."""

    def __init__(self, name: str, args: WildcardCertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:WildcardCertificate", name, {}, opts)
        if args.certificate_arn is not None:
            self.certificate_arn = pulumi.Output.from_input(args.certificate_arn)
        elif args.zone_id is not None:
            self.certificate_arn = self._issue(name, args, args.zone_id)
        else:
            raise ValueError("WildcardCertificate needs zone_id or certificate_arn")
        self.register_outputs({"certificate_arn": self.certificate_arn})

    def _issue(self, name: str, args: WildcardCertificateArgs, zone_id: pulumi.Input[str]) -> pulumi.Output[str]:
        certificate = acm.Certificate(
            f"{name}-certificate",
            domain_name=args.host,
            subject_alternative_names=[args.connect_host if args.path_routing else f"*.{args.host}"],
            validation_method="DNS",
            # ACM certificates have no name: these tags name the owner, for people and for the recovery of a stack.
            tags={"pulumi:project": pulumi.get_project(), "pulumi:stack": pulumi.get_stack()},
            opts=pulumi.ResourceOptions(parent=self),
        )
        # ACM validates a wildcard by its apex's record: one for both, and creating it twice fails.
        domains = {"apex": args.host, "connect": args.connect_host} if args.path_routing else {"apex": args.host}
        records = [
            self._validation_record(
                f"{name}-validation-{label}", certificate, domain, zone_id, is_shared=domain == args.host
            )
            for label, domain in domains.items()
        ]

        async def explain(failure: pulumi.ErrorHookArgs) -> str:
            arn, urn = await certificate.arn.future(), await certificate.urn.future()
            options = await certificate.domain_validation_options.future() or []
            if "PENDING_VALIDATION" not in failure.errors[0]:
                return never_issued(str(arn), str(urn))
            wanted = [validation_option(options, domain) for domain in domains.values()]
            return not_yet_issued(str(arn), wanted, args.issue_seconds)

        return acm.CertificateValidation(
            f"{name}-issued",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records],
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=pulumi.CustomTimeouts(create=f"{args.issue_seconds}s"),
                hooks=explained(f"{name}-issued-explained", explain, self),
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
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=is_shared),
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
    arn: str, wanted: Sequence[acm.outputs.CertificateDomainValidationOption], waited_seconds: int
) -> str:
    """What to do about a certificate with records that ACM has not found."""
    records = "\n".join(
        f"  {option.resource_record_name} {option.resource_record_type} {option.resource_record_value}"
        for option in wanted
    )
    name = wanted[0].resource_record_name
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
