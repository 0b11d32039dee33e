"""Tokens of ``aws eks get-token``, made with botocore and reviewed without a server."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from testbed.emulator.token_review import Reviewer

ARN = "arn:aws:sts::123456789012:user/moto"
KEY = Credentials("AKIATEST", "the-secret")
REVIEWER = Reviewer(KEY, ARN, "123456789012", {"127.0.0.1:4566"})
CLUSTERS = ["other", "platform"]


def make_token(
    cluster: str = "platform",
    credentials: Credentials = KEY,
    host: str = "https://sts.us-east-1.amazonaws.com",
    query: str = "Action=GetCallerIdentity&Version=2011-06-15",
    header: str = "x-k8s-aws-id",
) -> str:
    request = AWSRequest("GET", f"{host}/?{query}", headers={header: cluster})
    SigV4QueryAuth(credentials, "sts", "us-east-1", expires=60).add_auth(request)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(request.url.encode()).decode().rstrip("=")


def review(token: str, later: timedelta = timedelta()) -> dict[str, Any]:
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    answer = REVIEWER.review(request, CLUSTERS, datetime.now(timezone.utc) + later)
    assert (answer["apiVersion"], answer["kind"]) == ("authentication.k8s.io/v1", "TokenReview")
    status: dict[str, Any] = answer["status"]
    return status


@pytest.mark.parametrize("host", ["https://sts.us-east-1.amazonaws.com", "http://127.0.0.1:4566"])
def test_a_token_for_the_cluster_makes_its_bearer_an_administrator(host: str) -> None:
    status = review(make_token(host=host))
    assert status["authenticated"] is True
    assert status["user"]["username"] == ARN
    assert status["user"]["groups"] == ["system:masters"]


def test_a_token_is_good_for_a_quarter_of_an_hour() -> None:
    token = make_token()
    assert review(token, timedelta(minutes=14))["authenticated"] is True
    expired = review(token, timedelta(minutes=16))
    assert expired == {
        "authenticated": False,
        "error": "X-Amz-Date parameter is expired (15 minute expiration)",
    }


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (make_token("production"), "the signature is not of this access key and cluster"),
        (
            make_token(credentials=Credentials("AKIATEST", "guessed")),
            "the signature is not of this access key and cluster",
        ),
        (
            make_token(credentials=Credentials("AKIAOTHER", "the-secret")),
            "the access key of the pre-signed URL is not known",
        ),
        (
            make_token(host="https://sts.evil.example.com"),
            "unexpected hostname 'sts.evil.example.com' in pre-signed URL",
        ),
        (make_token(query="Action=AssumeRole&Version=2011-06-15"), "unexpected action parameter in pre-signed URL"),
        (
            make_token(query="Action=GetCallerIdentity&Version=2011-06-15&More=1"),
            "non-whitelisted query parameter 'More'",
        ),
        (make_token(header="x-other"), "client did not sign the x-k8s-aws-id header in the pre-signed URL"),
        ("eyJhbGciOi", "token is missing expected 'k8s-aws-v1.' prefix"),
        ("", "token is missing expected 'k8s-aws-v1.' prefix"),
    ],
)
def test_any_other_token_is_refused(token: str, error: str) -> None:
    assert review(token) == {"authenticated": False, "error": error}
