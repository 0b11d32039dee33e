"""What a stack's settings name around a Docker Compose host is looked for, and what is not there is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.aws import AwsAccess, AwsAccount
from survey.compose import ComposeSite, find_site
from testbed.tests.aws_account import Account, strict_account
from tests.compose_bundle import STACK as MINIMUM

PLACE = "account 123456789012 in us-east-1"


class Site:
    """An instance with a role, and a load balancer with an HTTPS listener, in an account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.iam = boto3.client("iam", region_name="us-east-1")
        self.iam.create_role(RoleName="platform-role", AssumeRolePolicyDocument="{}")
        self.iam.create_instance_profile(InstanceProfileName="platform-profile")
        self.iam.add_role_to_instance_profile(InstanceProfileName="platform-profile", RoleName="platform-role")
        self.group, self.other_group = (self._group(name) for name in ("instance", "other"))
        self.instance = self.run("platform", IamInstanceProfile={"Name": "platform-profile"})
        certificate = account.certificate()
        account.validate(certificate)
        self.certificate = certificate
        self.balancer = account.elb.create_load_balancer(
            Name="front", Subnets=account.subnets, SecurityGroups=[self._group("balancer")]
        )["LoadBalancers"][0]
        self.arn = str(self.balancer["LoadBalancerArn"])
        self.listener = account.listener(self.arn, certificate)
        account.elb.add_tags(ResourceArns=[self.listener], Tags=[{"Key": "Name", "Value": "users"}])

    def _group(self, name: str) -> str:
        made = self.account.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.account.vpc)
        return str(made["GroupId"])

    def run(self, name: str, **more: Any) -> str:
        """Runs an instance of this name; returns its id."""
        image = self.account.ec2.register_image(Name=name)["ImageId"]
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        placed = {"SubnetId": self.account.subnets[0], "SecurityGroupIds": [self.group]}
        made = self.account.ec2.run_instances(
            ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=tags, **placed, **more
        )
        return str(made["Instances"][0]["InstanceId"])

    def find(self, **changes: object) -> ComposeSite:
        given = {"instanceId": self.instance, "loadBalancer": "front", **changes}
        return find_site(parse_settings(MINIMUM | given), AwsAccount(AwsAccess(region="us-east-1")))

    def refused(self, **changes: object) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            self.find(**changes)
        return [str(problem).removeprefix("seqera-studios:") for problem in caught.value.problems]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with strict_account(monkeypatch) as account:
        yield Site(account)


def test_what_is_there_is_found(site: Site) -> None:
    found = site.find()
    assert (found.instance_id, found.instance_security_group, found.role) == (
        *(site.instance, site.group),
        "platform-role",
    )
    assert found.load_balancer_security_group == min(site.balancer["SecurityGroups"])
    assert (found.load_balancer_hostname, found.vpc_id) == (site.balancer["DNSName"], site.account.vpc)
    assert found.listener_arn == site.listener
    assert site.find(attachInstancePolicy=False).role is None
    assert site.find(instanceId=None, instanceTags={"Name": "platform"}).instance_id == site.instance
    assert site.find(loadBalancer=site.arn).listener_arn == site.listener
    assert site.find(listenerArn=site.listener).listener_arn == site.listener
    assert site.find(listenerTags={"Name": "users"}).listener_arn == site.listener


def test_a_timeout_that_is_too_short_is_reported_with_the_command(site: Site) -> None:
    (warning,) = site.find().warnings
    assert "cuts a WebSocket after 60 s without traffic, and idleTimeout is 301 s" in warning
    assert warning.endswith(
        f"aws elbv2 modify-load-balancer-attributes --load-balancer-arn {site.arn} "
        "--attributes Key=idle_timeout.timeout_seconds,Value=301"
    )
    wanted = [{"Key": "idle_timeout.timeout_seconds", "Value": "301"}]
    site.account.elb.modify_load_balancer_attributes(LoadBalancerArn=site.arn, Attributes=wanted)
    assert site.find().warnings == ()


