"""The stand-in for the AWS provider against an account in moto: what its types do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from testbed.plugins.aws.provider import AwsProvider
from testbed.plugins.provider import UNKNOWN, PartialFailure, Properties, ProviderError, Resource
from testbed.tests.aws_account import Account, configured, strict_account

CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
RECORD = "aws:route53/record:Record"
RULE = "aws:lb/listenerRule:ListenerRule"
LISTENER_CERTIFICATE = "aws:lb/listenerCertificate:ListenerCertificate"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SETTINGS = {"defaultTags": '{"tags": {"owner": "us"}}', "skipCredentialsValidation": "true"}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with strict_account(monkeypatch) as made:
        yield made


@pytest.fixture
def aws(account: Account) -> AwsProvider:
    return configured(**SETTINGS)


def resource(type_: str, name: str = "it") -> Resource:
    return Resource(f"urn:pulumi:dev::p::{type_}::{name}", type_, name)


def check(aws: AwsProvider, type_: str, old: Properties | None = None, **inputs: Any) -> Properties:
    result = aws.check(resource(type_), old, inputs, b"seed")
    assert result.failures == []
    return result.inputs


def create(aws: AwsProvider, type_: str, **inputs: Any) -> tuple[str, Properties, Properties]:
    checked = check(aws, type_, **inputs)
    id_, outputs = aws.create(resource(type_), checked, preview=False, timeout=0)
    return id_, checked, outputs


def failures(aws: AwsProvider, type_: str, **inputs: Any) -> dict[str, str]:
    result = aws.check(resource(type_), None, inputs, b"seed")
    return {failure.property: failure.reason for failure in result.failures}


def unchanged(aws: AwsProvider, type_: str, id_: str, inputs: Properties, outputs: Properties) -> bool:
    """Neither a second update nor one after a refresh has anything to do."""
    live = aws.read(resource(type_), id_, inputs, outputs)
    assert live is not None
    return (
        aws.diff(resource(type_), id_, inputs, outputs, inputs).detailed == {}
        and aws.diff(resource(type_), id_, live[1], live[2], inputs).detailed == {}
        and live[1] == inputs
    )


def issued(account: Account) -> str:
    arn = account.certificate()
    account.validate(arn)
    return arn


def test_a_certificate_lists_its_domain_among_its_names_and_one_option_each(aws: AwsProvider) -> None:
    id_, inputs, outputs = create(
        aws, CERTIFICATE, domainName="example.com", subjectAlternativeNames=["*.example.com"], validationMethod="DNS"
    )
    assert outputs["arn"] == id_
    assert outputs["subjectAlternativeNames"] == ["*.example.com", "example.com"]
    options = outputs["domainValidationOptions"]
    assert {option["domainName"] for option in options} == {"example.com", "*.example.com"}
    assert len({option["resourceRecordName"] for option in options}) == 1
    assert outputs["status"] == "PENDING_VALIDATION"
    assert outputs["tagsAll"] == {"owner": "us"}
    assert "tags" not in outputs
    assert unchanged(aws, CERTIFICATE, id_, inputs, outputs)


def test_the_preview_of_a_certificate_knows_only_its_inputs(aws: AwsProvider) -> None:
    inputs = check(aws, CERTIFICATE, domainName="example.com", validationMethod="DNS")
    id_, outputs = aws.create(resource(CERTIFICATE), inputs, preview=True, timeout=0)
    assert id_ == ""
    assert outputs["domainName"] == "example.com"
    assert outputs["arn"] is UNKNOWN
    assert outputs["domainValidationOptions"] is UNKNOWN
    assert outputs["subjectAlternativeNames"] is UNKNOWN


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"domainName": "example.org"}, "domainName"),
        ({"validationMethod": "EMAIL"}, "validationMethod"),
        ({"keyAlgorithm": "EC_prime256v1"}, "keyAlgorithm"),
        ({"subjectAlternativeNames": ["a.example.com"]}, "subjectAlternativeNames[0]"),
    ],
)
def test_a_certificate_is_replaced_by_what_it_certifies(aws: AwsProvider, change: Properties, path: str) -> None:
    base = {
        "domainName": "example.com",
        "subjectAlternativeNames": ["*.example.com"],
        "validationMethod": "DNS",
        "keyAlgorithm": "RSA_2048",
    }
    id_, inputs, outputs = create(aws, CERTIFICATE, **base)
    diff = aws.diff(resource(CERTIFICATE), id_, inputs, outputs, check(aws, CERTIFICATE, **{**base, **change}))
    assert path in diff.replaces


def test_the_order_of_a_certificates_names_means_nothing(aws: AwsProvider) -> None:
    names = ["*.example.com", "a.example.com"]
    id_, inputs, outputs = create(aws, CERTIFICATE, domainName="example.com", subjectAlternativeNames=names)
    turned = {**inputs, "subjectAlternativeNames": names[::-1]}
    assert aws.diff(resource(CERTIFICATE), id_, inputs, outputs, turned).detailed == {}


def test_tags_change_in_place_with_the_default_ones(aws: AwsProvider, account: Account) -> None:
    id_, inputs, outputs = create(aws, CERTIFICATE, domainName="example.com", tags={"a": "1", "b": "2"})
    new = check(aws, CERTIFICATE, inputs, domainName="example.com", tags={"a": "3"})
    diff = aws.diff(resource(CERTIFICATE), id_, inputs, outputs, new)
    assert diff.replaces == []
    assert diff.detailed == {"tags.a": "update", "tags.b": "delete", "tagsAll.a": "update", "tagsAll.b": "delete"}
    updated = aws.update(resource(CERTIFICATE), id_, inputs, outputs, new, preview=False, timeout=0)
    assert updated["tagsAll"] == {"a": "3", "owner": "us"}
    assert updated["tags"] == {"a": "3"}


def test_the_validation_waits_until_the_certificate_is_issued(aws: AwsProvider, account: Account) -> None:
    arn = issued(account)
    fqdn = account.describe(arn)["DomainValidationOptions"][0]["ResourceRecord"]["Name"].rstrip(".")
    id_, inputs, outputs = create(aws, VALIDATION, certificateArn=arn, validationRecordFqdns=[fqdn])
    assert id_.endswith(" +0000 UTC")
    assert outputs == {"certificateArn": arn, "validationRecordFqdns": [fqdn], "region": "us-east-1"}
    assert unchanged(aws, VALIDATION, id_, inputs, outputs)


def test_a_validation_that_takes_too_long_says_so(aws: AwsProvider, account: Account) -> None:
    arn = account.certificate()
    inputs = check(aws, VALIDATION, certificateArn=arn)
    with pytest.raises(ProviderError) as caught:
        aws.create(resource(VALIDATION), inputs, preview=False, timeout=0.3)
    assert str(caught.value) == (
        f"waiting for ACM Certificate ({arn}) to be issued: timeout while waiting for state to become 'ISSUED' "
        "(last state: 'PENDING_VALIDATION', timeout: 0s)"
    )


def test_a_validation_refuses_records_that_are_not_the_certificates(aws: AwsProvider, account: Account) -> None:
    arn = account.certificate("example.com")
    inputs = check(aws, VALIDATION, certificateArn=arn, validationRecordFqdns=["_x.example.com"])
    with pytest.raises(ProviderError, match=r"missing example\.com DNS validation record: _d9\w+\.example\.com$"):
        aws.create(resource(VALIDATION), inputs, preview=False, timeout=0)


def test_cancelling_ends_a_wait(account: Account) -> None:
    aws = AwsProvider()
    aws.configure({"accessKey": "x", "secretKey": "x", "region": "us-east-1", "skipCredentialsValidation": True})
    inputs = check(aws, VALIDATION, certificateArn=account.certificate())
    aws.cancel()
    with pytest.raises(ProviderError, match=r"cancelled after 0s$"):
        aws.create(resource(VALIDATION), inputs, preview=False, timeout=600)


def test_a_certificate_in_use_is_not_deleted_in_time(aws: AwsProvider, account: Account) -> None:
    arn = issued(account)
    account.listener(account.load_balancer()["LoadBalancerArn"], arn)
    with pytest.raises(ProviderError) as caught:
        aws.delete(resource(CERTIFICATE), arn, {}, {"region": "us-east-1"}, timeout=0.3)
    message = str(caught.value)
    assert message.startswith(f"deleting ACM Certificate ({arn}): operation error ACM: DeleteCertificate, ")
    assert message.endswith(f"ResourceInUseException: Certificate {arn} in account 123456789012 is in use.")


def test_a_wildcard_alias_record_shows_its_star(aws: AwsProvider, account: Account) -> None:
    name = account.load_balancer()["DNSName"]
    alias = {"name": name, "zoneId": "Z35SXDOTRQ7X7K", "evaluateTargetHealth": True}
    zone = account.zone.removeprefix("/hostedzone/")
    id_, inputs, outputs = create(aws, RECORD, zoneId=zone, name="*.example.com", type="A", aliases=[alias])
    assert id_ == f"{zone}_*.example.com_A"
    assert outputs["fqdn"] == "*.example.com"
    assert outputs["aliases"] == [alias]
    assert account.records() == {"\\052.example.com.": "A"}
    assert unchanged(aws, RECORD, id_, inputs, outputs)
    aws.delete(resource(RECORD), id_, inputs, outputs, timeout=0)
    assert account.records() == {}
    assert aws.read(resource(RECORD), id_, inputs, outputs) is None
    aws.delete(resource(RECORD), id_, inputs, outputs, timeout=0)


def test_a_record_that_exists_is_taken_over_only_when_allowed(aws: AwsProvider, account: Account) -> None:
    account.change("CREATE", "a.example.com", "A", "10.0.0.1")
    wanted = {"zoneId": account.zone, "name": "a.example.com", "type": "A", "ttl": 60, "records": ["10.0.0.2"]}
    with pytest.raises(ProviderError) as caught:
        create(aws, RECORD, **wanted)
    assert "StatusCode: 400" in str(caught.value)
    assert str(caught.value).startswith(
        "creating Route 53 Record: operation error Route 53: ChangeResourceRecordSets, "
    )
    assert str(caught.value).endswith(
        "InvalidChangeBatch: [Tried to create resource record set [name='a.example.com.', type='A'] but it already "
        "exists]"
    )
    _, _, outputs = create(aws, RECORD, **wanted, allowOverwrite=True)
    assert outputs["records"] == ["10.0.0.2"]


def test_a_refresh_shows_what_drifted_in_a_record(aws: AwsProvider, account: Account) -> None:
    id_, inputs, outputs = create(
        aws, RECORD, zoneId=account.zone, name="a.example.com", type="A", ttl=60, records=["10.0.0.1", "10.0.0.2"]
    )
    account.change("UPSERT", "a.example.com", "A", "10.0.0.3", "10.0.0.2")
    live = aws.read(resource(RECORD), id_, inputs, outputs)
    assert live is not None
    assert live[1]["records"] == ["10.0.0.2", "10.0.0.3"]
    diff = aws.diff(resource(RECORD), id_, live[1], live[2], inputs)
    assert diff.replaces == []
    assert set(diff.detailed.values()) == {"update"}
    again = aws.update(resource(RECORD), id_, live[1], live[2], inputs, preview=False, timeout=0)
    assert again["records"] == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize("name", ["_a_b.example.com", "_a_b"])
def test_a_record_is_imported_by_its_id(aws: AwsProvider, account: Account, name: str) -> None:
    account.change("CREATE", "_a_b.example.com", "CNAME", "c.example.com")
    zone = account.zone.removeprefix("/hostedzone/")
    live = aws.read(resource(RECORD), f"{zone}_{name}_CNAME", None, None)
    assert live is not None
    assert live[1] == {"zoneId": zone, "name": name, "type": "CNAME", "ttl": 60, "records": ["c.example.com"]}
    assert live[2]["fqdn"] == "_a_b.example.com"


def test_an_alias_excludes_values(aws: AwsProvider) -> None:
    base: Properties = {"zoneId": "Z1", "name": "a", "type": "A"}
    alias = [{"name": "x", "zoneId": "Z2", "evaluateTargetHealth": False}]
    assert failures(aws, RECORD, **base, aliases=alias, ttl=60) == {
        "aliases": 'Conflicting configuration arguments: "aliases": conflicts with ttl'
    }
    assert list(failures(aws, RECORD, **base)) == ["aliases"]
    assert list(failures(aws, RECORD, **base, records=["10.0.0.1"])) == ["records"]


def test_what_it_does_not_know_is_named(aws: AwsProvider) -> None:
    base: Properties = {"zoneId": "Z1", "name": "a", "type": "A", "ttl": 1, "records": ["10.0.0.1"]}
    assert failures(aws, RECORD, **base, tttl=2) == {"tttl": "unknown property 'tttl'; did you mean 'ttl'?"}
    assert failures(aws, RECORD, **base, setIdentifier="x") == {
        "setIdentifier": "'setIdentifier' is of the official provider only; the testbed's does not know it"
    }
    alias = {"name": "x", "zoneId": "Z2", "evaluateTargetHealth": False, "weight": 1}
    assert list(failures(aws, RECORD, zoneId="Z1", name="a", type="A", aliases=[alias])) == ["aliases[0].weight"]
    with pytest.raises(ProviderError, match=r"^unknown resource type aws:s3/bucket:Bucket"):
        aws.check(resource("aws:s3/bucket:Bucket"), None, {}, b"")
    with pytest.raises(ProviderError, match=r"^unknown function aws:s3/getBucket:getBucket"):
        aws.invoke("aws:s3/getBucket:getBucket", {})


def test_a_listener_rule_is_changed_in_place_and_follows_its_listener(aws: AwsProvider, account: Account) -> None:
    balancer = account.load_balancer()["LoadBalancerArn"]
    listener = account.listener(balancer, Protocol="HTTP", Port=80)
    group, _, _ = create(aws, TARGET_GROUP, port=80, protocol="HTTP", vpcId=account.vpc, targetType="ip")
    wanted = {
        "listenerArn": listener,
        "conditions": [{"hostHeader": {"values": ["*.example.com"]}}],
        "actions": [{"type": "forward", "targetGroupArn": group}],
    }
    id_, inputs, outputs = create(aws, RULE, **wanted)
    assert outputs["priority"] == 1
    assert outputs["listenerArn"] == listener
    assert unchanged(aws, RULE, id_, inputs, outputs)
    hosts = [{"hostHeader": {"values": ["a.example.com"]}}]
    new = check(aws, RULE, inputs, **{**wanted, "conditions": hosts}, priority=9)
    diff = aws.diff(resource(RULE), id_, inputs, outputs, new)
    assert diff.replaces == []
    assert diff.detailed["priority"] == "update"
    updated = aws.update(resource(RULE), id_, inputs, outputs, new, preview=False, timeout=0)
    assert (updated["priority"], updated["conditions"]) == (9, hosts)
    redirect = {"type": "redirect", "targetGroupArn": group}
    assert failures(aws, RULE, **{**wanted, "actions": [redirect]}) == {
        "actions[0].type": "this stand-in knows forward only, not redirect"
    }
    other = check(aws, RULE, inputs, **{**wanted, "listenerArn": listener + "x"})
    assert aws.diff(resource(RULE), id_, inputs, outputs, other).replaces == ["listenerArn"]
    aws.delete(resource(RULE), id_, inputs, outputs, timeout=0)
    assert aws.read(resource(RULE), id_, inputs, outputs) is None


def test_a_listener_certificate_comes_and_goes_without_the_certificate(aws: AwsProvider, account: Account) -> None:
    own, other = issued(account), account.certificate("a.example.com")
    account.validate(other)
    listener = account.listener(account.load_balancer()["LoadBalancerArn"], own)
    id_, inputs, outputs = create(aws, LISTENER_CERTIFICATE, listenerArn=listener, certificateArn=other)
    assert id_ == f"{listener}_{other}"
    assert unchanged(aws, LISTENER_CERTIFICATE, id_, inputs, outputs)
    aws.delete(resource(LISTENER_CERTIFICATE), id_, inputs, outputs, timeout=0)
    assert aws.read(resource(LISTENER_CERTIFICATE), id_, inputs, outputs) is None
    assert account.describe(other)["Status"] == "ISSUED"


def test_a_target_group_gets_a_short_stable_name_and_its_targets(aws: AwsProvider, account: Account) -> None:
    type_ = resource(TARGET_GROUP, "a-name-that-is-much-longer-than-thirty-two")
    given = {"port": 80, "protocol": "HTTP", "vpcId": account.vpc, "targetType": "ip"}
    inputs = aws.check(type_, None, given, b"seed").inputs
    assert len(inputs["name"]) == 32
    assert aws.check(type_, inputs, given, b"other").inputs["name"] == inputs["name"]
    arn, outputs = aws.create(type_, inputs, preview=False, timeout=0)
    assert outputs["healthCheck"]["path"] == "/"
    assert unchanged(aws, TARGET_GROUP, arn, inputs, outputs)
    id_, target, registered = create(aws, ATTACHMENT, targetGroupArn=arn, targetId="10.0.0.9", port=9090)
    assert unchanged(aws, ATTACHMENT, id_, target, registered)
    aws.delete(resource(ATTACHMENT), id_, target, registered, timeout=0)
    assert aws.read(resource(ATTACHMENT), id_, target, registered) is None


def test_two_target_groups_of_one_name_are_refused(aws: AwsProvider, account: Account) -> None:
    wanted = {"name": "one", "port": 80, "protocol": "HTTP", "vpcId": account.vpc}
    id_, inputs, outputs = create(aws, TARGET_GROUP, **wanted)
    with pytest.raises(ProviderError, match=r"^ELBv2 Target Group \(one\) already exists$"):
        create(aws, TARGET_GROUP, **wanted)
    diff = aws.diff(resource(TARGET_GROUP), id_, inputs, outputs, {**inputs, "port": 81})
    assert (diff.replaces, diff.delete_before_replace) == (["port"], True)


def test_an_ingress_rule_has_one_source_of_a_kind_that_stays(aws: AwsProvider, account: Account) -> None:
    group = account.ec2.create_security_group(GroupName="g", Description="g", VpcId=account.vpc)["GroupId"]
    base = {"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    id_, inputs, outputs = create(aws, INGRESS, **base, cidrIpv4="10.0.0.0/8")
    assert id_.startswith("sgr-")
    assert unchanged(aws, INGRESS, id_, inputs, outputs)
    moved = check(aws, INGRESS, **base, cidrIpv4="10.1.0.0/16")
    assert aws.diff(resource(INGRESS), id_, inputs, outputs, moved).replaces == []
    updated = aws.update(resource(INGRESS), id_, inputs, outputs, moved, preview=False, timeout=0)
    assert updated["cidrIpv4"] == "10.1.0.0/16"
    other = check(aws, INGRESS, **base, cidrIpv6="fd00::/8")
    assert set(aws.diff(resource(INGRESS), id_, inputs, outputs, other).replaces) == {"cidrIpv4", "cidrIpv6"}
    assert failures(aws, INGRESS, **base) == {
        "cidrIpv4": (
            "No attribute specified when one (and only one) of [cidrIpv4, cidrIpv6, prefixListId, "
            "referencedSecurityGroupId] is required"
        )
    }
    aws.delete(resource(INGRESS), id_, inputs, outputs, timeout=0)
    assert aws.read(resource(INGRESS), id_, inputs, outputs) is None


def test_a_resource_that_can_not_be_read_back_is_kept_as_made(
    aws: AwsProvider, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = check(aws, RECORD, zoneId=account.zone, name="a", type="A", ttl=1, records=["10.0.0.1"])
    monkeypatch.setattr("testbed.plugins.aws.route53.Record.read", lambda *_: None)
    with pytest.raises(PartialFailure) as caught:
        aws.create(resource(RECORD), inputs, preview=False, timeout=0)
    assert caught.value.id.endswith("_a_A")
    assert "couldn't find resource" in str(caught.value)


def test_another_region_replaces(aws: AwsProvider) -> None:
    id_, inputs, outputs = create(aws, CERTIFICATE, domainName="example.com")
    moved = check(aws, CERTIFICATE, domainName="example.com", region="eu-west-1")
    assert aws.diff(resource(CERTIFICATE), id_, inputs, outputs, moved).replaces == ["region"]
