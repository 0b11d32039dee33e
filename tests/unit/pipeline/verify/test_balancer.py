"""What AWS says of the load balancer is held against the stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipeline.verify import balancer
from pipeline.verify.deployment import Deployment
from pipeline.verify.findings import CannotAskError, Finding, bad, good
from survey.aws_errors import AwsError
from tests.unit.pipeline.verify.subject import BALANCER, COMPOSE_SETTINGS, deployment

HOST = "connect.platform.example.com"
AGAIN = (
    "pulumi up --refresh -s prod; if the Ingress is there: kubectl -n platform annotate ingress connect-ingress "
    "reconcile=$(date +%s) --overwrite"
)


class Elb:
    """A client of the ELB API with one load balancer."""

    def __init__(self, **changed: Any) -> None:
        self.state = changed.get("state", {"Code": "active"})
        self.hostname = changed.get("hostname", BALANCER.upper())
        resource = {"Key": "ingress.k8s.aws/resource", "Value": "platform/connect-proxy-connect-proxy:80"}
        self.tags = changed.get("tags", [resource])
        self.port = changed.get("port", 443)
        self.protocol = changed.get("protocol", "HTTPS")
        self.rules = changed.get("rules", [rule(1, f"*.{HOST.partition('.')[2]}", "g")])
        self.health = changed.get("health", [target("healthy")])
        self.idle = changed.get("idle", "301")

    def get_paginator(self, operation: str) -> Elb:
        self.operation = operation
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        if self.operation == "describe_load_balancers":
            found = {"LoadBalancerArn": "a", "LoadBalancerName": "studios", "Scheme": "internal", "State": self.state}
            yield {"LoadBalancers": []}
            yield {"LoadBalancers": [{**found, "DNSName": self.hostname}]}
        else:
            yield {
                "Listeners": [
                    {"Port": 80, "ListenerArn": "http", "Protocol": "HTTP"},
                    {"Port": self.port, "ListenerArn": "https", "Protocol": self.protocol},
                ]
            }

    def describe_rules(self, ListenerArn: str) -> dict[str, Any]:  # noqa: N803
        assert ListenerArn == "https"
        return {"Rules": self.rules}

    def describe_tags(self, ResourceArns: list[str]) -> dict[str, Any]:  # noqa: N803
        return {"TagDescriptions": [{"ResourceArn": ResourceArns[0], "Tags": self.tags}]}

    def describe_target_health(self, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803
        assert TargetGroupArn == "g"
        return {"TargetHealthDescriptions": self.health}

    def describe_load_balancer_attributes(self, LoadBalancerArn: str) -> dict[str, Any]:  # noqa: N803
        assert LoadBalancerArn == "a"
        return {"Attributes": [{"Key": "idle_timeout.timeout_seconds", "Value": self.idle}]}


class Account:
    """The account of that load balancer."""

    def __init__(self, elb: Elb) -> None:
        self.elb = elb

    def call(self, service: str, operation: str, read: Callable[[Any], Any], **arguments: Any) -> Any:
        assert service == "elbv2"
        return read(getattr(self.elb, operation)(**arguments))

    def pages(self, service: str, operation: str, key: str, read: Callable[[Any], Any], **arguments: Any) -> Any:
        assert service == "elbv2"
        return [read(each) for page in self.elb.get_paginator(operation).paginate(**arguments) for each in page[key]]


def rule(priority: int | str, host: str | None, group: str | None, path: str | None = None) -> dict[str, Any]:
    conditions = [
        {"Field": field, key: {"Values": [value]}, "Values": [value]}
        for field, key, value in (
            ("host-header", "HostHeaderConfig", host),
            ("path-pattern", "PathPatternConfig", path),
        )
        if value
    ]
    action = {"Type": "forward", "TargetGroupArn": group} if group else {"Type": "fixed-response"}
    return {"Priority": str(priority), "Conditions": conditions, "Actions": [action]}


def target(state: str, **health: str) -> dict[str, Any]:
    return {"Target": {"Id": "10.0.0.5", "Port": 9090}, "TargetHealth": {"State": state, **health}}


def found(check: Any, monkeypatch: pytest.MonkeyPatch, **changed: Any) -> Finding:
    monkeypatch.setattr(Deployment, "account", Account(Elb(**changed)))
    made = deployment()
    made.session_id = "a1"
    finding: Finding = check(made)
    return finding


@pytest.mark.parametrize(
    ("health", "told"),
    [
        ([("i-0123456789abcdef0", 9090)], None),
        ([("i-0123456789abcdef0", 8000)], "platform-frontend"),
        ([("i-0fedcba9876543210", 9090)], "platform-frontend"),
        ([], None),
    ],
)
def test_a_rule_on_compose_that_leads_to_the_targets_of_others_is_told(
    monkeypatch: pytest.MonkeyPatch, health: list[tuple[str, int]], told: str | None
) -> None:
    group = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/platform-frontend/1"
    targets = [{"Target": {"Id": name, "Port": port}, "TargetHealth": {"State": "healthy"}} for name, port in health]
    monkeypatch.setattr(Elb, "describe_target_health", lambda *_, **__: {"TargetHealthDescriptions": targets})
    rules = [rule(1, f"*.{HOST.partition('.')[2]}", group)]
    monkeypatch.setattr(Deployment, "account", Account(Elb(rules=rules)))
    made = deployment(**COMPOSE_SETTINGS)
    made.outputs = {**made.outputs, "instanceId": "i-0123456789abcdef0"}
    finding = balancer.rules_forward_hosts(made)
    assert finding.holds is (told is None)
    if told:
        assert finding.text == f"the rule for {HOST} leads to the target group {told}, which is not connect-proxy's"
        assert finding.mend == "pulumi up --refresh -s prod; look for rules of others in front of it"


def test_a_load_balancer_is_found_by_its_name_on_any_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(balancer.balancer_exists, monkeypatch) == good("studios, internal, HTTPS at 443")


def test_a_load_balancer_that_is_not_active_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = found(balancer.balancer_exists, monkeypatch, state={"Code": "provisioning"})
    assert finding == bad("studios is provisioning: no reason given", "wait until it is active")


def test_a_load_balancer_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotAskError, match=f"no load balancer has the name {BALANCER}"):
        found(balancer.balancer_exists, monkeypatch, hostname="other")


def test_credentials_that_aws_refuses_are_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused:
        def pages(self, *_: object, **_arguments: object) -> None:
            raise AwsError("Unable to locate credentials.\nsecond line")

    monkeypatch.setattr(Deployment, "account", Refused())
    with pytest.raises(CannotAskError, match=r"AWS can't be asked: Unable to locate credentials$") as caught:
        balancer.balancer_exists(deployment())
    assert caught.value.mend == "check credentials and region; docs/verify.md names the rights that this needs"
    assert caught.value.unknown


@pytest.mark.parametrize(
    ("rules", "finding"),
    [
        ([rule(1, "*.platform.example.com", "g")], good(f"the listener forwards {HOST} and a1.platform.example.com")),
        # "9" comes before "10", and the default rule last.
        (
            [rule("default", None, None), rule(10, None, None), rule(9, "*.platform.example.com", "g")],
            good(f"the listener forwards {HOST} and a1.platform.example.com"),
        ),
        # A rule for other paths is none for the page.
        (
            [rule(1, "*.platform.example.com", None, "/api/*"), rule(2, "*.platform.example.com", "g", "/*")],
            good(f"the listener forwards {HOST} and a1.platform.example.com"),
        ),
        (
            [rule(1, HOST, "g"), rule(2, "*.platform.example.com", "other")],
            bad(
                f"{HOST} and a1.platform.example.com lead to different targets",
                "look for rules of others in front of it",
            ),
        ),
        (
            [rule(1, HOST, "g"), rule("default", None, None)],
            bad(
                "no rule of the HTTPS listener forwards a1.platform.example.com",
                f"{AGAIN}; look for rules of others in front of it",
            ),
        ),
    ],
)
def test_the_first_rule_that_meets_a_host_counts(
    monkeypatch: pytest.MonkeyPatch, rules: list[dict[str, Any]], finding: Finding
) -> None:
    assert found(balancer.rules_forward_hosts, monkeypatch, rules=rules) == finding


@pytest.mark.parametrize(
    "tags",
    [
        [],
        [{"Key": "ingress.k8s.aws/resource", "Value": "platform/front-ingress-frontend:80"}],
        [{"Key": "ingress.k8s.aws/resource", "Value": "other/connect-proxy-connect-proxy:80"}],
    ],
)
def test_a_rule_to_another_target_group_than_the_proxy_s_is_told(
    monkeypatch: pytest.MonkeyPatch, tags: list[dict[str, str]]
) -> None:
    arn = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/others/0123456789abcdef"
    finding = found(
        balancer.rules_forward_hosts, monkeypatch, rules=[rule(1, "*.platform.example.com", arn)], tags=tags
    )
    assert finding == bad(
        f"the rule for {HOST} leads to the target group others, which is not connect-proxy's",
        f"{AGAIN}; look for rules of others in front of it",
    )


def test_a_target_group_of_a_controller_with_other_tags_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(balancer.rules_forward_hosts, monkeypatch, tags=[{"Key": "team", "Value": "a"}]).holds


def test_a_listener_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotAskError, match="the load balancer has no listener at port 443"):
        found(balancer.balancer_exists, monkeypatch, port=8443)


def test_a_listener_without_tls_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = found(balancer.balancer_exists, monkeypatch, protocol="HTTP")
    assert finding == bad("studios speaks HTTP at port 443", "make it an HTTPS listener")


def test_healthy_targets_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(balancer.targets_are_healthy, monkeypatch, health=[target("healthy")] * 3) == good("3 healthy")


def test_a_target_that_is_not_healthy_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    sick = target("unhealthy", Reason="Target.Timeout", Description="Request timed out")
    finding = found(balancer.targets_are_healthy, monkeypatch, health=[target("healthy"), sick])
    assert finding.text == "1 of 2 targets are not healthy: 10.0.0.5:9090 is unhealthy (Request timed out)"


def test_a_group_without_targets_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(balancer.targets_are_healthy, monkeypatch, health=[]).text == "the target group has no targets"


def test_the_idle_timeout_is_held_against_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(balancer.idle_timeout, monkeypatch) == good("301 s")
    assert found(balancer.idle_timeout, monkeypatch, idle="60") == bad(
        "60 s at the load balancer, and idleTimeout is 301",
        "set the load balancer's attribute idle_timeout.timeout_seconds to 301",
    )
