from __future__ import annotations

from typing import Any

import pytest

from testbed.loadbalancer.certificates import covers
from testbed.loadbalancer.settings import ModelError
from testbed.loadbalancer.stack import FixedResponse, Forward, RedirectToHttps
from testbed.tests.ingresses import (
    APEX,
    IMPLEMENTATION_SPECIFIC,
    PENDING,
    WILDCARD,
    build,
    endpoint_slice,
    ingress,
    node,
    service,
)

BOTH_PORTS = '[{"HTTP": 80}, {"HTTPS": 443}]'


@pytest.mark.parametrize(
    ("name", "host", "good"),
    [
        ("example.com", "example.com", True),
        ("example.com", "EXAMPLE.com", True),
        ("example.com", "connect.example.com", False),
        ("*.example.com", "connect.example.com", True),
        ("*.example.com", "*.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("connect.example.com", "*.example.com", False),
    ],
)
def test_a_wildcard_certificate_is_good_for_exactly_one_more_label(name: str, host: str, good: bool) -> None:
    assert covers(name, host) is good


def test_without_annotations_the_load_balancer_listens_to_http_and_answers_404_elsewhere() -> None:
    stack = build(ingress("front"))
    [listener] = stack.listeners
    assert (listener.port, listener.protocol, listener.default_action) == (80, "HTTP", FixedResponse(404))
    [rule] = listener.rules
    assert (rule.priority, rule.hosts, rule.paths) == (1, ("example.com",), ("/*",))
    assert rule.action == Forward(stack.target_groups[0].name)


def test_names_and_tags_say_whose_it_is() -> None:
    stack = build(ingress("front-ingress", tags="Team=test"))
    assert stack.load_balancer.name.startswith("k8s-ns-fronting-")
    assert len(stack.load_balancer.name) == len("k8s-ns-fronting-") + 10
    assert stack.load_balancer.tags == {
        "Team": "test",
        "elbv2.k8s.aws/cluster": "testbed",
        "ingress.k8s.aws/stack": "ns/front-ingress",
        "ingress.k8s.aws/resource": "LoadBalancer",
    }
    assert stack.listeners[0].rules[0].tags["ingress.k8s.aws/resource"] == "80:1"
    assert build(ingress("front", group__name="my.group")).load_balancer.name.startswith("k8s-mygroup-")


def test_another_scheme_is_another_load_balancer() -> None:
    named = {
        scheme: build(ingress("front", scheme=scheme, subnets="subnet-a,subnet-b")).load_balancer.name
        for scheme in ("internal", "internet-facing")
    }
    assert named["internal"] != named["internet-facing"]


def test_ssl_redirect_sends_every_http_listener_to_https() -> None:
    stack = build(ingress("front", certificate_arn=APEX, listen_ports=BOTH_PORTS, ssl_redirect="443"))
    http, https = stack.listeners
    assert (http.port, http.default_action, http.rules) == (80, RedirectToHttps(443), ())
    assert (https.port, https.certificates, https.ssl_policy) == (443, (APEX,), "ELBSecurityPolicy-2016-08")
    assert len(https.rules) == 1


def test_rules_follow_group_order_and_within_a_host_exact_before_longer_before_shorter() -> None:
    paths = [("/*", IMPLEMENTATION_SPECIFIC), ("/a", "Prefix"), ("/a/b", "Prefix"), ("/x", "Exact")]
    stack = build(
        ingress("late", group__name="g", group__order="1"),
        ingress("early", *paths, group__name="g", host="*.example.com"),
    )
    rules = stack.listeners[0].rules
    assert [(rule.priority, rule.hosts[0], rule.paths) for rule in rules] == [
        (1, "*.example.com", ("/x",)),
        (2, "*.example.com", ("/a/b", "/a/b/*")),
        (3, "*.example.com", ("/a", "/a/*")),
        (4, "*.example.com", ("/*",)),
        (5, "example.com", ("/*",)),
    ]


def test_a_listener_has_the_certificates_of_all_members_the_first_as_default() -> None:
    stack = build(
        ingress("front", group__name="g", certificate_arn=APEX),
        ingress("studios", group__name="g", certificate_arn=WILDCARD, host="*.example.com"),
    )
    assert stack.listeners[0].certificates == (APEX, WILDCARD)


def test_a_certificate_is_found_by_the_host_where_none_is_given() -> None:
    stack = build(ingress("studios", listen_ports='[{"HTTPS": 443}]', host="*.example.com"))
    assert stack.listeners[0].certificates == (WILDCARD,)


def test_instance_targets_are_the_ready_nodes_at_the_node_port() -> None:
    nodes = [node("a", "i-0a"), node("b", "i-0b", ready="False"), node("c", "i-0c")]
    [group] = build(ingress("front"), nodes=nodes).target_groups
    assert (group.target_type, group.port) == ("instance", 30080)
    assert group.targets == {("i-0a", 30080), ("i-0c", 30080)}


def test_ip_targets_are_the_ready_pods_at_their_own_port() -> None:
    slices = [endpoint_slice("frontend", ip10_0_0_1=True, ip10_0_0_2=False), endpoint_slice("other", ip10_0_0_9=True)]
    services = [service("frontend", "ClusterIP")]
    [group] = build(ingress("front", target_type="ip"), services=services, endpoint_slices=slices).target_groups
    assert (group.target_type, group.port) == ("ip", 8081)
    assert group.targets == {("10.0.0.1", 8081)}


def test_annotations_of_the_service_win_over_those_of_the_ingress() -> None:
    services = [service("frontend", annotations={"alb.ingress.kubernetes.io/success-codes": "200-302"})]
    front = ingress("front", success_codes="200", healthcheck_path="/health", healthcheck_interval_seconds="30")
    [group] = build(front, services=services).target_groups
    check = group.health_check
    assert (check.success_codes, check.path, check.interval_seconds, check.timeout_seconds) == (
        "200-302",
        "/health",
        30,
        5,
    )


def test_load_balancer_attributes_of_all_members_are_merged() -> None:
    stack = build(
        ingress("a", group__name="g", load_balancer_attributes="idle_timeout.timeout_seconds=301"),
        ingress("b", group__name="g", load_balancer_attributes="routing.http2.enabled=false"),
    )
    assert stack.load_balancer.attributes == {"idle_timeout.timeout_seconds": "301", "routing.http2.enabled": "false"}


def test_the_managed_security_group_lets_in_what_inbound_cidrs_says() -> None:
    stack = build(ingress("front", inbound_cidrs="10.0.0.0/8"))
    assert stack.security_group is not None
    assert stack.security_group.inbound == {(80, "10.0.0.0/8")}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (ingress("front", service="nope"), 'ingress: ns/front: Service "nope" not found'),
        (ingress("front", port=81), "ingress: ns/front: unable to find port 81 on service ns/frontend"),
        (ingress("front", port="web"), "ingress: ns/front: unable to find port web on service ns/frontend"),
        (ingress("front", ("/*", "Prefix")), "ingress: ns/front: prefix path shouldn't contain wildcards: /*"),
        (ingress("front", ("/a?", "Exact")), "ingress: ns/front: exact path shouldn't contain wildcards: /a?"),
        (ingress("front", ssl_redirect="443"), "listener does not exist for SSLRedirect port: 443"),
        (ingress("front", ssl_redirect="80"), "listener protocol non-SSL for SSLRedirect port: 80"),
        (
            ingress("front", certificate_arn=APEX + "x"),
            f"CertificateNotFound: Certificate '{APEX}x' not found",
        ),
        (
            ingress("front", certificate_arn=PENDING),
            f"UnsupportedCertificate: The certificate '{PENDING}' must be issued, and is PENDING_VALIDATION",
        ),
        (
            ingress("front", certificate_arn=APEX, host="*.example.com"),
            "no certificate of the listener covers host *.example.com: they are for example.com",
        ),
        (
            ingress("front", listen_ports='[{"HTTPS": 443}]', host="other.org"),
            "ingress: ns/front: no certificate found for host: other.org",
        ),
        (
            ingress("front", listen_ports='[{"HTTPS": 443}]', host=""),
            "A certificate must be specified for HTTPS listeners",
        ),
        (
            ingress("front", certificate_arn=APEX, ssl_policy="ELBSecurityPolicy-TLS-9"),
            "SSLPolicyNotFound: SSL policy 'ELBSecurityPolicy-TLS-9' not found",
        ),
        (
            ingress("front", scheme="internal"),
            (
                "couldn't auto-discover subnets: unable to resolve at least one subnet. Evaluated 0 subnets: 0 are"
                " tagged for other clusters, and 0 have insufficient available IP addresses"
            ),
        ),
        (ingress("front", subnets="subnet-a"), "subnets count less than minimal required count: 1 < 2"),
        (ingress("front", subnets="subnet-a,subnet-z"), "subnet ID not found: subnet-z"),
        (
            ingress("front", healthcheck_timeout_seconds="15"),
            "ingress: ns/front: health check timeout (15) must be smaller than the interval (15)",
        ),
        (
            ingress("front", tags="elbv2.k8s.aws/cluster=x"),
            "external managed tag key elbv2.k8s.aws/cluster cannot be specified",
        ),
    ],
)
def test_a_load_balancer_that_cannot_be_is_refused_with_the_controllers_words(
    wrong: dict[str, object], reason: str
) -> None:
    with pytest.raises(ModelError) as raised:
        build(wrong)
    assert str(raised.value) == reason


