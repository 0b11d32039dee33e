"""The stand-in for the AWS provider against an account in moto: what its types do."""

from __future__ import annotations

import pytest

from testbed.plugins.aws.provider import AwsProvider
from testbed.plugins.provider import UNKNOWN, PartialFailure, Properties, ProviderError
from testbed.tests.aws_account import Account
from testbed.tests.life import DEFAULT_TAGS, Life, check, failures, provider, resource

CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
RECORD = "aws:route53/record:Record"
RULE = "aws:lb/listenerRule:ListenerRule"
LISTENER_CERTIFICATE = "aws:lb/listenerCertificate:ListenerCertificate"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def issued(account: Account) -> str:
    arn = account.certificate()
    account.validate(arn)
    return arn


def test_a_certificate_lists_its_domain_among_its_names_and_one_option_each(account: Account) -> None:
    certificate = Life(
        CERTIFICATE, domainName="example.com", subjectAlternativeNames=["*.example.com"], validationMethod="DNS"
    )
    outputs = certificate.outputs
    assert outputs["arn"] == certificate.id
    assert outputs["subjectAlternativeNames"] == ["*.example.com", "example.com"]
    options = outputs["domainValidationOptions"]
    assert {option["domainName"] for option in options} == {"example.com", "*.example.com"}
    assert len({option["resourceRecordName"] for option in options}) == 1
    assert outputs["status"] == "PENDING_VALIDATION"
    assert outputs["tagsAll"] == DEFAULT_TAGS
    assert "tags" not in outputs


def test_the_preview_of_a_certificate_knows_only_its_inputs(account: Account) -> None:
    inputs = check(CERTIFICATE, domainName="example.com", validationMethod="DNS")
    id_, outputs = provider().create(resource(CERTIFICATE), inputs, preview=True, timeout=0)
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
def test_a_certificate_is_replaced_by_what_it_certifies(account: Account, change: Properties, path: str) -> None:
    base = {
        "domainName": "example.com",
        "subjectAlternativeNames": ["*.example.com"],
        "validationMethod": "DNS",
        "keyAlgorithm": "RSA_2048",
    }
    assert path in Life(CERTIFICATE, **base).replaced_by(**{**base, **change})


def test_the_order_of_a_certificates_names_means_nothing(account: Account) -> None:
    names = ["*.example.com", "a.example.com"]
    certificate = Life(CERTIFICATE, domainName="example.com", subjectAlternativeNames=names)
    assert certificate.update(domainName="example.com", subjectAlternativeNames=names[::-1]) == {}


def test_tags_change_in_place_with_the_default_ones(account: Account) -> None:
    certificate = Life(CERTIFICATE, domainName="example.com", tags={"a": "1", "b": "2"})
    assert certificate.update(domainName="example.com", tags={"a": "3"}) == {
        "tags.a": "update",
        "tags.b": "delete",
        "tagsAll.a": "update",
        "tagsAll.b": "delete",
    }
    assert certificate.outputs["tagsAll"] == {"a": "3", **DEFAULT_TAGS}
    assert certificate.outputs["tags"] == {"a": "3"}


def test_the_validation_waits_until_the_certificate_is_issued(account: Account) -> None:
    arn = issued(account)
    fqdn = account.describe(arn)["DomainValidationOptions"][0]["ResourceRecord"]["Name"].rstrip(".")
    validation = Life(VALIDATION, certificateArn=arn, validationRecordFqdns=[fqdn])
    assert validation.id.endswith(" +0000 UTC")
    assert validation.outputs == {"certificateArn": arn, "validationRecordFqdns": [fqdn], "region": "us-east-1"}


def test_a_validation_that_takes_too_long_says_so(account: Account) -> None:
    arn = account.certificate()
    inputs = check(VALIDATION, certificateArn=arn)
    with pytest.raises(ProviderError) as caught:
        provider().create(resource(VALIDATION), inputs, preview=False, timeout=0.3)
    assert str(caught.value) == (
        f"waiting for ACM Certificate ({arn}) to be issued: timeout while waiting for state to become 'ISSUED' "
        "(last state: 'PENDING_VALIDATION', timeout: 0s)"
    )


