"""Every way in which AWS does not answer as it should is one message that says what to do."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey import aws
from survey.aws import AwsAccess, AwsAccount, Patience
from survey.certificate import survey_certificate
from survey.compose import find_site
from survey.dns import find_zone
from survey.eks import find_eks_cluster
from tests.compose_bundle import STACK

from .conftest import LEAST, Clock

ACCOUNT = "123456789012"
ARN = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/me</Arn><UserId>U</UserId></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""

Answer = tuple[int, str]

ROLE = "role_arn = arn:aws:iam::123456789012:role/x"
CHECK = "check that `aws sts get-caller-identity --profile ops` works from here"
UNUSABLE = f"where the credentials are, /does/not/exist cannot be used: No such file or directory; {CHECK}"
NO_JSON = f"the credentials cannot be read: Expecting value: line 1 column 1 (char 0); {CHECK}"
NO_SESSION = (
    "the session of AWS IAM Identity Center has ended (Error loading SSO Token: Token for corp does not exist); sign "
    "in: `aws sso login --profile ops`"
)
NO_CODE = (
    "it asks for an MFA code (mfa_serial), which cannot be typed here; put the credentials of a session into the "
    "environment instead, which `aws configure export-credentials --format env --profile ops` prints"
)
SSO = """sso_session = corp
sso_account_id = 123456789012
sso_role_name = admin
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.awsapps.com/start
"""
MFA = f"""{ROLE}
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/me
[profile base]
aws_access_key_id = x
aws_secret_access_key = x
"""


class Endpoint:
    """A server in the place of every service; by default it knows the account and nothing else."""

    def __init__(self) -> None:
        self.url = ""
        self.identity: Answer | None = (200, IDENTITY)
        self.answer: Callable[[str], Answer | None] = lambda action: (404, "")
        self.asked: list[str] = []

    def reply(self, action: str) -> Answer | None:
        self.asked.append(action)
        return self.identity if action == "GetCallerIdentity" else self.answer(action)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Endpoint]:
    made, ended = Endpoint(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = dict(pair.split("=", 1) for pair in body.split("&") if pair.count("=") == 1 and "{" not in body)
            action = self.headers.get("X-Amz-Target", "").rpartition(".")[2] or form.get("Action") or self.path
            answer = made.reply(action)
            if answer is None:
                ended.wait(20)
                self.close_connection = True
                return
            content = answer[1].encode()
            self.send_response(answer[0])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 (the name that http.server calls)

        def log_message(self, *_: object) -> None:
            """Keeps the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": made.url,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    yield made
    ended.set()
    server.shutdown()
    server.server_close()


def account(*, patience: Patience = aws.PREVIEW, **access: Any) -> AwsAccount:
    return AwsAccount(AwsAccess(**{"region": "us-east-1", **access}), patience)