def test_instance_targets_need_a_service_with_a_node_port() -> None:
    with pytest.raises(ModelError) as raised:
        build(ingress("front"), services=[service("frontend", "ClusterIP")])
    assert str(raised.value) == (
        "ingress: ns/front: TargetGroup port is empty. When using Instance targets, your service be must of type"
        " 'NodePort' or 'LoadBalancer'"
    )


@pytest.mark.parametrize(
    ("annotation", "one", "other", "reason"),
    [
        ("scheme", "internal", "internet-facing", "conflicting scheme: internal | internet-facing"),
        (
            "load_balancer_attributes",
            "idle_timeout.timeout_seconds=301",
            "idle_timeout.timeout_seconds=600",
            "conflicting load balancer attributes idle_timeout.timeout_seconds: 301 | 600",
        ),
        (
            "listen_ports",
            '[{"HTTP": 8443}]',
            '[{"HTTPS": 8443}]',
            "failed to merge listenPort config for port: 8443: conflicting protocol, ns/a: HTTP | ns/b: HTTPS",
        ),
    ],
)
def test_members_that_disagree_stop_the_whole_group(annotation: str, one: str, other: str, reason: str) -> None:
    members: list[dict[str, Any]] = [{annotation: one}, {annotation: other}]
    with pytest.raises(ModelError) as raised:
        build(*(ingress(name, group__name="g", **member) for name, member in zip("ab", members, strict=True)))
    assert str(raised.value) == reason


def test_a_malformed_annotation_of_any_member_is_told_with_its_ingress() -> None:
    with pytest.raises(ModelError) as raised:
        build(ingress("a", group__name="g", target_type="pod"), ingress("b", group__name="g", group__order="x"))
    assert str(raised.value) == (
        "ingress: ns/a: failed to parse annotation, alb.ingress.kubernetes.io/target-type: pod: unknown targetType:"
        " pod; ingress: ns/b: failed to parse int32 annotation, alb.ingress.kubernetes.io/group.order: x:"
        ' strconv.ParseInt: parsing "x": invalid syntax'
    )
