"""The hosted zone that a stack names is looked for before anything is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.aws import AwsAccess, AwsAccount
from survey.dns import FoundZone, FoundZones, HostedZone, find_zone, find_zones
from survey.records import ZoneFindings, survey_records
from testbed.tests.aws_account import be_strict

from .conftest import LEAST


@pytest.fixture
def route53(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield boto3.client("route53", region_name="us-east-1")


def zone(route53: Any, name: str, *, private: bool = False) -> str:
    """Makes a hosted zone; returns its id."""
    network = {"VPC": {"VPCRegion": "us-east-1", "VPCId": "vpc-1"}} if private else {}
    count = len(route53.list_hosted_zones()["HostedZones"])
    made = route53.create_hosted_zone(
        Name=name, CallerReference=str(count), HostedZoneConfig={"PrivateZone": private, "Comment": ""}, **network
    )
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def find(**changes: object) -> HostedZone:
    given = {key: value for key, value in {**LEAST, **changes}.items() if value is not None}
    return find_zone(AwsAccount(AwsAccess(region="us-east-1")), parse_settings(given))


def refused(**changes: object) -> str:
    with pytest.raises(SettingsError) as caught:
        find(**changes)
    (problem,) = caught.value.problems
    return str(problem)


def test_the_public_zone_of_a_name_is_found_beside_its_private_twin(route53: Any) -> None:
    zone(route53, "example.com", private=True)
    made = zone(route53, "example.com")
    assert find() == HostedZone(made, "example.com", private=False)


def test_a_zone_is_found_by_its_id(route53: Any) -> None:
    made = zone(route53, "example.com")
    settings = parse_settings({**LEAST, "hostedZone": None, "hostedZoneId": "Z0123456789ABCDEFGHIJ"})
    # moto's ids are not real ones.
    found = find_zone(AwsAccount(AwsAccess(region="us-east-1")), settings.model_copy(update={"hosted_zone_id": made}))
    assert found == HostedZone(made, "example.com", private=False)


def test_a_zone_that_is_not_there_is_told_with_those_that_are(route53: Any) -> None:
    zone(route53, "example.net")
    settings = {"platformUrl": "https://odd.example.net", "hostedZone": "odd.example.net"}
    assert refused(**settings) == (
        'seqera-studios:hostedZone: "odd.example.net" is not a hosted zone of account 123456789012; it has example.net'
    )


def test_a_zone_is_found_however_its_name_is_written(route53: Any) -> None:
    made = zone(route53, "Example.COM.")
    for written in ("example.com.", "EXAMPLE.com", None):
        assert find(hostedZone=written) == HostedZone(made, "example.com", private=False)


def test_a_deeper_zone_that_does_not_hold_the_hosts_is_not_taken(route53: Any) -> None:
    made = zone(route53, "example.com")
    for name in ("dev.example.com", "connect.example.com", "ample.com", "xexample.com"):
        zone(route53, name)
    assert find(hostedZone=None).id == made


def test_an_account_without_a_zone_is_told_so(route53: Any) -> None:
    assert refused() == (
        'seqera-studios:hostedZone: "example.com" is not a hosted zone of account 123456789012; it has no public one'
    )


def test_a_message_lists_ten_zones_and_counts_the_others(route53: Any) -> None:
    for number in range(12):
        zone(route53, f"z{number:02}.example.org")
    assert refused().endswith("; it has " + ", ".join(f"z{n:02}.example.org" for n in range(10)) + " and 2 more")


def test_several_public_zones_of_one_name_are_told_apart_by_their_ids(route53: Any) -> None:
    ids = [zone(route53, "example.com"), zone(route53, "example.com")]
    listed = refused()
    assert set(ids) <= set(listed.partition("123456789012: ")[2].partition(";")[0].split(", "))
    assert listed.startswith('seqera-studios:hostedZone: "example.com" is the name of 2 public hosted zones of account')
    assert "write the id of the right one: pulumi config rm hostedZone, and pulumi config set hostedZoneId " in listed


def test_a_private_zone_only_is_refused(route53: Any) -> None:
    made = zone(route53, "example.com", private=True)
    zone(route53, "example.net")
    way_out = (
        "write a public one; or certificateArn, for a certificate that exists, and then: "
        f"pulumi config set privateHostedZoneId {made}"
    )
    assert refused() == (
        'seqera-studios:hostedZone: "example.com" is only the name of a private hosted zone of account 123456789012; '
        f"{way_out}; it has example.net"
    )
    assert refused(hostedZone=None) == (
        "seqera-studios:hostedZone: is not set, and account 123456789012 has no public zone that holds example.com "
        f"(the zone example.com is private: {way_out}); it has example.net. Where the zone is in another account, "
        "write hostedZoneRoleArn; where it is not in Route 53: pulumi config set dns none"
    )


def test_an_id_that_is_not_there_is_told_with_the_ids_that_are(route53: Any) -> None:
    made = zone(route53, "example.net")
    assert refused(hostedZone=None, hostedZoneId="Z0123456789ABCDEFGHIJ") == (
        'seqera-studios:hostedZoneId: "Z0123456789ABCDEFGHIJ" is not the id of a hosted zone of account 123456789012; '
        f"it has example.net ({made})"
    )


def test_a_private_zone_that_the_role_of_the_zones_does_not_have_is_told_with_the_way_out(route53: Any) -> None:
    public = zone(route53, "example.com")
    account = AwsAccount(AwsAccess(region="us-east-1"))

    def told(**changes: str) -> str:
        given = parse_settings({**LEAST, "privateHostedZoneId": "Z0123456789ABCDEFGHIJ", **changes})
        with pytest.raises(SettingsError) as caught:
            find_zones(account, given)
        (problem,) = caught.value.problems
        return str(problem)

    missing = (
        'seqera-studios:privateHostedZoneId: "Z0123456789ABCDEFGHIJ" is not the id of a hosted zone of account '
        f"123456789012; it has example.com ({public})"
    )
    assert told() == missing
    assert told(hostedZoneRoleArn="arn:aws:iam::444455556666:role/dns") == (
        f"{missing}. The role in hostedZoneRoleArn changes the public zone and the private one; write a private zone "
        "of its account. For one of the cluster's account: write certificateArn, for a certificate that exists, and "
        "remove hostedZoneRoleArn, hostedZone and hostedZoneId"
    )


class Zone:
    """The zone example.com, and what a survey finds in it."""

    def __init__(self, route53: Any, name: str = "example.com", *, private: bool = False) -> None:
        self.route53 = route53
        self.zone = HostedZone(zone(route53, name, private=private), name, private)

    def add(self, name: str, type_: str, *values: str, **more: Any) -> None:
        record: dict[str, Any] = {"Name": name, "Type": type_, **more}
        if values:
            record |= {"TTL": 60, "ResourceRecords": [{"Value": value} for value in values]}
        change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        self.route53.change_resource_record_sets(HostedZoneId=self.zone.id, ChangeBatch=change)

    def found(self, **changes: object) -> ZoneFindings:
        given = {key: value for key, value in {**LEAST, **changes}.items() if value is not None}
        settings = parse_settings(given)
        found = FoundZone(self.zone, AwsAccount(AwsAccess(region="us-east-1")))
        validation = found if settings.validates_in_zone else None
        return survey_records(settings, FoundZones(validation, found), found.account)

    def problems(self, **changes: object) -> list[str]:
        return [str(problem).removeprefix("seqera-studios:") for problem in self.found(**changes).problems]

    def first(self, **changes: object) -> list[str]:
        return [str(problem).removeprefix("seqera-studios:") for problem in self.found(**changes).first]


DEEP = {"platformUrl": "https://platform.deleg.example", "hostedZone": "deleg.example"}
TAKEN = (
    'sessionRecord: "create" would make the record *.example.com, which exists already ({}) and which this stack has '
    "not made: leave it to its owner, who points it at the load balancer: pulumi config set sessionRecord existing; "
    "or take it over, and restore it on destroy: pulumi config set sessionRecord takeOver; or remove it there once "
    "nothing needs it"
)


def test_an_empty_zone_stands_against_nothing(route53: Any) -> None:
    assert Zone(route53).found() == ZoneFindings()


def test_a_zone_that_delegates_the_host_is_refused_with_the_zone_to_write(route53: Any) -> None:
    made = Zone(route53, "deleg.example")
    made.add("platform.deleg.example", "NS", "ns-1.awsdns-1.org.", "ns-2.awsdns-2.net.")
    assert made.problems(**DEEP) == [
        (
            'hostedZone: "deleg.example" delegates platform.deleg.example to other name servers (ns-1.awsdns-1.org, '
            "ns-2.awsdns-2.net), so that resolvers find no record of it in this zone; write the zone of that name: "
            "pulumi config set hostedZone platform.deleg.example, with hostedZoneRoleArn where it is in another account"
        )
    ]


def test_a_zone_by_its_id_that_delegates_the_host_is_told_with_both_commands(route53: Any) -> None:
    made = Zone(route53, "deleg.example")
    made.add("platform.deleg.example", "NS", "ns-1.awsdns-1.org.")
    (problem,) = made.problems(**{**DEEP, "hostedZone": None, "hostedZoneId": "Z0123456789ABCDEFGHIJ"})
    assert problem.startswith(
        'hostedZoneId: "Z0123456789ABCDEFGHIJ" delegates platform.deleg.example to other name servers'
    )
    assert problem.endswith(
        "write the zone of that name: pulumi config rm hostedZoneId, and pulumi config set hostedZone "
        "platform.deleg.example, with hostedZoneRoleArn where it is in another account"
    )


def test_a_delegated_host_of_ssh_is_refused_like_that_of_the_sessions(route53: Any) -> None:
    made = Zone(route53, "example.com")
    made.add("ssh.example.com", "NS", "ns-1.awsdns-1.org.")
    ssh = {"ssh": True, "platformVersion": "25.3.3", "connectVersion": "0.12.0", "sshHost": "a.ssh.example.com"}
    (problem,) = made.problems(**ssh)
    assert problem.startswith('hostedZone: "example.com" delegates ssh.example.com to other name servers')
    assert made.problems(**ssh, sshRecord="existing") != [problem]


def test_a_delegation_of_another_name_and_the_zones_own_name_servers_are_none(route53: Any) -> None:
    made = Zone(route53, "deleg.example")
    made.add("other.deleg.example", "NS", "ns-1.awsdns-1.org.")
    assert made.found(**DEEP) == ZoneFindings()


@pytest.mark.parametrize(
    ("type_", "value", "shown"),
    [
        ("CNAME", "old-lb.us-east-1.elb.amazonaws.com.", "CNAME old-lb.us-east-1.elb.amazonaws.com"),
        ("A", "192.0.2.7", "A 192.0.2.7"),
        ("AAAA", "2001:db8::7", "AAAA 2001:db8::7"),
    ],
)
def test_a_record_that_another_has_made_is_told_with_its_target_and_the_ways_out(
    route53: Any, type_: str, value: str, shown: str
) -> None:
    made = Zone(route53)
    made.add("*.example.com", type_, value)
    assert made.first() == [TAKEN.format(shown)]
    assert made.problems() == []
    assert made.first(sessionRecord="existing") == []


def test_an_alias_is_told_with_what_it_leads_to(route53: Any) -> None:
    made = Zone(route53)
    target = {"DNSName": "lb.example.net.", "HostedZoneId": "Z35SXDOTRQ7X7K", "EvaluateTargetHealth": False}
    made.add("*.example.com", "A", AliasTarget=target)
    assert made.first() == [TAKEN.format("A lb.example.net")]


def test_other_types_and_other_names_are_in_nobodys_way(route53: Any) -> None:
    made = Zone(route53)
    made.add("*.example.com", "TXT", '"owner"')
    made.add("*.dev.example.com", "A", "192.0.2.7")
    made.add("www.example.com", "A", "192.0.2.7")
    assert made.found() == ZoneFindings()


@pytest.mark.parametrize(("type_", "value"), [("CNAME", "old-lb.example.net."), ("A", "192.0.2.7")])
def test_a_record_may_be_taken_over(route53: Any, type_: str, value: str) -> None:
    made = Zone(route53)
    made.add("*.example.com", type_, value)
    assert made.found(sessionRecord="takeOver") == ZoneFindings()


def test_records_that_a_routing_policy_chooses_between_are_not_taken_over(route53: Any) -> None:
    made = Zone(route53)
    for variant in ("new", "old"):
        made.add("*.example.com", "A", "192.0.2.7", SetIdentifier=variant, Weight=1)
    assert made.problems(sessionRecord="takeOver") == [
        (
            'sessionRecord: "takeOver" can\'t take over *.example.com, for which a routing policy chooses between '
            "records (A new, A old); leave it to its owner, who points it at the load balancer: "
            "pulumi config set sessionRecord existing"
        )
    ]


def test_a_record_that_is_left_to_its_owner_has_to_exist(route53: Any) -> None:
    assert Zone(route53).problems(sessionRecord="existing") == [
        (
            'sessionRecord: "existing" needs the record *.example.com in the zone example.com, and there is none; make '
            "one, or write: pulumi config set sessionRecord create"
        )
    ]


def test_a_record_of_the_connect_host_would_hide_the_wildcard(route53: Any) -> None:
    made = Zone(route53)
    made.add("connect.example.com", "CNAME", "old-lb.example.net.")
    assert made.first() == [
        (
            'connectUrl: "https://connect.example.com" has a record of its own (CNAME old-lb.example.net), which wins '
            "over *.example.com; remove it there, so that the name leads to the load balancer of Studios"
        )
    ]


def test_with_path_routing_the_connect_host_is_the_record(route53: Any) -> None:
    made = Zone(route53)
    made.add("connect.example.com", "CNAME", "old-lb.example.net.")
    (problem,) = made.first(pathRouting=True)
    assert problem.startswith('sessionRecord: "create" would make the record connect.example.com, which exists already')


CAA = (
    'hostedZone: "example.com" has CAA records at {} that let only {} issue a certificate, so that ACM does not; add '
    '0 {} "amazon.com" there, or write certificateArn'
)


@pytest.mark.parametrize(
    ("values", "others", "tag"),
    [
        (['0 issue "letsencrypt.org"'], "letsencrypt.org", "issue"),
        (['0 issue "amazon.com"', '0 issuewild "letsencrypt.org"'], "letsencrypt.org", "issuewild"),
        (['128 issue "a.example; policy=ev"', '0 issue "b.example"'], "a.example, b.example", "issue"),
    ],
)
def test_caa_records_that_forbid_acm_are_refused(route53: Any, values: list[str], others: str, tag: str) -> None:
    made = Zone(route53)
    made.add("example.com", "CAA", *values)
    assert made.problems() == [CAA.format("example.com", others, tag)]


@pytest.mark.parametrize(
    "values",
    [
        ['0 issue "amazon.com"'],
        ['0 issue "letsencrypt.org"', '0 issue "amazontrust.com"'],
        ['0 iodef "mailto:security@example.com"'],
        ['0 issue "letsencrypt.org"', '0 issue "AMAZON.com"', '0 issuewild "awstrust.com"'],
    ],
)
def test_caa_records_that_allow_acm_are_accepted(route53: Any, values: list[str]) -> None:
    made = Zone(route53)
    made.add("example.com", "CAA", *values)
    assert made.found() == ZoneFindings()


def test_the_caa_records_nearest_to_the_host_decide(route53: Any) -> None:
    made = Zone(route53)
    made.add("example.com", "CAA", '0 issue "letsencrypt.org"')
    made.add("prod.example.com", "CAA", '0 issue "amazon.com"')
    deep = {"platformUrl": "https://prod.example.com"}
    assert made.problems(**deep) == []
    assert made.problems() == [CAA.format("example.com", "letsencrypt.org", "issue")]


def test_caa_records_above_the_zone_count_where_it_has_none(route53: Any) -> None:
    parent = Zone(route53)
    parent.add("example.com", "CAA", '0 issue "letsencrypt.org"')
    made = Zone(route53, "prod.example.com")
    deep = {"platformUrl": "https://prod.example.com", "hostedZone": "prod.example.com"}
    assert made.problems(**deep) == [
        CAA.format("example.com", "letsencrypt.org", "issue").replace('"example.com" has', '"prod.example.com" has')
    ]
    made.add("prod.example.com", "CAA", '0 issue "amazon.com"')
    assert made.problems(**deep) == []


DEEPER = {"platformUrl": "https://example.com", "connectUrl": "https://connect.studios.example.com"}


def validation(made: Zone, domain: str, *names: str) -> str:
    """A certificate that another has made and validated in the zone; returns its ARN."""
    acm = boto3.client("acm", region_name="us-east-1")
    arn: str = acm.request_certificate(
        DomainName=domain, SubjectAlternativeNames=[domain, *names], ValidationMethod="DNS"
    )["CertificateArn"]
    record = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0]["ResourceRecord"]
    made.add(record["Name"], record["Type"], record["Value"])
    return arn


def test_a_validation_record_that_exists_for_another_certificate_is_told_with_its_target_and_the_certificate(
    route53: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_strict(monkeypatch)
    made = Zone(route53)
    domain = parse_settings({**LEAST, **DEEPER}).certificate_domains[0]
    arn = validation(made, domain, f"*.{domain}")
    (problem,) = made.first(**DEEPER)
    assert problem.startswith("certificateArn: is not set, and the record _")
    assert f".{domain} (CNAME _" in problem
    assert problem.partition("), ")[2] == (
        f"which ACM asks for, exists already for the certificate {arn}, which this stack has not made; use that "
        f"certificate: pulumi config set certificateArn {arn}; or delete that certificate and the record once nothing "
        "needs them"
    )


def test_a_certificate_that_does_not_cover_the_hosts_is_not_offered(route53: Any) -> None:
    made = Zone(route53)
    domain = parse_settings({**LEAST, **DEEPER}).certificate_domains[0]
    validation(made, domain)
    (problem,) = made.first(**DEEPER)
    assert "pulumi config set" not in problem


def test_validation_records_of_other_domains_other_accounts_and_platforms_own_host_are_in_nobodys_way(
    route53: Any,
) -> None:
    made = Zone(route53)
    validation(made, "example.com", "*.example.com")
    domain = parse_settings({**LEAST, **DEEPER}).certificate_domains[0]
    made.add(f"_0123.{domain}", "CNAME", "_4567.acm-validations.aws")
    assert made.first(**DEEPER) == made.first() == []


def test_with_path_routing_no_wildcard_has_to_be_allowed(route53: Any) -> None:
    made = Zone(route53)
    made.add("example.com", "CAA", '0 issue "amazon.com"', '0 issuewild ";"')
    assert made.problems(pathRouting=True) == []


def test_with_a_certificate_that_exists_acm_needs_nothing(route53: Any) -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    made = Zone(route53, private=True)
    made.add("example.com", "CAA", '0 issue ";"')
    assert made.found(certificateArn=arn) == ZoneFindings()


def test_a_zone_by_id_that_does_not_hold_the_host_is_refused(route53: Any) -> None:
    named = {"hostedZone": None, "hostedZoneId": "Z0123456789ABCDEFGHIJ"}
    assert Zone(route53, "example.org").problems(**named) == [
        (
            'hostedZoneId: "Z0123456789ABCDEFGHIJ" is the zone example.org, which does not hold example.com; '
            "write one that does"
        )
    ]


def test_a_private_zone_by_id_cannot_validate_a_certificate(route53: Any) -> None:
    named = {"hostedZone": None, "hostedZoneId": "Z0123456789ABCDEFGHIJ"}
    (problem,) = Zone(route53, private=True).problems(**named)
    assert problem.endswith(
        "is a private zone, in which ACM finds no validation record; write the public one of that name, and this "
        "one in privateHostedZoneId"
    )


BELOW = {"platformUrl": "https://platform.example.com"}


@pytest.mark.parametrize("changes", [{}, {"pathRouting": True}, {"sessionRecord": "takeOver"}])
def test_a_wildcard_that_leads_to_platform_is_not_ended_by_a_record_below_it(route53: Any, changes: Any) -> None:
    made = Zone(route53)
    made.add("*.example.com", "CNAME", "lb.example.net.")
    record = "connect.platform.example.com" if changes.get("pathRouting") else "*.platform.example.com"
    message = (
        'platformUrl: "https://platform.example.com" has no record of its own: *.example.com (CNAME lb.example.net) '
        f"answers for it, and for no name with a record below it. With {record} there, no client would find Platform "
        "any more. Add a record platform.example.com first, that leads where *.example.com leads"
    )
    assert made.problems(**BELOW, **changes) == [message]
    (only_validated,) = made.problems(**BELOW, sessionRecord="existing")
    assert "With the record that validates the certificate there, no client would find Platform" in only_validated
    made.add("platform.example.com", "CNAME", "lb.example.net.")
    assert made.problems(**BELOW, **changes) == []


def test_a_name_that_no_wildcard_answers_for_has_nothing_to_lose(route53: Any) -> None:
    made = Zone(route53)
    made.add("*.example.com", "A", "192.0.2.7")
    # With this record dev.example.com exists, so that the wildcard answers for nothing below it.
    made.add("other.dev.example.com", "A", "192.0.2.7")
    assert made.problems(platformUrl="https://platform.dev.example.com") == []
    assert len(made.problems(platformUrl="https://platform.test.example.com")) == 1


@pytest.mark.parametrize(
    ("name", "type_", "value"),
    [
        ("connect.example.com", "TXT", '"owner"'),
        ("connect.example.com", "CAA", '0 issue "amazon.com"'),
        ("_x.connect.example.com", "CNAME", "_y.acm-validations.aws."),
    ],
)
def test_any_record_at_the_connect_host_or_below_it_hides_the_wildcard(
    route53: Any, name: str, type_: str, value: str
) -> None:
    made = Zone(route53)
    made.add(name, type_, value)
    shown = value.rstrip(".")
    assert made.first() == [
        (
            f'connectUrl: "https://connect.example.com" has the record {name} ({type_} {shown}), with which '
            "*.example.com does not answer for connect.example.com; remove it once nothing needs it, or write another "
            "host in connectUrl"
        )
    ]
    assert made.problems() == []
    assert made.first(pathRouting=True) == []


def test_a_wildcard_is_a_record_that_exists_for_the_names_that_it_answers_for(route53: Any) -> None:
    made = Zone(route53)
    made.add("*.example.com", "A", "192.0.2.7")
    by_path = {**BELOW, "pathRouting": True, "connectUrl": "https://connect.example.com"}
    assert made.problems(**by_path, sessionRecord="existing") == []
    made.add("connect.example.com", "TXT", '"owner"')
    (problem,) = made.problems(**by_path, sessionRecord="existing")
    assert "needs the record connect.example.com in the zone example.com, and there is none" in problem


def test_all_records_of_a_name_are_read_however_many_there_are(route53: Any) -> None:
    made = Zone(route53)
    for number in range(25):
        made.add("example.com", "A", "192.0.2.7", SetIdentifier=f"{number:02}", Weight=1)
    made.add("example.com", "CAA", '0 issue "letsencrypt.org"')
    assert made.problems() == [CAA.format("example.com", "letsencrypt.org", "issue")]


def test_a_critical_tag_that_no_authority_knows_forbids_all(route53: Any) -> None:
    made = Zone(route53)
    made.add("example.com", "CAA", '0 issue "amazon.com"', '128 tbs "x"', '0 other "y"')
    assert made.problems() == [
        (
            'hostedZone: "example.com" has CAA records at example.com with the critical tag tbs, so that no authority '
            "issues a certificate; remove that one, or write certificateArn"
        )
    ]


@pytest.mark.parametrize("routing", [{}, {"pathRouting": True}])
def test_a_delegation_of_the_connect_host_itself_is_not_answered_with_a_zone_of_that_name(
    route53: Any, routing: Any
) -> None:
    made = Zone(route53)
    made.add("connect.example.com", "NS", "ns-1.awsdns-1.org.")
    (problem,) = made.problems(**routing)
    assert problem == (
        'hostedZone: "example.com" delegates connect.example.com to other name servers (ns-1.awsdns-1.org), so that '
        "resolvers find no record of it in this zone; remove that delegation once nothing needs it, or write another "
        "host in connectUrl"
    )


class TestAZoneBelowAnother:
    """A zone is asked by the world only where the zone above it names its name servers."""

    def test_that_nothing_delegates_to_is_refused_with_both_ids(self, route53: Any) -> None:
        above, made = Zone(route53), Zone(route53, "platform.example.com")
        servers = self.servers(route53, made)
        for named in ("platform.example.com", None):
            (problem,) = made.first(**BELOW, hostedZone=named)
            start = 'hostedZone: "platform.example.com" ' if named else "hostedZone: is not set, and "
            first = "pulumi config rm hostedZone, and " if named else ""
            assert problem == (
                f"{start}leads to the zone platform.example.com ({made.zone.id}), and the zone example.com above it, "
                "in the same account, does not delegate to it, so that resolvers find no record there. Delegate it: "
                f"add the NS record platform.example.com in example.com, with the name servers {', '.join(servers)}. "
                f"Or write the zone that the world finds: {first}pulumi config set hostedZoneId {above.zone.id} "
                f"(example.com), or {first}pulumi config set hostedZoneId {made.zone.id} (platform.example.com)"
            )
        assert made.first(**BELOW, hostedZone=None, hostedZoneId="Z0123456789ABCDEFGHIJ") == []

    def test_that_was_made_anew_is_told_with_the_name_servers_of_the_old_one(self, route53: Any) -> None:
        above, made = Zone(route53), Zone(route53, "platform.example.com")
        above.add("platform.example.com", "NS", "ns-1.awsdns-1.org.")
        (problem,) = made.first(**BELOW, hostedZone=None)
        assert "delegates it to other name servers (ns-1.awsdns-1.org), so that" in problem

    def test_that_is_delegated_to_directly_or_through_a_zone_between_is_fine(self, route53: Any) -> None:
        above, made = Zone(route53), Zone(route53, "platform.example.com")
        above.add("platform.example.com", "NS", *self.servers(route53, made))
        assert made.first(**BELOW, hostedZone=None) == []
        deeper = Zone(route53, "platform.dev.example.com")
        above.add("dev.example.com", "NS", "ns-1.awsdns-1.org.")
        assert deeper.first(platformUrl="https://platform.dev.example.com", hostedZone=None) == []

    @staticmethod
    def servers(route53: Any, made: Zone) -> list[str]:
        listed = route53.list_resource_record_sets(HostedZoneId=made.zone.id)["ResourceRecordSets"]
        (own,) = (each for each in listed if each["Type"] == "NS")
        return sorted(value["Value"].rstrip(".") for value in own["ResourceRecords"])


def test_records_that_allow_nobody_say_so(route53: Any) -> None:
    made = Zone(route53)
    made.add("example.com", "CAA", '0 issue ";"')
    assert made.problems() == [
        (
            'hostedZone: "example.com" has CAA records at example.com that let no authority issue a certificate, so '
            'that ACM does not; add 0 issue "amazon.com" there, or write certificateArn'
        )
    ]
