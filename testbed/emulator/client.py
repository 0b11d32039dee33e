"""Clients of the emulator, for whoever has the variables of a shell against the testbed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def client(service: str, environment: Mapping[str, str]) -> Any:
    """A boto3 client; ``environment`` is what `python -m testbed env` prints, not that of the person at the shell."""
    # Half a second to import, and the command line needs it for one of its commands.
    import boto3

    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def validated_certificate(acm: Any, route53: Any, zone: str, *names: str) -> str:
    """Requests a certificate for the names, makes the records that validate it in the zone, and returns its ARN."""
    asked = acm.request_certificate(DomainName=names[0], SubjectAlternativeNames=list(names), ValidationMethod="DNS")
    arn = str(asked["CertificateArn"])
    for option in acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]:
        record = option["ResourceRecord"]
        values = {"Name": record["Name"], "Type": record["Type"], "ResourceRecords": [{"Value": record["Value"]}]}
        change = {"Action": "UPSERT", "ResourceRecordSet": {**values, "TTL": 300}}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    return arn