def test_a_validation_refuses_records_that_are_not_the_certificates(account: Account) -> None:
    arn = account.certificate("example.com")
    with pytest.raises(ProviderError, match=r"missing example\.com DNS validation record: _d9\w+\.example\.com$"):
        Life(VALIDATION, certificateArn=arn, validationRecordFqdns=["_x.example.com"])


def test_cancelling_ends_a_wait(account: Account) -> None:
    aws = AwsProvider()
    aws.configure({"accessKey": "x", "secretKey": "x", "region": "us-east-1", "skipCredentialsValidation": True})
    inputs = check(VALIDATION, certificateArn=account.certificate())
    aws.cancel()
    with pytest.raises(ProviderError, match=r"cancelled after 0s$"):
        aws.create(resource(VALIDATION), inputs, preview=False, timeout=600)


def test_a_certificate_in_use_is_not_deleted_in_time(account: Account) -> None:
    arn = issued(account)
    account.listener(account.load_balancer()["LoadBalancerArn"], arn)
    with pytest.raises(ProviderError) as caught:
        provider().delete(resource(CERTIFICATE), arn, {}, {"region": "us-east-1"}, timeout=0.3)
    message = str(caught.value)
    assert message.startswith(f"deleting ACM Certificate ({arn}): operation error ACM: DeleteCertificate, ")
    assert message.endswith(f"ResourceInUseException: Certificate {arn} in account 123456789012 is in use.")


def test_a_wildcard_alias_record_shows_its_star(account: Account) -> None:
    name = account.load_balancer()["DNSName"]
    alias = {"name": name, "zoneId": "Z35SXDOTRQ7X7K", "evaluateTargetHealth": True}
    zone = account.zone.removeprefix("/hostedzone/")
    record = Life(RECORD, zoneId=zone, name="*.example.com", type="A", aliases=[alias])
    assert record.id == f"{zone}_*.example.com_A"
    assert record.outputs["fqdn"] == "*.example.com"
    assert record.outputs["aliases"] == [alias]
    assert account.records() == {"\\052.example.com.": "A"}
    record.end()
    assert account.records() == {}


def test_a_record_that_exists_is_taken_over_only_when_allowed(account: Account) -> None:
    account.change("CREATE", "a.example.com", "A", "10.0.0.1")
    wanted = {"zoneId": account.zone, "name": "a.example.com", "type": "A", "ttl": 60, "records": ["10.0.0.2"]}
    with pytest.raises(ProviderError) as caught:
        Life(RECORD, **wanted)
    assert "StatusCode: 400" in str(caught.value)
    assert str(caught.value).startswith(
        "creating Route 53 Record: operation error Route 53: ChangeResourceRecordSets, "
    )
    assert str(caught.value).endswith(
        "InvalidChangeBatch: [Tried to create resource record set [name='a.example.com.', type='A'] but it already "
        "exists]"
    )
    assert Life(RECORD, **wanted, allowOverwrite=True).outputs["records"] == ["10.0.0.2"]


def test_a_refresh_shows_what_drifted_in_a_record(account: Account) -> None:
    wanted = {"zoneId": account.zone, "name": "a.example.com", "type": "A", "ttl": 60}
    record = Life(RECORD, **wanted, records=["10.0.0.1", "10.0.0.2"])
    account.change("UPSERT", "a.example.com", "A", "10.0.0.3", "10.0.0.2")
    live = record.aws.read(record.resource, record.id, record.inputs, record.outputs)
    assert live is not None
    _, record.inputs, record.outputs = live
    assert record.inputs["records"] == ["10.0.0.2", "10.0.0.3"]
    assert set(record.update(**wanted, records=["10.0.0.1", "10.0.0.2"]).values()) == {"update"}
    assert record.outputs["records"] == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize("name", ["_a_b.example.com", "_a_b"])
