"""DNS and certificate."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from settings.marks import Derived, Only
from settings.model.section import Section
from settings.targets import KUBERNETES
from settings.types import aws, network

CREATE: Final = "create"
EXISTING: Final = "existing"
TAKE_OVER: Final = "takeOver"
ROUTE53: Final = "route53"
EXTERNAL_DNS: Final = "external-dns"
NO_DNS: Final = "none"


class DnsSection(Section):
    """The Route 53 zone of the records, and the certificate of the sessions' hosts."""

    heading: ClassVar[str] = "DNS and certificate"

    dns: Literal["route53", "external-dns", "none"] = Field(
        default=ROUTE53,
        description=(
            "Who makes the DNS records: `route53` for this stack, `external-dns` for external-dns, by annotations of "
            "the Ingress, or `none`: the output `recordsToMake` names them."
        ),
        examples=[EXTERNAL_DNS],
    )
    hosted_zone: Annotated[network.Domain | None, Derived("the most specific public zone that holds the hosts")] = (
        Field(
            default=None,
            description="Public Route 53 zone for the records, by name. At most one of this and `hostedZoneId`.",
            examples=["example.com"],
        )
    )
    hosted_zone_id: aws.HostedZoneId | None = Field(
        default=None, description="Route 53 zone for the records, by id.", examples=["Z0123456789ABCDEFGHIJ"]
    )
    private_hosted_zone_id: aws.HostedZoneId | None = Field(
        default=None,
        description=(
            "Private Route 53 zone, by id, for the record of the sessions; the public zone then holds only the records "
            "that validate the certificate."
        ),
        examples=["Z0123456789KLMNOPQRST"],
    )
    hosted_zone_role_arn: aws.RoleArn | None = Field(
        default=None,
        description="IAM role to assume for the zones, where they are in another account than the cluster.",
        examples=["arn:aws:iam::444455556666:role/dns-editor"],
    )
    hosted_zone_external_id: aws.ExternalId | None = Field(
        default=None,
        description="External id that the trust policy of `hostedZoneRoleArn` asks for.",
        examples=["studios-1"],
    )
    session_record: Literal["create", "existing", "takeOver"] = Field(
        default=CREATE,
        description=(
            "The record of the sessions: `create` makes it, and refuses one that exists; `existing` leaves one that "
            "exists to its owner; `takeOver` replaces one that exists, and brings it back on destroy, or once "
            "`existing` is written."
        ),
        examples=[TAKE_OVER],
    )
    certificate: Annotated[Literal["create", "none"], Only(KUBERNETES)] = Field(
        default=CREATE,
        description=(
            "Whether the stack makes an ACM certificate, unless `certificateArn` names one, or makes none: `none`, for "
            "a route of your own (`ingress: none`) with a certificate from elsewhere, such as cert-manager's."
        ),
        examples=["none"],
    )
    certificate_arn: Annotated[aws.CertificateArn | None, Derived("one is made and validated")] = Field(
        default=None,
        description=(
            "An ACM certificate that exists already, in the region of the load balancer, for the host of `connectUrl` "
            "and its neighbours: `*.` and the parent of that host. With `pathRouting`: for that host."
        ),
        examples=["arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"],
    )
    certificate_timeout: int = Field(
        default=1800,
        ge=10,
        le=86400,
        description="Seconds that ACM may take to issue the certificate, once its records are in the zone.",
        examples=[3600],
    )
