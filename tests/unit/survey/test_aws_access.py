"""The program's own calls have the identity that the AWS provider has from the same configuration."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.sts.models import sts_backends

from settings.durations import seconds as seconds_of
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.aws import AwsAccount
from survey.aws_access import ZONES_ROLE, AwsAccess
from survey.aws_errors import AwsError
from survey.aws_session import AwsSession
from survey.dns import FoundZones, find_zones, role_of_zones
from survey.eks import kubeconfig_of, unmatched

from .conftest import LEAST

OWN, OTHER, THIRD = "123456789012", "444455556666", "777788889999"
DEPLOYER = f"arn:aws:iam::{OTHER}:role/deployer"
EDITOR = f"arn:aws:iam::{THIRD}:role/dns-editor"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    with mock_aws():
        yield


def access(**configured: object) -> AwsAccess:
    """As Pulumi hands configuration over: a value that is not text as JSON in one."""
    values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in configured.items()}
    return AwsAccess.read({"region": "us-east-1", **values}.get)


def who(**configured: object) -> str:
    """The ARN of the identity."""
    found: str = AwsSession(access(**configured)).client("sts", "us-east-1").get_caller_identity()["Arn"]
    return found


def said(found: AwsAccess) -> list[str]:
    return [str(problem) for problem in found.problems()]


def test_the_role_of_the_provider_is_assumed(aws: None) -> None:
    roles = [{"roleArn": DEPLOYER, "sessionName": "studios"}]
    assert who(assumeRoles=roles) == f"arn:aws:sts::{OTHER}:assumed-role/deployer/studios"
    assert AwsAccount(access(assumeRoles=roles)).id == OTHER


def test_roles_are_assumed_one_after_the_other(aws: None) -> None:
    roles = [{"roleArn": DEPLOYER}, {"roleArn": EDITOR, "sessionName": "last"}]
    assert who(assumeRoles=roles) == f"arn:aws:sts::{THIRD}:assumed-role/dns-editor/last"
    # The second by the first.
    assert [each.role_arn for each in sts_backends[OTHER]["aws"].assumed_roles] == [DEPLOYER]
    assert [each.role_arn for each in sts_backends[THIRD]["aws"].assumed_roles] == [EDITOR]


def test_a_role_gets_everything_that_the_provider_asks_for_it_with(aws: None) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    who(assumeRoles=[{"roleArn": DEPLOYER, "externalId": "studios-1", "duration": "30m", "policy": policy}])
    (assumed,) = sts_backends[OTHER]["aws"].assumed_roles
    assert (assumed.external_id, assumed.policy) == ("studios-1", policy)
    left = assumed.expiration.replace(tzinfo=timezone.utc) - datetime.now(timezone.utc)
    assert 1790 < left.total_seconds() <= 1800


@pytest.mark.parametrize("given", ["file", "text"])
def test_a_web_identity_comes_before_keys_and_profile(aws: None, tmp_path: Path, given: str) -> None:
    (tmp_path / "token").write_text("a-token\n")
    token = {"webIdentityTokenFile": str(tmp_path / "token")} if given == "file" else {"webIdentityToken": "a-token"}
    web = {"roleArn": DEPLOYER, "sessionName": "ci", **token}
    arn = f"arn:aws:sts::{OTHER}:assumed-role/deployer/ci"
    assert who(assumeRoleWithWebIdentity=web) == arn
    assert who(assumeRoleWithWebIdentity=web, accessKey="AKIA", secretKey="s") == arn
    assert who(assumeRoleWithWebIdentity=web, assumeRoles=[{"roleArn": EDITOR, "sessionName": "xx"}]) == (
        f"arn:aws:sts::{THIRD}:assumed-role/dns-editor/xx"
    )


def test_keys_that_are_written_out_come_before_the_environment_and_a_profile(aws: None, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile ops]\naws_access_key_id = OPS\naws_secret_access_key = s\n")

    def key(**configured: object) -> str:
        found: str = AwsSession(access(**configured)).botocore.get_credentials().access_key
        return found

    assert key() == os.environ["AWS_ACCESS_KEY_ID"]
    assert key(profile="ops") == "OPS"
    assert key(profile="ops", accessKey="AKIAWRITTEN", secretKey="s") == "AKIAWRITTEN"


def test_a_profile_with_a_role_is_botocores_own(aws: None, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[profile base]\naws_access_key_id = OPS\naws_secret_access_key = s\n"
        f"[profile ops]\nsource_profile = base\nrole_arn = {DEPLOYER}\nrole_session_name = me\n"
    )
    assert who(profile="ops") == f"arn:aws:sts::{OTHER}:assumed-role/deployer/me"


def test_files_of_profiles_that_are_written_out_are_read(aws: None, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("[profile ops]\naws_access_key_id = MINE\naws_secret_access_key = s\n")
    session = AwsSession(access(profile="ops", sharedConfigFiles=[str(tmp_path / "mine")]))
    assert session.botocore.get_credentials().access_key == "MINE"


def test_endpoints_regions_and_tls_are_the_providers(aws: None) -> None:
    configured = access(endpoints=[{"sts": "https://sts.test:1", "elb": "https://elb.test:2"}], insecure=True)
    session = AwsSession(configured)
    assert session.client("sts", "us-east-1").meta.endpoint_url == "https://sts.test:1"
    assert session.client("elbv2", "us-east-1").meta.endpoint_url == "https://elb.test:2"
    assert session.client("acm", "us-east-1").meta.endpoint_url == "https://acm.us-east-1.amazonaws.com"
    fips = AwsSession(access(useFipsEndpoint=True)).client("acm", "us-east-1")
    assert fips.meta.endpoint_url == "https://acm-fips.us-east-1.amazonaws.com"


def test_accounts_are_allowed_by_the_identity_in_the_end(aws: None) -> None:
    roles = [{"roleArn": DEPLOYER}]
    assert AwsAccount(access(assumeRoles=roles, allowedAccountIds=[OTHER])).id == OTHER
    with pytest.raises(SettingsError) as caught:
        _ = AwsAccount(access(assumeRoles=roles, allowedAccountIds=[OWN])).id
    assert str(caught.value) == (
        f'aws:allowedAccountIds: ["{OWN}"] does not hold {OTHER}, the account of the role {DEPLOYER}; '
        "use the credentials of another account, or change the list"
    )


def test_sts_is_not_asked_where_the_provider_does_not_ask_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    account = AwsAccount(access(skipCredentialsValidation=True, skipRequestingAccountId=True))
    assert (account.id, account.place) == ("", "this account")


def test_a_role_that_may_not_be_assumed_is_named(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = AwsError("these credentials may not call sts:AssumeRole", code="AccessDenied", setting="aws:assumeRoles")
    account = AwsAccount(access(assumeRoles=[{"roleArn": DEPLOYER}]))

    def call(*_: object, **__: object) -> str:
        raise refused

    monkeypatch.setattr(account, "call", call)
    with pytest.raises(SettingsError) as caught:
        _ = account.id
    assert str(caught.value) == (
        f'aws:assumeRoles: "{DEPLOYER}" gives no way to AWS: these credentials may not call sts:AssumeRole; '
        "check the role, and that its trust policy names you"
    )


@pytest.mark.parametrize(
    ("configured", "problem"),
    [
        (
            {"assumeRole": {"roleArn": DEPLOYER}},
            "aws:assumeRole: is not read by this AWS provider; write aws:assumeRoles",
        ),
        ({"assumeRoles": {"roleArn": DEPLOYER}}, "aws:assumeRoles: must be a list of roles, for example [{roleArn: "),
        ({"assumeRoles": [{"externalId": "x"}]}, "aws:assumeRoles[0]: has no roleArn; write the ARN of the role"),
        (
            {"assumeRoles": [{"roleArn": DEPLOYER, "role": "x"}]},
            "aws:assumeRoles[0].role: is not a key of a role; write one",
        ),
        (
            {"assumeRoles": [{"roleArn": DEPLOYER, "duration": "soon"}]},
            'aws:assumeRoles[0].duration: "soon" must be a duration, for example 1h or 30m',
        ),
        (
            {"assumeRoleWithWebIdentity": {"roleArn": DEPLOYER}},
            "aws:assumeRoleWithWebIdentity: has no token; write webIdentityTokenFile, or webIdentityToken as a secret",
        ),
        (
            {"noProxy": "10.0.0.0/8"},
            'aws:noProxy: "10.0.0.0/8" is not followed by this program\'s own calls; set NO_PROXY',
        ),
        (
            {"assumeRoles": [{"roleArn": DEPLOYER}, {"roleArn": "deployer"}]},
            'aws:assumeRoles[1].roleArn: "deployer" must be the ARN of an IAM role, for example arn:aws:iam::',
        ),
        (
            {"endpoints": [{"sts": "https://[::1]:4566", "Route53": "localhost:4566"}]},
            'aws:endpoints.route53: "localhost:4566" must be a URL, for example http://localhost:4566',
        ),
        (
            {"customCaBundle": "/does/not/exist.pem"},
            'aws:customCaBundle: "/does/not/exist.pem" must be a file with certificates in PEM, and none is there',
        ),
        (
            {"assumeRoleWithWebIdentity": {"roleArn": DEPLOYER, "webIdentityTokenFile": "/does/not/exist"}},
            'aws:assumeRoleWithWebIdentity.webIdentityTokenFile: "/does/not/exist" must be a file with the token',
        ),
        ({"sharedConfigFiles": ["a", "b"]}, 'aws:sharedConfigFiles: ["a", "b"] must be a list of one file'),
    ],
)
def test_what_cannot_be_matched_is_refused_by_its_name(configured: dict[str, object], problem: str) -> None:
    (found,) = said(access(**configured))
    assert found.startswith(problem)
    with pytest.raises(SettingsError):
        _ = AwsAccount(access(**configured)).id


@pytest.mark.parametrize(("duration", "seconds"), [("1h", 3600), ("1h30m", 5400), ("900s", 900), ("1.5h", 5400)])
def test_durations_are_those_of_go(duration: str, seconds: int) -> None:
    assert seconds_of(duration) == seconds


CLUSTER: dict[str, Any] = {
    "endpoint": "https://eks.test",
    "certificateAuthority": {"data": "Q0E="},
    "arn": f"arn:aws:eks:us-east-1:{OWN}:cluster/acme",
}


def command(**configured: object) -> dict[str, Any]:
    found: dict[str, Any] = kubeconfig_of("acme", CLUSTER, access(**configured))["users"][0]["user"]["exec"]
    return found


def test_the_token_of_a_cluster_is_got_with_the_same_identity() -> None:
    plain = ["--region", "us-east-1", "eks", "get-token", "--cluster-name", "acme", "--output", "json"]
    assert command()["args"] == plain
    assert "env" not in command()
    assert command(profile="ops")["args"] == [*plain, "--profile", "ops"]
    role = [{"roleArn": DEPLOYER, "sessionName": "studios"}]
    assert command(profile="ops", assumeRoles=role)["args"] == [*plain, "--profile", "ops", "--role-arn", DEPLOYER]
    web = {"roleArn": DEPLOYER, "webIdentityTokenFile": "/token", "sessionName": "ci"}
    by_web = command(profile="ops", assumeRoleWithWebIdentity=web)
    assert by_web["args"] == plain
    assert {each["name"]: each["value"] for each in by_web["env"]} == {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_PROFILE": "",
        "AWS_ROLE_ARN": DEPLOYER,
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
        "AWS_ROLE_SESSION_NAME": "ci",
    }


@pytest.mark.parametrize(
    ("configured", "keys"),
    [
        ({"assumeRoles": [{"roleArn": DEPLOYER}]}, []),
        ({"assumeRoles": [{"roleArn": DEPLOYER}, {"roleArn": EDITOR}]}, ["aws:assumeRoles"]),
        ({"assumeRoles": [{"roleArn": DEPLOYER, "externalId": "x"}]}, ["aws:assumeRoles[0].externalId"]),
        ({"accessKey": "AKIA", "secretKey": "s"}, ["aws:accessKey"]),
        (
            {"assumeRoleWithWebIdentity": {"roleArn": DEPLOYER, "webIdentityToken": "t"}},
            ["aws:assumeRoleWithWebIdentity.webIdentityToken"],
        ),
    ],
)
def test_what_the_aws_cli_cannot_be_told_is_refused_by_its_name(configured: dict[str, object], keys: list[str]) -> None:
    found = list(unmatched(access(**configured)))
    assert [problem.key for problem in found] == keys
    assert all("can't be handed on to `aws eks get-token`" in problem.message for problem in found)
    assert not any("'s'" in str(problem) or "AKIA" in str(problem) for problem in found)


def test_keys_are_not_shown_with_the_access() -> None:
    assert "geheim" not in repr(access(accessKey="AKIA", secretKey="geheim"))


class TestZonesOfAnotherAccount:
    """The role is used for the zones, and for nothing else."""

    @pytest.fixture
    def zone(self, aws: None) -> str:
        theirs = AwsSession(access(assumeRoles=[{"roleArn": EDITOR}])).client("route53", "us-east-1")
        made = theirs.create_hosted_zone(Name="example.com", CallerReference="theirs")
        return str(made["HostedZone"]["Id"]).rpartition("/")[2]

    def zones(self, **settings: object) -> FoundZones:
        parsed = parse_settings({**LEAST, **settings})
        role, own = role_of_zones(parsed), access()
        return find_zones(AwsAccount(own if role is None else own.assuming(role, ZONES_ROLE)), parsed)

    def test_they_are_found_by_the_role(self, zone: str) -> None:
        found = self.zones(hostedZoneRoleArn=EDITOR)
        assert found.validation is not None
        assert (found.validation.id, found.validation.account.id) == (zone, THIRD)
        assert found.record == found.validation

    def test_without_it_they_are_not_there(self, zone: str) -> None:
        with pytest.raises(SettingsError, match=f"is not a hosted zone of account {OWN}"):
            self.zones()

    def test_it_is_assumed_with_the_external_id_and_regardless_of_the_allowed_accounts(self, zone: str) -> None:
        parsed = parse_settings({**LEAST, "hostedZoneRoleArn": EDITOR, "hostedZoneExternalId": "studios-1"})
        role = role_of_zones(parsed)
        assert role is not None
        account = AwsAccount(access(allowedAccountIds=[OWN]).assuming(role, ZONES_ROLE))
        assert account.id == THIRD
        assert sts_backends[THIRD]["aws"].assumed_roles[-1].external_id == "studios-1"


def test_the_most_specific_public_zone_that_holds_the_host_is_used_where_none_is_named(aws: None) -> None:
    route53 = boto3.client("route53", region_name="us-east-1")
    ids = {}
    for name in ("com", "example.com", "platform.example.com", "connect.platform.example.com", "example.org"):
        made = route53.create_hosted_zone(Name=name, CallerReference=name)
        ids[name] = made["HostedZone"]["Id"].rpartition("/")[2]
    stack = {**LEAST, "hostedZone": "", "platformUrl": "https://platform.example.com"}

    def chosen(**settings: object) -> str:
        found = find_zones(AwsAccount(access()), parse_settings({**stack, **settings}))
        assert found.record is not None
        return found.record.zone.name

    assert chosen() == "platform.example.com"
    assert chosen(connectUrl="https://connect.example.com") == "example.com"
    assert chosen(connectUrl="https://connect.a.b.platform.example.com") == "platform.example.com"
    # The record that validates Platform's host must be in it, too.
    assert chosen(pathRouting="true") == "platform.example.com"
    apart = {"pathRouting": "true", "connectUrl": "https://studios.example.org"}
    assert chosen(**apart) == "example.org"


def test_without_a_zone_that_holds_the_host_the_message_leads_on(aws: None) -> None:
    boto3.client("route53", region_name="us-east-1").create_hosted_zone(Name="example.net", CallerReference="x")
    with pytest.raises(SettingsError) as caught:
        find_zones(AwsAccount(access()), parse_settings({**LEAST, "hostedZone": ""}))
    assert str(caught.value) == (
        f"seqera-studios:hostedZone: is not set, and account {OWN} has no public zone that holds example.com; it has "
        "example.net. Where the zone is in another account, write hostedZoneRoleArn; where it is not in Route 53: "
        "pulumi config set dns none"
    )


def test_two_zones_of_one_name_are_told_apart(aws: None) -> None:
    route53 = boto3.client("route53", region_name="us-east-1")
    for reference in ("one", "two"):
        route53.create_hosted_zone(Name="example.com", CallerReference=reference)
    with pytest.raises(SettingsError, match=r"has 2 public zones example\.com: \w+, \w+; write the right one: "):
        find_zones(AwsAccount(access()), parse_settings({**LEAST, "hostedZone": ""}))


class TestAPrivateTwin:
    """The record goes into the private zone, and ACM finds its own in the public one."""

    def make(self, name: str, *, private: bool) -> str:
        network = {"VPC": {"VPCRegion": "us-east-1", "VPCId": "vpc-1"}} if private else {}
        made = boto3.client("route53", region_name="us-east-1").create_hosted_zone(
            Name=name, CallerReference=f"{name}-{private}", HostedZoneConfig={"PrivateZone": private}, **network
        )
        return str(made["HostedZone"]["Id"]).rpartition("/")[2]

    def found(self, private: str, **settings: object) -> FoundZones:
        parsed = parse_settings({**LEAST, "hostedZone": "", "privateHostedZoneId": "Z0123456789", **settings})
        # moto's ids are not real ones.
        return find_zones(AwsAccount(access()), parsed.model_copy(update={"private_hosted_zone_id": private}))

    def test_it_has_the_record_and_its_twin_the_validation(self, aws: None) -> None:
        public, private = self.make("example.com", private=False), self.make("example.com", private=True)
        found = self.found(private)
        assert found.validation is not None
        assert found.record is not None
        assert (found.validation.id, found.record.id) == (public, private)

    def test_with_a_certificate_that_exists_there_is_no_public_zone(self, aws: None) -> None:
        arn = f"arn:aws:acm:us-east-1:{OWN}:certificate/12345678-1234-1234-1234-123456789012"
        found = self.found(self.make("example.com", private=True), certificateArn=arn)
        assert found.validation is None
        assert found.record is not None

    def test_a_public_one_in_its_place_is_refused(self, aws: None) -> None:
        public = self.make("example.com", private=False)
        with pytest.raises(SettingsError, match=r"is the public zone example\.com; write it in hostedZoneId"):
            self.found(public)

    def test_one_that_does_not_hold_the_host_is_refused(self, aws: None) -> None:
        self.make("example.com", private=False)
        with pytest.raises(SettingsError, match=r"is the zone example\.net, which does not hold example\.com"):
            self.found(self.make("example.net", private=True))


@pytest.mark.parametrize(
    ("settings", "validates", "has_record"),
    [
        ({"dns": "none"}, False, False),
        ({"dns": "external-dns"}, False, False),
        ({"dns": "external-dns", "hostedZone": "example.com"}, True, False),
        ({"ingress": "none", "hostedZone": "example.com"}, True, False),
        ({"hostedZone": "example.com"}, True, True),
    ],
)
def test_who_makes_the_records_decides_which_zones_are_looked_for(
    aws: None, settings: dict[str, object], validates: bool, has_record: bool
) -> None:
    boto3.client("route53", region_name="us-east-1").create_hosted_zone(Name="example.com", CallerReference="x")
    found = find_zones(AwsAccount(access()), parse_settings({**LEAST, "hostedZone": "", **settings}))
    assert (found.validation is not None, found.record is not None) == (validates, has_record)