def test_all_that_is_wrong_with_the_site_is_said_at_once(site: Site) -> None:
    site.account.elb.delete_listener(ListenerArn=site.listener)
    other = site.account.listener(site.arn, site.certificate, Port=8443)
    groups = sorted([site.group, site.other_group])
    site.account.ec2.modify_instance_attribute(InstanceId=site.instance, Groups=groups)
    site.account.ec2.stop_instances(InstanceIds=[site.instance])
    assert site.refused() == [
        (
            "listenerArn: is not set, and the listener of the load balancer front at port 443 does not exist; the "
            f"HTTPS listeners are {other}"
        ),
        (
            f"instanceSecurityGroup: is not set, and {site.instance} has {', '.join(groups)}; write the one to "
            f"open: pulumi config set instanceSecurityGroup {groups[0]}"
        ),
        f'instanceId: "{site.instance}" is stopped; start the instance',
    ]


def test_a_listener_at_443_that_is_not_https_is_refused(site: Site) -> None:
    site.account.elb.delete_listener(ListenerArn=site.listener)
    site.account.listener(site.arn, Protocol="HTTP", Port=443)
    assert site.refused() == [
        (
            "listenerArn: is not set, and the listener of the load balancer front at port 443 is not an HTTPS "
            "listener; there are no HTTPS listeners"
        )
    ]


def test_an_instance_without_a_profile_is_told_what_to_do(site: Site) -> None:
    plain = site.run("plain")
    (problem,) = site.refused(instanceId=plain)
    assert "AmazonSSMManagedInstanceCore" in problem
    assert "pulumi config set delivery files" in problem
    assert site.find(instanceId=plain, delivery="files").role is None


def test_a_profile_without_a_role_is_told_what_to_do(site: Site) -> None:
    site.iam.remove_role_from_instance_profile(InstanceProfileName="platform-profile", RoleName="platform-role")
    assert site.refused() == [
        (
            f'instanceId: "{site.instance}" has the instance profile platform-profile without a role, so that '
            "Systems Manager does not reach it; add one that has the policy AmazonSSMManagedInstanceCore"
        )
    ]


def test_what_is_not_there_is_told_with_what_there_is(site: Site) -> None:
    other = site.run("other")
    instances = f"{site.instance} (Name=platform), {other} (Name=other)"
    assert site.refused(instanceId="i-0123456789abcdef0", loadBalancer="platform") == [
        f'instanceId: "i-0123456789abcdef0" is not in {PLACE}; the running instances are {instances}',
        f'loadBalancer: "platform" is not in {PLACE}; the application load balancers are front',
    ]
    by_tags = {"instanceId": None, "instanceTags": {"Name": "x"}, "loadBalancer": None}
    assert site.refused(**by_tags, loadBalancerTags={"env": "prod"}) == [
        f'instanceTags: {{"Name": "x"}} are on no running instance of {PLACE}; the running instances are {instances}',
        (
            f'loadBalancerTags: {{"env": "prod"}} are on no application load balancer of {PLACE}; the application load '
            "balancers are front"
        ),
    ]


def test_tags_of_several_instances_are_told_with_all_of_them(site: Site) -> None:
    site.account.ec2.create_tags(Resources=[site.instance, site.run("other")], Tags=[{"Key": "env", "Value": "prod"}])
    (problem,) = site.refused(instanceId=None, instanceTags={"env": "prod"})
    assert problem.startswith(
        f'instanceTags: {{"env": "prod"}} are on 2 running instances; the running instances are {site.instance} '
        "(Name=platform, env=prod), i-"
    )


def test_tags_of_no_listener_and_of_several_are_told_with_those_that_there_are(site: Site) -> None:
    another = site.account.listener(site.arn, site.certificate, Port=8443)
    listeners = f"the HTTPS listeners are {site.listener} (Name=users), {another}"
    assert site.refused(listenerTags={"Name": "users", "env": "test"}) == [
        (f'listenerTags: {{"Name": "users", "env": "test"}} are on no listener of the load balancer front; {listeners}')
    ]
    site.account.elb.add_tags(ResourceArns=[another], Tags=[{"Key": "Name", "Value": "users"}])
    assert site.refused(listenerTags={"Name": "users"}) == [
        (f'listenerTags: {{"Name": "users"}} are on 2 listeners of the load balancer front; {listeners} (Name=users)')
    ]