def test_a_record_is_imported_by_its_id(account: Account, name: str) -> None:
    account.change("CREATE", "_a_b.example.com", "CNAME", "c.example.com")
    zone = account.zone.removeprefix("/hostedzone/")
    live = provider().read(resource(RECORD), f"{zone}_{name}_CNAME", None, None)
    assert live is not None
    assert live[1] == {"zoneId": zone, "name": name, "type": "CNAME", "ttl": 60, "records": ["c.example.com"]}
    assert live[2]["fqdn"] == "_a_b.example.com"


def test_an_alias_excludes_values(account: Account) -> None:
    base: Properties = {"zoneId": "Z1", "name": "a", "type": "A"}
    alias = [{"name": "x", "zoneId": "Z2", "evaluateTargetHealth": False}]
    assert failures(RECORD, **base, aliases=alias, ttl=60) == {
        "aliases": 'Conflicting configuration arguments: "aliases": conflicts with ttl'
    }
    assert list(failures(RECORD, **base)) == ["aliases"]
    assert list(failures(RECORD, **base, records=["10.0.0.1"])) == ["records"]


def test_what_it_does_not_know_is_named(account: Account) -> None:
    base: Properties = {"zoneId": "Z1", "name": "a", "type": "A", "ttl": 1, "records": ["10.0.0.1"]}
    assert failures(RECORD, **base, tttl=2) == {"tttl": "unknown property 'tttl'; did you mean 'ttl'?"}
    assert failures(RECORD, **base, setIdentifier="x") == {
        "setIdentifier": (
            "unknown property 'setIdentifier'; it has aliases, allowOverwrite, name, records, ttl, type, zoneId"
        )
    }
    alias = {"name": "x", "zoneId": "Z2", "evaluateTargetHealth": False, "weight": 1}
    assert list(failures(RECORD, zoneId="Z1", name="a", type="A", aliases=[alias])) == ["aliases[0].weight"]
    known = {key: value for key, value in alias.items() if key != "weight"}
    assert failures(RECORD, zoneId="Z1", name="a", type="A", aliases=[known, known]) == {
        "aliases": "Too many list items: a record has one alias"
    }
    assert failures(RECORD, **{**base, "records": ["10.0.0.1", 2]}) == {"records[1]": "expected string, got int"}
    assert failures(CERTIFICATE, domainName="a.example.com", validationMethod="DNS", tags={"a": True}) == {
        "tags.a": "expected string, got bool"
    }
    redirect = {"type": "redirect", "targetGroupArn": "arn"}
    assert failures("aws:lb/listener:Listener", loadBalancerArn="arn", port=80, defaultActions=[redirect]) == {
        "defaultActions[0].type": "this stand-in knows forward only, not redirect"
    }
    with pytest.raises(ProviderError, match=r"^unknown resource type aws:s3/bucket:Bucket"):
        check("aws:s3/bucket:Bucket")
    with pytest.raises(ProviderError, match=r"^unknown function aws:s3/getBucket:getBucket"):
        provider().invoke("aws:s3/getBucket:getBucket", {})


def test_a_listener_rule_is_changed_in_place_and_follows_its_listener(account: Account) -> None:
    listener = account.listener(account.load_balancer()["LoadBalancerArn"], Protocol="HTTP", Port=80)
    group = Life(TARGET_GROUP, port=80, protocol="HTTP", vpcId=account.vpc, targetType="ip").id
    wanted = {
        "listenerArn": listener,
        "conditions": [{"hostHeader": {"values": ["*.example.com"]}}],
        "actions": [{"type": "forward", "targetGroupArn": group}],
    }
    rule = Life(RULE, **wanted)
    assert rule.outputs["priority"] == 1
    assert rule.outputs["listenerArn"] == listener
    hosts = [{"hostHeader": {"values": ["a.example.com"]}}]
    assert rule.update(**{**wanted, "conditions": hosts}, priority=9)["priority"] == "update"
    assert (rule.outputs["priority"], rule.outputs["conditions"]) == (9, hosts)
    redirect = {"type": "redirect", "targetGroupArn": group}
    assert failures(RULE, **{**wanted, "actions": [redirect]}) == {
        "actions[0].type": "this stand-in knows forward only, not redirect"
    }
    assert failures(RULE, **wanted, priority=50001) == {
        "priority": "expected priority to be in the range (1 - 50000), got 50001"
    }
    assert rule.replaced_by(**{**wanted, "listenerArn": listener + "x"}) == ["listenerArn"]
    rule.end()


