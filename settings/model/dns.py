"""DNS and certificate."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from settings.marks import Derived
from settings.model.section import Section
from settings.types import aws, network

CREATE: Final = "create"
EXISTING: Final = "existing"


class DnsSection(Section):
    """The Route 53 zone of the records, and the certificate of the sessions' hosts."""

    heading: ClassVar[str] = "DNS and certificate"

    hosted_zone: network.Domain | None = Field(
        default=None,
        description="Route 53 zone for the records, by name. Exactly one of this and `hostedZoneId`.",
        examples=["example.com"],
    )
    hosted_zone_id: aws.HostedZoneId | None = Field(
        default=None, description="Route 53 zone for the records, by id.", examples=["Z0123456789ABCDEFGHIJ"]
    )
    session_record: Literal["create", "existing"] = Field(
        default=CREATE,
        description="Whether the stack makes the record of the sessions, or leaves one that exists to its owner.",
        examples=[EXISTING],
    )
    certificate_arn: Annotated[aws.CertificateArn | None, Derived("one is made and validated")] = Field(
        default=None,
        description="An ACM certificate that exists already, for Platform's host and all its first-level subdomains.",
        examples=["arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"],
    )
    certificate_timeout: int = Field(
        default=1800,
        ge=10,
        le=86400,
        description="Seconds that ACM may take to issue the certificate, once its records are in the zone.",
        examples=[3600],
    )
