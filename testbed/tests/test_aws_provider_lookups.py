"""The configuration of the AWS stand-in, and its functions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from botocore.credentials import Credentials

from testbed.emulator.token_review import Reviewer
from testbed.plugins.aws import config
from testbed.plugins.aws.provider import AwsProvider
from testbed.plugins.aws.session import go_duration
from testbed.plugins.provider import UNKNOWN, ProviderError
from testbed.tests.aws_account import Account, configured, strict_account


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with strict_account(monkeypatch) as made:
        yield made


@pytest.fixture
def aws(account: Account) -> AwsProvider:
    return configured()


def test_a_zone_is_found_by_name_with_or_without_the_dot(aws: AwsProvider, account: Account) -> None:
    for name in ("example.com", "example.com."):
        zone = aws.invoke("aws:route53/getZone:getZone", {"name": name})
        assert f"/hostedzone/{zone['zoneId']}" == account.zone
        assert zone["name"] == "example.com"
        assert len(zone["nameServers"]) == 4


def test_no_zone_and_two_zones_are_errors(aws: AwsProvider, account: Account) -> None:
    with pytest.raises(ProviderError, match=r"^no matching Route 53 Hosted Zone found$"):
        aws.invoke("aws:route53/getZone:getZone", {"name": "example.org"})
    account.route53.create_hosted_zone(Name="example.com.", CallerReference="y")
    with pytest.raises(ProviderError, match=r"^multiple Route 53 Hosted Zones matched; use additional constraints"):
        aws.invoke("aws:route53/getZone:getZone", {"name": "example.com"})


def test_a_load_balancer_is_found_by_name_or_tags(aws: AwsProvider, account: Account) -> None:
    made = account.load_balancer()
    account.elb.add_tags(ResourceArns=[made["LoadBalancerArn"]], Tags=[{"Key": "stack", "Value": "front"}])
    token = "aws:lb/getLoadBalancer:getLoadBalancer"
    for args in ({"name": "front"}, {"tags": {"stack": "front"}}, {"arn": made["LoadBalancerArn"]}):
        found = aws.invoke(token, args)
        assert found["arn"] == made["LoadBalancerArn"]
        assert (found["zoneId"], found["idleTimeout"], found["internal"]) == ("Z35SXDOTRQ7X7K", 60, False)
    for nothing in ({"name": "other"}, {"tags": {"stack": "other"}}):
        with pytest.raises(ProviderError, match=r"^Search returned 0 results, please revise so only one is returned$"):
            aws.invoke(token, nothing)


def test_a_listener_is_found_by_load_balancer_and_port(aws: AwsProvider, account: Account) -> None:
    balancer = account.load_balancer()["LoadBalancerArn"]
    arn = account.listener(balancer, Protocol="HTTP", Port=80)
    found = aws.invoke("aws:lb/getListener:getListener", {"loadBalancerArn": balancer, "port": 80})
    assert (found["arn"], found["protocol"], found["defaultActions"][0]["type"]) == (arn, "HTTP", "fixed-response")
    with pytest.raises(ProviderError, match=r"^no matching ELBv2 Listener found$"):
        aws.invoke("aws:lb/getListener:getListener", {"loadBalancerArn": balancer, "port": 443})


def test_a_listener_is_not_looked_for_by_its_tags(aws: AwsProvider, account: Account) -> None:
    balancer = account.load_balancer()["LoadBalancerArn"]
    arn = account.listener(balancer, Protocol="HTTP", Port=80)
    token = "aws:lb/getListener:getListener"
    assert aws.invoke(token, {"arn": arn, "tags": {"not": "there"}})["arn"] == arn
    with pytest.raises(ProviderError, match=r"must be specified"):
        aws.invoke(token, {"loadBalancerArn": balancer, "tags": {"not": "there"}})


@pytest.mark.parametrize(
    ("args", "zone"),
    [
        ({}, "Z35SXDOTRQ7X7K"),
        ({"region": "eu-west-1"}, "Z32O12XQLNTSW2"),
        ({"loadBalancerType": "network"}, "Z26RNL4JYFTOTI"),
    ],
)
def test_the_hosted_zone_of_a_regions_load_balancers_is_known(
    aws: AwsProvider, args: dict[str, str], zone: str
) -> None:
    assert aws.invoke("aws:lb/getHostedZoneId:getHostedZoneId", args)["id"] == zone


def test_an_issued_certificate_is_found_by_its_domain(aws: AwsProvider, account: Account) -> None:
    arn = account.certificate()
    with pytest.raises(ProviderError, match=r"no ACM Certificate matching domain 'example\.com' found"):
        aws.invoke("aws:acm/getCertificate:getCertificate", {"domain": "example.com"})
    account.validate(arn)
    found = aws.invoke("aws:acm/getCertificate:getCertificate", {"domain": "example.com"})
    assert (found["arn"], found["status"]) == (arn, "ISSUED")


def test_a_missing_cluster_is_an_error_with_its_name(aws: AwsProvider) -> None:
    with pytest.raises(ProviderError, match=r"^reading EKS Cluster \(nope\): couldn't find resource$"):
        aws.invoke("aws:eks/getCluster:getCluster", {"name": "nope"})


def test_the_token_of_a_cluster_is_one_that_the_cluster_takes(aws: AwsProvider) -> None:
    token = aws.invoke("aws:eks/getClusterAuth:getClusterAuth", {"name": "platform"})["token"]
    reviewer = Reviewer(Credentials("x", "x"), "arn", "123456789012", ())
    assert reviewer.verify(token, ["platform"], datetime.now(timezone.utc)) == "platform"


def test_a_security_group_is_found_by_name(aws: AwsProvider, account: Account) -> None:
    made = account.ec2.create_security_group(GroupName="nodes", Description="d", VpcId=account.vpc)["GroupId"]
    assert aws.invoke("aws:ec2/getSecurityGroup:getSecurityGroup", {"name": "nodes"})["id"] == made
    with pytest.raises(ProviderError, match=r"^no matching EC2 Security Group found$"):
        aws.invoke("aws:ec2/getSecurityGroup:getSecurityGroup", {"name": "other"})


def test_an_instance_is_found_by_its_id(aws: AwsProvider, account: Account) -> None:
    image = account.ec2.register_image(Name="image")["ImageId"]
    made = account.ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=account.subnets[0])
    id_ = made["Instances"][0]["InstanceId"]
    found = aws.invoke("aws:ec2/getInstance:getInstance", {"instanceId": id_})
    assert (found["id"], found["subnetId"], found["instanceState"]) == (id_, account.subnets[0], "running")


def test_account_region_and_partition_are_known(aws: AwsProvider) -> None:
    assert aws.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})["accountId"] == "123456789012"
    assert aws.invoke("aws:index/getRegion:getRegion", {})["region"] == "us-east-1"
    assert aws.invoke("aws:index/getPartition:getPartition", {})["partition"] == "aws"


@pytest.mark.parametrize("key", ["allowedAccountIds", "forbiddenAccountIds"])
def test_an_account_that_is_not_allowed_is_refused(account: Account, key: str) -> None:
    ids = '["000000000000"]' if key == "allowedAccountIds" else '["123456789012"]'
    with pytest.raises(ProviderError, match=r"^AWS account ID not allowed: 123456789012$"):
        configured(**{key: ids})


def test_a_role_is_assumed(account: Account) -> None:
    role = "arn:aws:iam::123456789012:role/deployer"
    provider = configured(assumeRoles=f'[{{"roleArn": "{role}", "sessionName": "me", "duration": "1h"}}]')
    identity = provider.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert identity["arn"] == "arn:aws:sts::123456789012:assumed-role/deployer/me"


def test_ignored_tags_are_not_ours(account: Account) -> None:
    provider = configured(ignoreTags='{"keys": ["a"], "keyPrefixes": ["b-"]}')
    balancer = account.load_balancer()["LoadBalancerArn"]
    tags = [{"Key": key, "Value": "x"} for key in ("a", "b-1", "c")]
    account.elb.add_tags(ResourceArns=[balancer], Tags=tags)
    assert provider.invoke("aws:lb/getLoadBalancer:getLoadBalancer", {"arn": balancer})["tags"] == {"c": "x"}


def test_a_configuration_that_is_wrong_is_refused_key_by_key() -> None:
    faults = config.check(
        {
            "regio": "us-east-1",
            "allowedAccountIds": "123456789012",
            "maxRetries": "many",
            "defaultTags": '{"tagss": {}}',
            "endpoints": '[{"route52": "http://127.0.0.1:1"}]',
            "version": "7.0.0",
        }
    )
    assert {fault.property: fault.reason for fault in faults} == {
        "regio": "unknown property 'regio'; did you mean 'region'?",
        "allowedAccountIds": "expected a list, got int",
        "maxRetries": "expected JSON of a int, got a string that is none",
        "defaultTags.tagss": "unknown property 'tagss'; did you mean 'tags'?",
        "endpoints[0].route52": "unknown service 'route52'; did you mean 'route53'?",
    }


def test_an_endpoint_is_used_for_its_service() -> None:
    assert config.endpoints([{"acm": "http://127.0.0.1:1", "elb": "http://127.0.0.1:2"}]) == {
        "acm": "http://127.0.0.1:1",
        "elbv2": "http://127.0.0.1:2",
    }


def test_a_preview_with_an_unknown_region_makes_no_call() -> None:
    provider = AwsProvider()
    provider.configure({"region": UNKNOWN})
    with pytest.raises(ProviderError, match=r"^the AWS provider is not configured"):
        provider.invoke("aws:index/getPartition:getPartition", {})


@pytest.mark.parametrize(("seconds", "text"), [(4500, "1h15m0s"), (90, "1m30s"), (2, "2s")])
def test_a_duration_reads_as_the_official_provider_prints_it(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text
