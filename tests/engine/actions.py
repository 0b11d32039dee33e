"""What a request to AWS asks for, in the words of a policy."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from urllib.parse import parse_qs

from testbed import paths
from testbed.faults import Request

_ROUTE53 = {
    ("GET", "hostedzonesbyname"): "ListHostedZonesByName",
    ("GET", "hostedzone"): "ListHostedZones",
    ("GET", "hostedzone/ID"): "GetHostedZone",
    ("GET", "hostedzone/ID/rrset"): "ListResourceRecordSets",
    ("POST", "hostedzone/ID/rrset"): "ChangeResourceRecordSets",
    ("GET", "tags/hostedzone/ID"): "ListTagsForResource",
    ("GET", "change/ID"): "GetChange",
}
#: Services with JSON for a protocol, by what their targets begin with; and with forms, by the version of the API.
_TARGETS = {"CertificateManager": "acm", "AmazonSSM": "ssm", "secretsmanager": "secretsmanager"}
_VERSIONS = {
    "2010-05-08": "iam",
    "2011-06-15": "sts",
    "2015-12-01": "elasticloadbalancing",
    "2016-11-15": "ec2",
}


def action_of(request: Request) -> str:
    """Such as ``acm:DescribeCertificate``."""
    if request.aws_target:
        service, _, action = request.aws_target.partition(".")
        return f"{_TARGETS[service]}:{action}"
    path, _, query = request.path.partition("?")
    if path.startswith("/2013-04-01/"):
        place = re.sub(r"(hostedzone|change)/[A-Z0-9]+", r"\1/ID", path.removeprefix("/2013-04-01/").strip("/"))
        return f"route53:{_ROUTE53[request.method, place]}"
    form = parse_qs(request.body.decode() or query)
    return f"{_VERSIONS[form['Version'][0]]}:{form['Action'][0]}"


def undocumented(made: set[str], policy: str) -> set[str]:
    """The actions that a policy in docs/ does not allow."""
    statements = json.loads((paths.CHECKOUT / "docs" / policy).read_text())["Statement"]
    allowed = [each["Action"] for each in statements]
    patterns = {action for each in allowed for action in ([each] if isinstance(each, str) else each)}
    return {action for action in made if not any(fnmatch(action, pattern) for pattern in patterns)}