def refused(look: Callable[[], object]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        look()
    problems = [str(problem) for problem in caught.value.problems]
    assert not any("Traceback" in problem or "\n" in problem for problem in problems)
    return problems


LOOKUPS: dict[str, tuple[Callable[[AwsAccount], object], str, str]] = {
    "a zone by its name": (
        lambda found: find_zone(found, parse_settings(LEAST)),
        'seqera-studios:hostedZone: "example.com" cannot be looked up: ',
        "route53:ListHostedZones",
    ),
    "a zone by its id": (
        lambda found: find_zone(found, parse_settings({**LEAST, "hostedZone": None, "hostedZoneId": "Z0123456789"})),
        'seqera-studios:hostedZoneId: "Z0123456789" cannot be looked up: ',
        "route53:GetHostedZone",
    ),
    "a certificate": (
        lambda found: survey_certificate(found, parse_settings({**LEAST, "certificateArn": ARN})),
        f'seqera-studios:certificateArn: "{ARN}" cannot be looked up: ',
        "acm:DescribeCertificate",
    ),
    "an EKS cluster": (
        lambda found: find_eks_cluster(found, "prod"),
        'seqera-studios:eksCluster: "prod" cannot be looked up: ',
        "eks:DescribeCluster",
    ),
    "an instance": (
        lambda found: find_site(parse_settings(STACK), found),
        'seqera-studios:instanceId: "i-0123456789abcdef0" cannot be looked up: ',
        "ec2:DescribeInstances",
    ),
    "a load balancer": (
        lambda found: find_site(parse_settings(STACK), found),
        'seqera-studios:loadBalancer: "platform" cannot be looked up: ',
        "elasticloadbalancing:DescribeLoadBalancers",
    ),
}


def failing(code: str, status: int = 400) -> Callable[[str], Answer]:
    """An error as each service would write it."""
    error = f"<Code>{code}</Code><Message>for a test</Message>"

    def answer(action: str) -> Answer:
        if action.startswith("/clusters") or action == "DescribeCertificate":
            return status, json.dumps({"__type": code, "message": "for a test"})
        if action == "DescribeInstances":
            return status, f"<Response><Errors><Error>{error}</Error></Errors></Response>"
        return status, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"

    return answer


def told(endpoint: Endpoint, lookup: str, patience: Patience = aws.PREVIEW) -> str:
    look, start, _ = LOOKUPS[lookup]
    found = [problem for problem in refused(lambda: look(account(patience=patience))) if problem.startswith(start)]
    assert len(found) == 1
    return found[0].removeprefix(start)


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
@pytest.mark.parametrize("lookup", [each for each in LOOKUPS if each != "a certificate"])
def test_a_lookup_that_is_denied_names_the_right_that_lacks(endpoint: Endpoint, lookup: str, code: str) -> None:
    endpoint.answer = failing(code, 403)
    assert told(endpoint, lookup).startswith(
        f"these credentials may not call {LOOKUPS[lookup][2]}; allow it (docs/rights.md lists what a deployment needs)"
    )


def test_a_certificate_that_may_not_be_read_is_taken_as_it_is(endpoint: Endpoint) -> None:
    endpoint.answer = failing("AccessDeniedException")
    survey_certificate(account(), parse_settings({**LEAST, "certificateArn": ARN}))


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "Throttling", "RequestLimitExceeded", "PriorRequestNotComplete"]
)
@pytest.mark.parametrize("lookup", LOOKUPS)
def test_a_throttled_lookup_says_so_after_it_was_made_again(
    endpoint: Endpoint, lookup: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    monkeypatch.setattr(aws, "time", Clock())
    endpoint.answer = failing(code)
    shortly = replace(aws.PREVIEW, throttled=1)
    assert told(endpoint, lookup, shortly).startswith(f"AWS throttles {LOOKUPS[lookup][2]}; run the command again")
    assert len(endpoint.asked) > 3


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "UnrecognizedClientException"])
@pytest.mark.parametrize("lookup", LOOKUPS)
def test_credentials_that_end_on_the_way_are_named(endpoint: Endpoint, lookup: str, code: str) -> None:
    endpoint.answer = failing(code, 403)
    assert told(endpoint, lookup).startswith(f"AWS does not accept the credentials ({code}); renew them")


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_another_error_of_aws_is_shown_with_its_code_and_text(
    endpoint: Endpoint, lookup: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    endpoint.answer = failing("ServiceUnavailable", 503)
    action = LOOKUPS[lookup][2]
    assert told(endpoint, lookup).startswith(f"AWS answers ServiceUnavailable to {action}: for a test")


MALFORMED = ["", "<html><body>Sign in</body></html>", "{", "[]", "null", '{"items": 3}', "<A/>", "not AWS at all"]


@pytest.mark.parametrize("content", MALFORMED)
@pytest.mark.parametrize("lookup", LOOKUPS)
def test_what_aws_would_not_answer_is_one_sentence(endpoint: Endpoint, lookup: str, content: str) -> None:
    endpoint.answer = lambda _: (200, content)
    problems = refused(lambda: LOOKUPS[lookup][0](account()))
    (said,) = (each for each in problems if each.startswith(LOOKUPS[lookup][1].partition(" cannot")[0]))
    nothing_there = said.endswith(" it has no public one") or " is not in account " in said
    assert nothing_there or f"what answers to {LOOKUPS[lookup][2]} at {endpoint.url} is not AWS" in said


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_a_service_that_does_not_answer_is_waited_for_for_a_while_only(
    endpoint: Endpoint, lookup: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortly = replace(aws.PREVIEW, read=0.1)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    endpoint.answer = lambda _: None
    said = told(endpoint, lookup, shortly)
    assert said.startswith(f"{endpoint.url}")
    assert "does not answer (timed out)" in said
    asked = Counter(action for action in endpoint.asked if action != "GetCallerIdentity")
    assert max(asked.values()) == shortly.attempts


class TestTheAccount:
    """What is wrong with the way to AWS is said once, by the setting that leads there."""

    def test_it_is_known_by_its_number(self, endpoint: Endpoint) -> None:
        assert account().id == ACCOUNT
        assert account(allowed_account_ids=[ACCOUNT], forbidden_account_ids=["1"]).id == ACCOUNT

    def test_without_credentials_there_is_one_message(
        self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        assert refused(lambda: account().id) == [
            (
                "aws:profile: is not set, and there are no credentials in the environment; "
                "check that `aws sts get-caller-identity` works from here"
            )
        ]

    def test_a_profile_that_is_missing_is_named(self, endpoint: Endpoint) -> None:
        assert refused(lambda: account(profile="ops").id) == [
            (
                'aws:profile: "ops" gives no way to AWS: there is no such profile in the AWS configuration; '
                "check that `aws sts get-caller-identity --profile ops` works from here"
            )
        ]

    def test_a_profile_of_the_environment_that_is_missing_is_named(
        self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", "ops")
        assert refused(lambda: account().id) == [
            (
                "aws:profile: is not set, and the profile ops, which AWS_PROFILE names, is not in the AWS "
                "configuration; check that `aws sts get-caller-identity` works from here"
            )
        ]

    def test_a_profile_without_credentials_is_named(self, endpoint: Endpoint, tmp_path: Path) -> None:
        (tmp_path / "config").write_text("[profile ops]\nregion = eu-west-1\n")
        assert refused(lambda: account(profile="ops").id) == [
            (
                'aws:profile: "ops" gives no way to AWS: there are no credentials in it; '
                "check that `aws sts get-caller-identity --profile ops` works from here"
            )
        ]

    @pytest.mark.parametrize("code", ["InvalidClientTokenId", "ExpiredToken", "SignatureDoesNotMatch"])
    def test_credentials_that_aws_does_not_accept_are_one_message(self, endpoint: Endpoint, code: str) -> None:
        endpoint.identity = failing(code, 403)("GetCallerIdentity")
        assert refused(lambda: account().id) == [
            (
                f"aws:profile: is not set, and AWS does not accept the credentials ({code}); renew them; "
                "check that `aws sts get-caller-identity` works from here"
            )
        ]

    @pytest.mark.parametrize("region", ["eu-wst-1", "europe", "eu-west-11"])
    def test_a_region_that_does_not_exist_is_named(self, endpoint: Endpoint, region: str) -> None:
        assert refused(lambda: account(region=region).id) == [
            f'aws:region: "{region}" is not an AWS region; write one such as eu-west-1'
        ]

    def test_a_region_that_is_not_set_anywhere_is_asked_for(
        self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
        assert refused(lambda: account(region=None).id) == [
            "aws:region: is not set; write the one of the load balancer: pulumi config set aws:region eu-west-1"
        ]

    @pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
    def test_regions_of_all_partitions_are_known(self, endpoint: Endpoint, region: str) -> None:
        assert account(region=region).id == ACCOUNT

    def test_an_account_that_is_not_allowed_is_named(self, endpoint: Endpoint) -> None:
        assert refused(lambda: account(allowed_account_ids=["111122223333"]).id) == [
            (
                f'aws:allowedAccountIds: ["111122223333"] does not hold {ACCOUNT}, the account of the credentials of '
                "the environment; use the credentials of another account, or change the list"
            )
        ]

    def test_an_account_that_is_forbidden_is_named(self, endpoint: Endpoint) -> None:
        assert refused(lambda: account(forbidden_account_ids=[ACCOUNT]).id) == [
            (
                f'aws:forbiddenAccountIds: ["{ACCOUNT}"] holds {ACCOUNT}, the account of the credentials of the '
                "environment; use the credentials of another account, or change the list"
            )
        ]

    def test_aws_out_of_reach_is_one_message(self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
        assert refused(lambda: account().id) == [
            (
                'aws:region: "us-east-1" gives no way to AWS: http://127.0.0.1:1/ does not answer (Connection '
                "refused); check the region, and the way to AWS from here (HTTPS_PROXY, NO_PROXY)"
            )
        ]

    def test_what_is_not_aws_is_one_message(self, endpoint: Endpoint) -> None:
        endpoint.identity = (200, "<html>Sign in</html>")
        (problem,) = refused(lambda: account().id)
        assert problem == (
            f'aws:region: "us-east-1" gives no way to AWS: what answers to sts:GetCallerIdentity at {endpoint.url} is '
            "not AWS; check the region, and the way to AWS from here (HTTPS_PROXY, NO_PROXY)"
        )

    def test_a_command_for_credentials_that_hangs_is_not_waited_for(
        self, endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(aws, "_WHOLE_SECONDS", 0.3)
        (tmp_path / "config").write_text("[profile ops]\ncredential_process = sleep 30\n")
        before = time.monotonic()
        (problem,) = refused(lambda: account(profile="ops").id)
        assert time.monotonic() - before < 20
        assert problem.startswith(
            'aws:profile: "ops" gives no way to AWS: getting credentials takes longer than 0.3 s; check'
        )

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            ("credential_process = /does/not/exist", UNUSABLE),
            (f"{ROLE}\nweb_identity_token_file = /does/not/exist", UNUSABLE),
            ("credential_process = echo Sign in first", NO_JSON),
            (SSO, NO_SESSION),
            (MFA, NO_CODE),
        ],
        ids=["no such command", "no such token", "no JSON", "SSO has ended", "MFA"],
    )
    def test_a_profile_that_gives_no_credentials_is_told_with_the_reason(
        self, endpoint: Endpoint, tmp_path: Path, config: str, said: str
    ) -> None:
        (tmp_path / "config").write_text(f"[profile ops]\n{config}\n")
        assert refused(lambda: account(profile="ops").id) == [f'aws:profile: "ops" gives no way to AWS: {said}']

    def test_a_profile_with_a_space_in_its_name_is_quoted_in_the_command(self, endpoint: Endpoint) -> None:
        (problem,) = refused(lambda: account(profile="my ops").id)
        assert "`aws sts get-caller-identity --profile 'my ops'`" in problem

    def test_an_address_in_the_environment_that_is_not_a_url_is_told_as_one(
        self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")
        assert refused(lambda: account().id) == [
            (
                "aws:endpoints: give no way to AWS: an address of AWS is not a URL (Invalid endpoint: localhost:4566); "
                "write a URL, for example http://localhost:4566 (AWS_ENDPOINT_URL, or endpoint_url in the profile)"
            )
        ]

    def test_credentials_with_a_line_break_are_not_shown(
        self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA\nEXAMPLE")
        assert refused(lambda: account().id) == [
            (
                "aws:profile: is not set, and the credentials have a line break, or another character that they cannot "
                "have; check that `aws sts get-caller-identity` works from here"
            )
        ]

    def test_a_proxy_that_does_not_answer_is_told_without_the_rest_of_pythons_nesting(
        self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
        (problem,) = refused(lambda: account(more={"httpProxy": "http://127.0.0.1:1"}).id)
        assert "gives no way to AWS: AWS does not answer (Connection refused); check" in problem


@pytest.mark.parametrize(
    ("text", "ids"),
    [(None, ()), ("[]", ()), ('["1", "2"]', ("1", "2")), ("[12]", ("12",)), ("nonsense", ("nonsense",))],
)
def test_the_lists_of_accounts_are_read_as_pulumi_hands_them_over(text: str | None, ids: tuple[str, ...]) -> None:
    config = SimpleNamespace(
        region="us-east-1", profile=None, allowed_account_ids=text, forbidden_account_ids=None, default_tags=None
    )
    assert AwsAccess.configured(config).allowed_account_ids == ids


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        (None, {}),
        ('{"tags": {"owner": "us", "number": 7}}', {"owner": "us", "number": "7"}),
        ("{}", {}),
        ("nonsense", {}),
        ("[]", {}),
    ],
)
def test_the_default_tags_are_read_as_pulumi_hands_them_over(text: str | None, tags: dict[str, str]) -> None:
    config = SimpleNamespace(
        region="us-east-1", profile=None, allowed_account_ids=None, forbidden_account_ids=None, default_tags=text
    )
    assert AwsAccess.configured(config).default_tags == tags