def test_a_listener_of_another_load_balancer_is_refused(site: Site) -> None:
    made = site.account.elb.create_load_balancer(Name="back", Subnets=site.account.subnets)["LoadBalancers"][0]
    other = site.account.listener(made["LoadBalancerArn"], site.certificate)
    assert site.refused(listenerArn=other) == [
        (
            f'listenerArn: "{other}" is not an HTTPS listener of the load balancer front; the HTTPS listeners are '
            f"{site.listener} (Name=users)"
        )
    ]


def test_a_network_load_balancer_is_refused(site: Site) -> None:
    site.account.elb.create_load_balancer(Name="net", Subnets=site.account.subnets, Type="network")
    problems = site.refused(loadBalancer="net")
    assert 'loadBalancer: "net" is not an Application Load Balancer; write the name or ARN of one' in problems


SIBLING = {"platformUrl": "https://platform.example.com", "connectUrl": "https://connect.example.com"}


def _rule(site: Site, priority: int, host: str) -> None:
    site.account.elb.create_rule(
        ListenerArn=site.listener,
        Priority=priority,
        Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": [host]}}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
    )


def test_a_wildcard_beside_platform_must_not_take_platforms_requests(site: Site) -> None:
    start = (
        'connectUrl: "https://connect.example.com" puts the sessions at *.example.com, which matches Platform\'s own '
        "host platform.example.com as well, "
    )
    assert site.refused(**SIBLING) == [
        (
            f"{start}for which the listener has no rule: the proxy would get Platform's requests; add one there, for "
            "that host and all paths, or put Connect below it, for example https://connect.platform.example.com"
        )
    ]
    _rule(site, 20, "platform.example.com")
    assert site.find(**SIBLING).listener_arn == site.listener
    assert site.find(**SIBLING, listenerRulePriority=21).listener_arn == site.listener
    (problem,) = site.refused(**SIBLING, listenerRulePriority=10)
    assert problem.startswith(f"{start}with the priority 20 there: ")
    assert "write a listenerRulePriority above 20" in problem


def test_a_wildcard_below_platform_takes_nothing_of_it(site: Site) -> None:
    deeper = {**SIBLING, "connectUrl": "https://connect.studios.platform.example.com"}
    assert site.find(**deeper).listener_arn == site.listener


BELOW = {"platformUrl": "https://platform.example.com"}


def _first(site: Site, **changes: object) -> list[str]:
    return [str(problem).removeprefix("seqera-studios:") for problem in site.find(**BELOW, **changes).first]


def _rule_for_paths(site: Site, priority: int, path: str) -> None:
    site.account.elb.create_rule(
        ListenerArn=site.listener,
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
    )


def test_a_rule_for_the_sessions_host_that_exists_stands_against_a_first_up(site: Site) -> None:
    assert _first(site) == []
    _rule(site, 7, "*.platform.example.com")
    assert _first(site) == [
        (
            'connectUrl: "https://connect.platform.example.com" is routed already: the listener has a rule with the '
            "priority 7 for *.platform.example.com, which this stack has not made, and which would go on taking the "
            "requests; remove it there once nothing needs it, adopt the Studios behind it (docs/adopt.md), or write "
            "another host in connectUrl"
        )
    ]
    assert _first(site, existingOidc=True) == []


def test_a_rule_that_takes_the_requests_of_the_sessions_must_come_later(site: Site) -> None:
    after = "puts the rule for *.platform.example.com after the rule with the priority {} for {}, which would take its "
    _rule(site, 20, "*.example.com")
    (problem,) = site.refused(**BELOW)
    assert problem == (
        f"listenerRulePriority: is not set, and {after.format(20, '*.example.com')}"
        "requests; write a listenerRulePriority below 20"
    )
    assert site.find(**BELOW, listenerRulePriority=19).listener_arn == site.listener
    _rule_for_paths(site, 1, "/*")
    (problem,) = site.refused(**BELOW, listenerRulePriority=19)
    assert problem == (
        f"listenerRulePriority: 19 {after.format(1, 'every host')}"
        "requests; give that rule a higher number there, and write a listenerRulePriority below it"
    )


