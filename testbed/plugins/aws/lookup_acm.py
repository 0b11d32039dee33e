"""``aws:acm``: the lookup of a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from testbed.plugins.aws import tagging
from testbed.plugins.aws.acm import find_certificate
from testbed.plugins.aws.schema import Argument, Arguments, Lookup
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import Properties, ProviderError


class GetCertificate(Lookup):
    """``aws.acm.get_certificate``."""

    qualified_name = "aws:acm/getCertificate:getCertificate"
    title = "ACM Certificates"
    arguments: ClassVar[Arguments] = {
        "domain": Argument("string"),
        "keyTypes": Argument("list"),
        "mostRecent": Argument("bool", default=False),
        "statuses": Argument("list"),
        "tags": Argument("map"),
        "types": Argument("list"),
    }

    def find(self, aws: Aws, args: Properties) -> Properties:
        """Exactly one, or the latest of several with ``mostRecent``."""
        statuses = args.get("statuses") or ["ISSUED"]
        client = aws.client("acm")
        arns = [
            summary["CertificateArn"]
            for page in client.get_paginator("list_certificates").paginate(CertificateStatuses=statuses)
            for summary in page["CertificateSummaryList"]
            if args.get("domain") in (None, summary["DomainName"])
        ]
        found = [certificate for arn in arns if (certificate := find_certificate(aws, arn))]
        if args.get("types"):
            found = [certificate for certificate in found if certificate["Type"] in args["types"]]
        if args.get("keyTypes"):
            found = [certificate for certificate in found if certificate["KeyAlgorithm"] in args["keyTypes"]]
        if args.get("tags"):
            found = [
                certificate for certificate in found if args["tags"].items() <= self._tags(aws, certificate).items()
            ]
        if not found:
            raise ProviderError("no ACM Certificate matching domain " + repr(args.get("domain", "")) + " found")
        if len(found) > 1 and not args["mostRecent"]:
            raise ProviderError(f"multiple ACM Certificates matching domain {args.get('domain', '')!r}")
        latest = max(found, key=lambda certificate: certificate.get("NotBefore") or certificate["CreatedAt"])
        arn = latest["CertificateArn"]
        answer = {**args, "id": arn, "arn": arn, "status": latest["Status"], "tags": self._tags(aws, latest)}
        if latest["Status"] == "ISSUED":
            body = client.get_certificate(CertificateArn=arn)
            answer |= {"certificate": body["Certificate"], "certificateChain": body.get("CertificateChain", "")}
        return {**answer, "domain": latest["DomainName"]}

    @staticmethod
    def _tags(aws: Aws, certificate: Mapping[str, Any]) -> dict[str, str]:
        arn = certificate["CertificateArn"]
        return tagging.to_dict(aws.client("acm").list_tags_for_certificate(CertificateArn=arn)["Tags"])