def test_a_listener_certificate_comes_and_goes_without_the_certificate(account: Account) -> None:
    own, other = issued(account), account.certificate("a.example.com")
    account.validate(other)
    listener = account.listener(account.load_balancer()["LoadBalancerArn"], own)
    served = Life(LISTENER_CERTIFICATE, listenerArn=listener, certificateArn=other)
    assert served.id == f"{listener}_{other}"
    served.end()
    assert account.describe(other)["Status"] == "ISSUED"


def test_a_target_group_gets_a_short_stable_name_and_its_targets(account: Account) -> None:
    aws, type_ = provider(), resource(TARGET_GROUP, "a-name-that-is-much-longer-than-thirty-two")
    given = {"port": 80, "protocol": "HTTP", "vpcId": account.vpc, "targetType": "ip"}
    inputs = aws.check(type_, None, given, b"seed").inputs
    assert len(inputs["name"]) == 32
    assert aws.check(type_, inputs, given, b"other").inputs["name"] == inputs["name"]
    group = Life(TARGET_GROUP, **given)
    assert group.outputs["healthCheck"]["path"] == "/"
    Life(ATTACHMENT, targetGroupArn=group.id, targetId="10.0.0.9", port=9090).end()


def test_two_target_groups_of_one_name_are_refused(account: Account) -> None:
    wanted = {"name": "one", "port": 80, "protocol": "HTTP", "vpcId": account.vpc}
    group = Life(TARGET_GROUP, **wanted)
    with pytest.raises(ProviderError, match=r"^ELBv2 Target Group \(one\) already exists$"):
        Life(TARGET_GROUP, **wanted)
    diff = group.aws.diff(group.resource, group.id, group.inputs, group.outputs, {**group.inputs, "port": 81})
    assert (diff.replaces, diff.delete_before_replace) == (["port"], True)


def test_an_ingress_rule_has_one_source_of_a_kind_that_stays(account: Account) -> None:
    group = account.ec2.create_security_group(GroupName="g", Description="g", VpcId=account.vpc)["GroupId"]
    base = {"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    rule = Life(INGRESS, **base, cidrIpv4="10.0.0.0/8")
    assert rule.id.startswith("sgr-")
    rule.update(**base, cidrIpv4="10.1.0.0/16")
    assert rule.outputs["cidrIpv4"] == "10.1.0.0/16"
    assert set(rule.replaced_by(**base, cidrIpv6="fd00::/8")) == {"cidrIpv4", "cidrIpv6"}
    assert failures(INGRESS, **base) == {
        "cidrIpv4": (
            "No attribute specified when one (and only one) of [cidrIpv4, cidrIpv6, prefixListId, "
            "referencedSecurityGroupId] is required"
        )
    }
    rule.end()


def test_a_resource_that_can_not_be_read_back_is_kept_as_made(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("testbed.plugins.aws.route53.Record.read", lambda *_: None)
    with pytest.raises(PartialFailure) as caught:
        Life(RECORD, zoneId=account.zone, name="a", type="A", ttl=1, records=["10.0.0.1"])
    assert caught.value.id.endswith("_a_A")
    assert "couldn't find resource" in str(caught.value)


def test_another_region_replaces(account: Account) -> None:
    certificate = Life(CERTIFICATE, domainName="example.com")
    assert certificate.replaced_by(domainName="example.com", region="eu-west-1") == ["region"]