def test_a_rule_for_some_paths_or_other_hosts_takes_nothing_of_the_sessions(site: Site) -> None:
    _rule_for_paths(site, 1, "/api/*")
    _rule(site, 2, "*.example.net")
    assert site.find(**BELOW).first == ()


def test_a_priority_that_another_rule_has_is_refused_with_one_that_is_free(site: Site) -> None:
    for priority in (10, 11):
        _rule(site, priority, f"h{priority}.example.net")
    assert _first(site, listenerRulePriority=10) == [
        (
            "listenerRulePriority: 10 is taken by the rule with the priority 10 for h10.example.net; write another "
            "one, for example 12"
        )
    ]
    assert _first(site, listenerRulePriority=12) == []


def test_a_wildcard_takes_a_platform_of_any_depth(site: Site) -> None:
    deeper = {"platformUrl": "https://platform.dev.example.com", "connectUrl": "https://connect.example.com"}
    (problem,) = site.refused(**deeper)
    assert "matches Platform's own host platform.dev.example.com as well, for which the listener has no rule" in problem
    _rule(site, 5, "*.dev.example.com")
    assert site.find(**deeper).listener_arn == site.listener


def test_an_instance_of_another_vpc_is_refused(site: Site) -> None:
    vpc = site.account.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = site.account.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    group = site.account.ec2.create_security_group(GroupName="far", Description="far", VpcId=vpc)["GroupId"]
    image = site.account.ec2.register_image(Name="far")["ImageId"]
    profile = {"Name": "platform-profile"}
    made = site.account.ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnet, SecurityGroupIds=[group], IamInstanceProfile=profile
    )
    far = made["Instances"][0]["InstanceId"]
    assert site.refused(instanceId=far) == [
        (
            f'instanceId: "{far}" is in {vpc}, and the load balancer front in {site.account.vpc}, where it reaches no '
            f"other VPC's instances; write the instance that it serves, or a load balancer of {vpc}"
        )
    ]


def test_an_instance_that_is_gone_is_not_to_be_started(site: Site) -> None:
    site.account.ec2.terminate_instances(InstanceIds=[site.instance])
    assert f'instanceId: "{site.instance}" is terminated; write the instance that Platform runs on now' in site.refused(
        instanceSecurityGroup=site.group
    )


def test_a_rule_of_the_security_group_that_exists_stands_against_a_first_up(site: Site) -> None:
    source = min(site.balancer["SecurityGroups"])
    from_balancer = {"IpProtocol": "tcp", "UserIdGroupPairs": [{"GroupId": source}]}
    for port in (8000, 9090):
        opened = {**from_balancer, "FromPort": port, "ToPort": port}
        site.account.ec2.authorize_security_group_ingress(GroupId=site.group, IpPermissions=[opened])
    (problem,) = _first(site)
    assert problem.startswith("proxyPort: 9090 is open already: the rule sgr-")
    assert problem.endswith(
        f" of {site.group} lets {source} in, and this stack has not made it; remove it there once nothing needs it, or "
        "write another proxyPort"
    )
    assert _first(site, proxyPort=9091) == []


def test_a_listener_at_the_port_of_ssh_stands_against_a_first_up(site: Site) -> None:
    elb = site.account.elb
    net = elb.create_load_balancer(Name="net", Subnets=site.account.subnets, Type="network")["LoadBalancers"][0]
    made = elb.create_target_group(Name="ssh", Protocol="TCP", Port=22, VpcId=site.account.vpc)["TargetGroups"][0]
    action = {"Type": "forward", "TargetGroupArn": made["TargetGroupArn"]}
    elb.create_listener(LoadBalancerArn=net["LoadBalancerArn"], Protocol="TCP", Port=2222, DefaultActions=[action])
    ssh = {"ssh": True, "platformVersion": "25.3.3", "connectVersion": "0.12.0", "sshLoadBalancer": "net"}
    clients = {"sshClientCidrs": ["10.0.0.0/8"]}
    assert _first(site, **ssh, **clients) == [
        "sshPort: 2222 is the port of a listener that the load balancer net has already; write another sshPort"
    ]
    assert _first(site, **ssh, **clients, sshPort=2223) == []
