"""What EKS runs beside its API server: the webhook that turns a token of ``aws eks get-token`` into a user.

Such a token is a presigned STS GetCallerIdentity request, signed together with the header ``x-k8s-aws-id``, which
names the cluster. EKS sends the request to STS; here the signature is recomputed with the testbed's own secret key.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PREFIX: Final = "k8s-aws-v1."
CLUSTER_HEADER: Final = "x-k8s-aws-id"
#: A token is good for so long after the moment in it, whatever X-Amz-Expires says.
LIFETIME: Final = timedelta(minutes=15)
_CLOCK_SKEW: Final = timedelta(minutes=1)
_PARAMETERS: Final = frozenset(
    {
        "Action",
        "Version",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "x-amz-security-token",
    }
)


class TokenRefusedError(Exception):
    """The token does not prove who its bearer is."""


@dataclass(frozen=True)
class Reviewer:
    """Knows what a good token looks like.

    Attributes:
        credentials: the access key that the testbed hands out, or that of a role, with its secret.
        arn: who the bearer of that key is; becomes the Kubernetes user name.
        account_id: the account of that key.
        own_hosts: ``host:port`` of the emulator itself: with AWS_ENDPOINT_URL set, the AWS CLI signs for that host.
    """

    credentials: Credentials
    arn: str
    account_id: str
    own_hosts: Collection[str]

    def review(self, request: dict[str, Any], clusters: Collection[str], now: datetime) -> dict[str, Any]:
        """Answers a TokenReview with a TokenReview.

        Args:
            request: the review as the API server sends it.
            clusters: the names of the clusters that a token may be for.
            now: the time, with its zone.
        """
        token = (request.get("spec") or {}).get("token") or ""
        try:
            self.verify(token, clusters, now)
        except TokenRefusedError as error:
            status: dict[str, Any] = {"authenticated": False, "error": str(error)}
        else:
            status = {"authenticated": True, "user": self._user()}
        return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}

    def verify(self, token: str, clusters: Collection[str], now: datetime) -> str:
        """Checks a token and returns the name of the cluster that it is for.

        Raises:
            TokenRefusedError: it is not one of ours, or not any more.
        """
        url = _presigned_url(token)
        parts = urlsplit(url)
        parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
        self._check_host(parts.scheme, parts.netloc, parts.path)
        unknown = sorted(parameters.keys() - _PARAMETERS)
        if unknown:
            raise TokenRefusedError(f"non-whitelisted query parameter {unknown[0]!r}")
        if parameters.get("Action") != "GetCallerIdentity":
            raise TokenRefusedError("unexpected action parameter in pre-signed URL")
        if CLUSTER_HEADER not in parameters.get("X-Amz-SignedHeaders", "").lower().split(";"):
            raise TokenRefusedError(f"client did not sign the {CLUSTER_HEADER} header in the pre-signed URL")
        scope = parameters.get("X-Amz-Credential", "").split("/")
        if len(scope) != 5 or scope[0] != self.credentials.access_key or scope[3] != "sts":
            raise TokenRefusedError("the access key of the pre-signed URL is not known")
        _check_age(parameters.get("X-Amz-Date", ""), now)
        for cluster in clusters:
            signature = self._signature(parts._replace(query=""), parameters, scope[2], cluster)
            if hmac.compare_digest(signature, parameters.get("X-Amz-Signature", "")):
                return cluster
        raise TokenRefusedError("the signature is not of this access key and cluster")

    def _check_host(self, scheme: str, host: str, path: str) -> None:
        is_sts = (
            scheme == "https" and host.startswith("sts.") and host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
        )
        if not is_sts and host not in self.own_hosts:
            raise TokenRefusedError(f"unexpected hostname {host!r} in pre-signed URL")
        if path != "/":
            raise TokenRefusedError("unexpected path in pre-signed URL")

    def _signature(self, parts: Any, parameters: dict[str, str], region: str, cluster: str) -> str:
        signed = {key: value for key, value in parameters.items() if key != "X-Amz-Signature"}
        request = AWSRequest("GET", f"{urlunsplit(parts)}?{urlencode(signed)}", headers={CLUSTER_HEADER: cluster})
        request.context["timestamp"] = parameters["X-Amz-Date"]
        auth = SigV4QueryAuth(self.credentials, "sts", region)
        canonical = auth.canonical_request(request)
        signature: str = auth.signature(auth.string_to_sign(request, canonical), request)
        return signature

    def _user(self) -> dict[str, Any]:
        return {
            "username": self.arn,
            "uid": f"aws-iam-authenticator:{self.account_id}:{self.credentials.access_key}",
            "groups": ["system:masters"],
            "extra": {"arn": [self.arn], "accessKeyId": [self.credentials.access_key]},
        }


def access_key_of(token: str) -> str:
    """The access key that a token is signed with; empty for anything else."""
    try:
        parameters = dict(parse_qsl(urlsplit(_presigned_url(token)).query))
    except TokenRefusedError:
        return ""
    return parameters.get("X-Amz-Credential", "").partition("/")[0]


def _presigned_url(token: str) -> str:
    if not token.startswith(PREFIX):
        raise TokenRefusedError(f"token is missing expected {PREFIX!r} prefix")
    encoded = token[len(PREFIX) :]
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise TokenRefusedError("the token is not base64 of a URL") from error


def _check_age(stamp: str, now: datetime) -> None:
    try:
        made = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise TokenRefusedError("X-Amz-Date is not a time") from error
    if not made - _CLOCK_SKEW <= now <= made + LIFETIME:
        raise TokenRefusedError("X-Amz-Date parameter is expired (15 minute expiration)")
