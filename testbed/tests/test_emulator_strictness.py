"""The rules of AWS that moto lacks, in-process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from testbed.tests.aws_account import ANSWER, Account

#: botocore's model of the service lacks UnsupportedCertificate, which AWS does send; moto warns of that.
pytestmark = pytest.mark.filterwarnings("ignore:.*does not match an error shape")


def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_certificate_is_pending_until_its_validation_record_exists(account: Account) -> None:
    arn = account.certificate()
    assert account.describe(arn)["Status"] == "PENDING_VALIDATION"
    assert "NotAfter" not in account.describe(arn)
    account.validate(arn)
    issued = account.describe(arn)
    assert issued["Status"] == "ISSUED"
    assert [option["ValidationStatus"] for option in issued["DomainValidationOptions"]] == ["SUCCESS", "SUCCESS"]


def test_a_validation_record_with_another_value_validates_nothing(account: Account) -> None:
    arn = account.certificate()
    record = account.describe(arn)["DomainValidationOptions"][0]["ResourceRecord"]
    account.change("CREATE", record["Name"], "CNAME", "_other.acm-validations.aws.")
    assert account.describe(arn)["Status"] == "PENDING_VALIDATION"


def test_each_name_of_a_certificate_needs_its_record(account: Account) -> None:
    arn = account.certificate("example.com", "connect.example.com")
    options = account.describe(arn)["DomainValidationOptions"]
    for status, option in zip(("PENDING_VALIDATION", "ISSUED"), options, strict=True):
        record = option["ResourceRecord"]
        account.change("CREATE", record["Name"], record["Type"], record["Value"])
        assert account.describe(arn)["Status"] == status


def test_a_record_in_a_zone_that_the_zone_above_does_not_delegate_validates_nothing(account: Account) -> None:
    made = account.route53.create_hosted_zone(Name="sub.example.com.", CallerReference="sub")
    parent, account.zone = account.zone, made["HostedZone"]["Id"]
    arn = account.certificate("sub.example.com")
    account.validate(arn)
    assert account.describe(arn)["Status"] == "PENDING_VALIDATION"
    account.zone = parent
    account.change("CREATE", "sub.example.com.", "NS", "ns.elsewhere.example.")
    assert account.describe(arn)["Status"] == "PENDING_VALIDATION"
    account.change("UPSERT", "sub.example.com.", "NS", *(f"{name}." for name in made["DelegationSet"]["NameServers"]))
    assert account.describe(arn)["Status"] == "ISSUED"


@pytest.mark.parametrize("name", ["foo_bar.example.com", "a..example.com", "*.*.example.com", "localhost", "x.1-"])
def test_a_certificate_for_what_is_no_domain_name_is_refused(account: Account, name: str) -> None:
    code, message = refusal(account.certificate, name)
    assert code == "ValidationException"
    assert message.startswith(
        f"1 validation error detected: Value '{name}' at 'domainName' failed to satisfy constraint: "
    )


def test_an_alternative_name_that_is_no_domain_name_is_refused(account: Account) -> None:
    code, message = refusal(account.certificate, "example.com", "foo_bar.example.com")
    assert code == "ValidationException"
    assert "Value '[foo_bar.example.com]' at 'subjectAlternativeNames'" in message


def test_a_certificate_in_use_is_not_deleted_and_says_who_uses_it(account: Account) -> None:
    arn = account.certificate()
    account.validate(arn)
    balancer = account.load_balancer()["LoadBalancerArn"]
    listener = account.listener(balancer, arn)
    assert account.describe(arn)["InUseBy"] == [balancer]
    assert refusal(account.acm.delete_certificate, CertificateArn=arn) == (
        "ResourceInUseException",
        f"Certificate {arn} in account 123456789012 is in use.",
    )
    account.elb.delete_listener(ListenerArn=listener)
    assert account.describe(arn)["InUseBy"] == []
    account.acm.delete_certificate(CertificateArn=arn)


def test_the_requested_key_algorithm_is_reported(account: Account) -> None:
    arn = account.acm.request_certificate(DomainName="example.com", KeyAlgorithm="EC_prime256v1")["CertificateArn"]
    assert account.describe(arn)["KeyAlgorithm"] == "EC_prime256v1"


def test_a_listener_takes_only_a_certificate_that_is_issued(account: Account) -> None:
    balancer = account.load_balancer()["LoadBalancerArn"]
    arn = account.certificate()
    assert refusal(account.listener, balancer, arn) == (
        "UnsupportedCertificate",
        (
            f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported "
            "key size."
        ),
    )
    other = arn[:-4] + "0000"
    assert refusal(account.listener, balancer, other) == ("CertificateNotFound", f"Certificate '{other}' not found")
    assert refusal(account.listener, balancer) == (
        "ValidationError",
        "A certificate must be specified for HTTPS listeners",
    )


def test_a_pending_certificate_is_refused_beside_the_listeners_own_too(account: Account) -> None:
    own = account.certificate()
    account.validate(own)
    listener = account.listener(account.load_balancer()["LoadBalancerArn"], own)
    pending = account.certificate("connect.example.com")
    add = account.elb.add_listener_certificates
    code, _ = refusal(add, ListenerArn=listener, Certificates=[{"CertificateArn": pending}])
    assert code == "UnsupportedCertificate"


def test_a_listener_keeps_its_default_certificate(account: Account) -> None:
    own, other = account.certificate(), account.certificate("connect.example.com")
    for arn in (own, other):
        account.validate(arn)
    listener = account.listener(account.load_balancer()["LoadBalancerArn"], own)
    remove = account.elb.remove_listener_certificates
    assert refusal(remove, ListenerArn=listener, Certificates=[{"CertificateArn": own}]) == (
        "OperationNotPermitted",
        "Default certificate cannot be removed",
    )
    assert refusal(remove, ListenerArn=listener, Certificates=[{"CertificateArn": other}]) == (
        "CertificateNotFound",
        f"Certificate '{other}' not found",
    )


def test_a_port_takes_one_listener(account: Account) -> None:
    balancer = account.load_balancer()["LoadBalancerArn"]
    arn = account.certificate()
    account.validate(arn)
    account.listener(balancer, Protocol="HTTP", Port=80)
    code, _ = refusal(account.listener, balancer, arn, Protocol="HTTPS", Port=80)
    assert code == "DuplicateListener"


def test_a_name_is_of_one_load_balancer_and_of_one_target_group(account: Account) -> None:
    account.load_balancer()
    code, _ = refusal(account.elb.create_load_balancer, Name="front", Subnets=account.subnets, Scheme="internal")
    assert code == "DuplicateLoadBalancerName"
    group = {"Name": "one", "Protocol": "HTTP", "Port": 80, "VpcId": account.vpc}
    account.elb.create_target_group(**group)
    code, _ = refusal(account.elb.create_target_group, **group, HealthCheckPath="/other")
    assert code == "DuplicateTargetGroupName"


def test_what_is_asked_again_as_a_client_does_that_has_lost_the_answer_is_made_once(account: Account) -> None:
    balancer = account.load_balancer()["LoadBalancerArn"]
    assert account.load_balancer()["LoadBalancerArn"] == balancer
    listener = account.listener(balancer, Protocol="HTTP", Port=80)
    assert account.listener(balancer, Protocol="HTTP", Port=80) == listener
    group = {"Name": "one", "Protocol": "HTTP", "Port": 80, "VpcId": account.vpc}
    first, again = (account.elb.create_target_group(**group)["TargetGroups"][0]["TargetGroupArn"] for _ in range(2))
    assert first == again
    assert len(account.elb.describe_load_balancers()["LoadBalancers"]) == 1


def test_an_unknown_security_policy_is_refused(account: Account) -> None:
    arn = account.certificate()
    account.validate(arn)
    balancer = account.load_balancer()["LoadBalancerArn"]
    assert refusal(account.listener, balancer, arn, SslPolicy="Strong") == (
        "SSLPolicyNotFound",
        "SSL policy 'Strong' not found",
    )


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "idle_timeout.timeout_seconds",
            "4001",
            "'idle_timeout.timeout_seconds' value '4001' must be between '1-4000' inclusive",
        ),
        (
            "idle_timeout.timeout_seconds",
            "0",
            "'idle_timeout.timeout_seconds' value '0' must be between '1-4000' inclusive",
        ),
        ("idle_timeout.seconds", "60", "Load balancer attribute key 'idle_timeout.seconds' is not recognized"),
        ("routing.http2.enabled", "yes", "'routing.http2.enabled' value 'yes' must be one of [true, false]"),
    ],
)
def test_a_load_balancer_attribute_out_of_range_is_refused(
    account: Account, key: str, value: str, message: str
) -> None:
    modify = account.elb.modify_load_balancer_attributes
    arn = account.load_balancer()["LoadBalancerArn"]
    wanted = [{"Key": key, "Value": value}]
    assert refusal(modify, LoadBalancerArn=arn, Attributes=wanted) == ("ValidationError", message)


def test_a_load_balancer_reports_the_hosted_zone_of_its_region(account: Account) -> None:
    assert account.load_balancer()["CanonicalHostedZoneId"] == "Z35SXDOTRQ7X7K"


def test_a_load_balancer_needs_two_zones(account: Account) -> None:
    code, _ = refusal(account.elb.create_load_balancer, Name="one", Subnets=account.subnets[:1])
    assert code == "ValidationError"
    assert account.elb.describe_load_balancers()["LoadBalancers"] == []


def test_a_protected_load_balancer_is_not_deleted(account: Account) -> None:
    arn = account.load_balancer()["LoadBalancerArn"]
    on = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    account.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=on)
    code, _ = refusal(account.elb.delete_load_balancer, LoadBalancerArn=arn)
    assert code == "OperationNotPermitted"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"HealthCheckPath": "health"}, "Health check path 'health' must begin with a '/' character"),
        (
            {"Matcher": {"HttpCode": "200,500"}},
            "Health check matcher HTTP code '200,500' must be within '200-499' inclusive",
        ),
        (
            {"Matcher": {"HttpCode": "100-399"}},
            "Health check matcher HTTP code '100-399' must be within '200-499' inclusive",
        ),
    ],
)
def test_a_health_check_that_cannot_be_is_refused(account: Account, wrong: dict[str, Any], message: str) -> None:
    right = {"Name": "pods", "Protocol": "HTTP", "Port": 80, "VpcId": account.vpc, "HealthCheckPath": "/health"}
    create, modify = account.elb.create_target_group, account.elb.modify_target_group
    assert refusal(create, **(right | wrong)) == ("ValidationError", message)
    arn = create(**right, Matcher={"HttpCode": "200-499"})["TargetGroups"][0]["TargetGroupArn"]
    assert refusal(modify, TargetGroupArn=arn, **wrong) == ("ValidationError", message)
    modify(TargetGroupArn=arn, HealthCheckPath="/", Matcher={"HttpCode": "200,301"})


def test_rules_change_places_in_one_call_and_take_no_other_rules_place(account: Account) -> None:
    listener = account.listener(account.load_balancer()["LoadBalancerArn"], Protocol="HTTP", Port=80)

    def rule(priority: int) -> str:
        condition = {"Field": "path-pattern", "Values": [f"/{priority}"]}
        made = account.elb.create_rule(ListenerArn=listener, Priority=priority, Conditions=[condition], Actions=ANSWER)
        return str(made["Rules"][0]["RuleArn"])

    def moved(**places: int) -> list[dict[str, Any]]:
        return [{"RuleArn": rules[name], "Priority": place} for name, place in places.items()]

    rules = {"first": rule(1), "second": rule(2), "third": rule(3)}
    account.elb.set_rule_priorities(RulePriorities=moved(first=2, second=1))
    described = account.elb.describe_rules(RuleArns=list(rules.values()))["Rules"]
    priorities = {each["RuleArn"]: each["Priority"] for each in described}
    assert [priorities[rules[name]] for name in ("first", "second", "third")] == ["2", "1", "3"]
    code, _ = refusal(account.elb.set_rule_priorities, RulePriorities=moved(first=3))
    assert code == "PriorityInUse"
    assert refusal(account.elb.set_rule_priorities, RulePriorities=moved(first=5, second=5)) == (
        "ValidationError",
        "Priority '5' was provided multiple times",
    )


def test_an_alias_must_quote_the_zone_of_its_load_balancer(account: Account) -> None:
    name = account.load_balancer()["DNSName"]
    assert refusal(account.alias, name, "Z1H1FL5HABSF5") == (
        "InvalidChangeBatch",
        (
            f"[Tried to create an alias that targets {name}., type A in zone Z1H1FL5HABSF5, but the alias target name "
            "does not lie within the target zone]"
        ),
    )
    account.alias(f"dualstack.{name}", "Z35SXDOTRQ7X7K")


def test_an_alias_of_no_load_balancer_is_refused(account: Account) -> None:
    code, message = refusal(account.alias, "gone.us-east-1.elb.amazonaws.com", "Z35SXDOTRQ7X7K")
    assert code == "InvalidChangeBatch"
    assert message.endswith("but that target was not found]")


def test_a_wildcard_record_is_listed_with_its_escape(account: Account) -> None:
    account.change("CREATE", "*.example.com", "A", "10.0.0.1")
    listed = account.route53.list_resource_record_sets(
        HostedZoneId=account.zone, StartRecordName="*.example.com", StartRecordType="A", MaxItems="1"
    )
    assert [record["Name"] for record in listed["ResourceRecordSets"]] == ["\\052.example.com."]


def test_a_second_record_of_the_same_name_and_type_is_refused(account: Account) -> None:
    account.change("CREATE", "a.example.com", "A", "10.0.0.1")
    assert refusal(account.change, "CREATE", "A.example.com", "A", "10.0.0.2") == (
        "InvalidChangeBatch",
        "[Tried to create resource record set [name='a.example.com.', type='A'] but it already exists]",
    )


def test_a_record_outside_of_the_zone_is_refused(account: Account) -> None:
    assert refusal(account.change, "CREATE", "a.badexample.com", "A", "10.0.0.1") == (
        "InvalidChangeBatch",
        "[RRSet with DNS name a.badexample.com. is not permitted in zone example.com.]",
    )


def test_a_record_is_deleted_only_with_its_present_values(account: Account) -> None:
    account.change("CREATE", "a.example.com", "A", "10.0.0.1")
    account.change("UPSERT", "a.example.com", "A", "10.0.0.2")
    _, message = refusal(account.change, "DELETE", "a.example.com", "A", "10.0.0.1")
    assert message.endswith("but the values provided do not match the current values]")
    account.change("DELETE", "a.example.com", "A", "10.0.0.2")
    _, message = refusal(account.change, "DELETE", "a.example.com", "A", "10.0.0.2")
    assert message.endswith("but it was not found]")


def test_a_cname_stands_alone(account: Account) -> None:
    account.change("CREATE", "a.example.com", "A", "10.0.0.1")
    code, message = refusal(account.change, "CREATE", "a.example.com", "CNAME", "b.example.com")
    assert code == "InvalidChangeBatch"
    assert "because a conflicting RRSet of the same DNS name already exists" in message


def test_a_batch_with_one_fault_changes_nothing(account: Account) -> None:
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": name,
                "Type": "A",
                "TTL": 60,
                "ResourceRecords": [{"Value": "10.0.0.1"}],
            },
        }
        for name in ("a.example.com", "a.example.org")
    ]
    batch = {"Changes": changes}
    refusal(account.route53.change_resource_record_sets, HostedZoneId=account.zone, ChangeBatch=batch)
    assert account.records() == {}


def test_a_rule_for_another_security_group_keeps_its_description(account: Account) -> None:
    group, other = (
        account.ec2.create_security_group(GroupName=name, Description=name, VpcId=account.vpc)["GroupId"]
        for name in ("a", "b")
    )
    sources = [{"GroupId": other, "Description": "from b"}]
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": sources}
    made = account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def described() -> str:
        rules = account.ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]
        return str(rules[0].get("Description"))

    assert described() == "from b"
    change = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "ReferencedGroupId": other, "Description": "else"}
    account.ec2.modify_security_group_rules(
        GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": rule, "SecurityGroupRule": change}]
    )
    assert described() == "else"
