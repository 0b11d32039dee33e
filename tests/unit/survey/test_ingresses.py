"""Other Ingresses for the same hosts, or on the same load balancer, are found before one is made."""

from __future__ import annotations

from typing import Any

import pytest

from live.ownership import labels_of_stack

from .conftest import APPS, NET, FakeApi, deployment, named
from .test_effective_environment import refused, survey

CLASSES = "/apis/networking.k8s.io/v1/ingressclasses"
EVERYWHERE = "/apis/networking.k8s.io/v1/ingresses"
ALB = "alb.ingress.kubernetes.io/"
POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


def ingress(name: str, namespace: str, host: str, **annotations: str) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": namespace,
        "annotations": {f"{ALB}{key.replace('__', '.').replace('_', '-')}": text for key, text in annotations.items()},
    }
    return {"metadata": metadata, "spec": {"ingressClassName": "alb", "rules": [{"host": host}]}}


@pytest.mark.parametrize("host", ["*.example.com", "connect.example.com"])
@pytest.mark.parametrize("path", [EVERYWHERE, f"{NET}/ingresses"])
def test_a_host_that_is_routed_already_is_refused(platform: FakeApi, host: str, path: str) -> None:
    platform.lists[path] = [ingress("studios", "legacy", host)]
    assert refused(platform) == [
        (
            f'connectUrl: "https://connect.example.com" is routed already: Ingress/studios in namespace legacy has a '
            f"rule for {host}; remove it there once nothing needs it, or write another host in connectUrl"
        )
    ]


def test_a_route_at_another_load_balancer_is_left_where_the_record_is_taken_over(platform: FakeApi) -> None:
    platform.lists[EVERYWHERE] = [ingress("studios", "legacy", "*.example.com")]
    survey(platform, sessionRecord="takeOver")
    platform.lists[EVERYWHERE] = [ingress("studios", "legacy", "*.example.com", group__name="acme")]
    (problem,) = refused(platform, sessionRecord="takeOver", loadBalancerGroup="acme")
    assert "is routed already: Ingress/studios in namespace legacy" in problem


def test_other_hosts_are_nobodys_concern(platform: FakeApi) -> None:
    platform.lists[EVERYWHERE] = [ingress("front", "platform-stage", "example.com"), ingress("x", "y", "")]
    survey(platform)


def test_a_stack_that_is_there_already_has_its_own_ingress_and_knows_the_others(platform: FakeApi) -> None:
    own = ingress("connect-ingress", "platform-stage", "*.example.com")
    own["metadata"]["labels"] = labels_of_stack("studios-local")
    platform.lists[f"{NET}/ingresses"].append(own)
    platform.lists[EVERYWHERE] = [own, ingress("studios", "legacy", "connect.example.com")]
    survey(platform)


def test_members_of_a_group_that_disagree_are_refused_with_what_to_write(platform: FakeApi) -> None:
    platform.lists[EVERYWHERE] = [
        ingress(
            "seqera",
            "platform-stage",
            "example.com",
            group__name="acme",
            scheme="internal",
            ssl_policy=POLICY,
            load_balancer_attributes="idle_timeout.timeout_seconds=3600",
        )
    ]
    assert refused(platform, loadBalancerGroup="acme") == [
        (
            'loadBalancerGroup: "acme" has the member Ingress/seqera in namespace platform-stage with scheme internal, '
            f"ssl-policy {POLICY}, idle_timeout.timeout_seconds 3600, and this stack sets internet-facing, "
            "ELBSecurityPolicy-TLS-1-2-Ext-2018-06, 301: all members of a group must agree, or the controller stops "
            "reconciling all of them; write: pulumi config set loadBalancerScheme internal && pulumi config set "
            f"sslPolicy {POLICY} && pulumi config set idleTimeout 3600"
        )
    ]
    agreed = {"loadBalancerScheme": "internal", "sslPolicy": POLICY, "idleTimeout": 3600}
    survey(platform, loadBalancerGroup="acme", **agreed)
    survey(platform, loadBalancerGroup="other")
    survey(platform)


@pytest.mark.parametrize(
    ("annotations", "advice"),
    [
        ({"ssl_redirect": "8443"}, "change ssl-redirect there"),
        (
            {"load_balancer_attributes": "routing.http2.enabled=false"},
            "write routing.http2.enabled=false in loadBalancerAttributes",
        ),
    ],
)
def test_what_no_setting_of_its_own_decides_is_told_where_to_change(
    platform: FakeApi, annotations: dict[str, str], advice: str
) -> None:
    platform.lists[EVERYWHERE] = [ingress("seqera", "x", "example.com", group__name="acme", **annotations)]
    attributes = {"routing.http2.enabled": "true"}
    (problem,) = refused(platform, loadBalancerGroup="acme", loadBalancerAttributes=attributes)
    assert problem.endswith(f"or the controller stops reconciling all of them; {advice}")


def test_what_a_member_does_not_say_agrees_with_everything(platform: FakeApi) -> None:
    more = {"load_balancer_attributes": "access_logs.s3.enabled=true,", "target_type": "ip"}
    platform.lists[EVERYWHERE] = [ingress("seqera", "x", "example.com", group__name="acme", **more)]
    survey(platform, loadBalancerGroup="acme")


def test_a_running_stack_is_told_as_well(platform: FakeApi) -> None:
    proxy = deployment("connect-proxy")
    proxy["metadata"]["labels"] = labels_of_stack("studios-local")
    platform.lists[f"{APPS}/deployments"].append(proxy)
    platform.lists[EVERYWHERE] = [ingress("seqera", "x", "example.com", group__name="acme", scheme="internal")]
    (problem,) = refused(platform, loadBalancerGroup="acme")
    assert "with scheme internal, and this stack sets internet-facing" in problem


def test_a_load_balancer_that_can_never_be_deleted_is_refused(platform: FakeApi) -> None:
    (problem,) = refused(platform, loadBalancerAttributes={"deletion_protection.enabled": "true"})
    assert problem == (
        "loadBalancerAttributes: have deletion_protection.enabled=true, with which the controller cannot delete the "
        "load balancer, and a destroy would never end; leave it out"
    )
    survey(platform, loadBalancerAttributes={"deletion_protection.enabled": "false"})


def own_ingress(attributes: str, **annotations: str) -> dict[str, Any]:
    named = {"scheme": "internet-facing", "load_balancer_attributes": attributes, **annotations}
    made = ingress("connect-ingress", "platform-stage", "*.example.com", **named)
    made["metadata"]["labels"] = labels_of_stack("studios-local")
    return made


def attributes_after(api: FakeApi, own: dict[str, Any], **settings: object) -> dict[str, str]:
    api.lists[f"{NET}/ingresses"].append(own)
    return dict(survey(api, **settings).settings.load_balancer_attributes)


WAS = "idle_timeout.timeout_seconds=301,routing.http2.enabled=false,waf.fail_open.enabled=true"


def test_an_attribute_that_leaves_the_settings_goes_back_to_the_default_of_aws(platform: FakeApi) -> None:
    assert attributes_after(platform, own_ingress(WAS)) == {
        "routing.http2.enabled": "false",
        "waf.fail_open.enabled": "false",
    }
    none: dict[str, str] = {}
    assert survey(platform, loadBalancerAttributes=none).settings.load_balancer_attributes == {
        "routing.http2.enabled": "true",
        "waf.fail_open.enabled": "false",
    }


def test_what_went_back_to_its_default_stays_there(platform: FakeApi) -> None:
    settled = WAS.replace("waf.fail_open.enabled=true", "waf.fail_open.enabled=false")
    assert attributes_after(platform, own_ingress(settled))["waf.fail_open.enabled"] == "false"


def test_a_new_load_balancer_needs_no_defaults(platform: FakeApi) -> None:
    assert attributes_after(platform, own_ingress(WAS), loadBalancerScheme="internal") == {
        "routing.http2.enabled": "false"
    }


@pytest.mark.parametrize(
    ("theirs", "changes", "told"),
    [
        (
            {"ip_address_type": "dualstack"},
            {"ipAddressType": "ipv4"},
            ("ip-address-type dualstack", "write: pulumi config set ipAddressType dualstack"),
        ),
        (
            {"listen_ports": '[{"HTTP": 443}]'},
            {},
            ("the protocol of port 443 HTTP, and this stack sets HTTPS", "change the protocol of port 443 there"),
        ),
        (
            {"wafv2_acl_arn": "arn:a"},
            {"ingressAnnotations": {f"{ALB}wafv2-acl-arn": "arn:b"}},
            ("wafv2-acl-arn arn:a, and", f"write {ALB}wafv2-acl-arn: arn:a in ingressAnnotations"),
        ),
        (
            {"inbound_cidrs": "10.0.0.0/8,192.168.0.0/16"},
            {"ingressAnnotations": {f"{ALB}inbound-cidrs": "10.0.0.0/8"}},
            ("inbound-cidrs 10.0.0.0/8,192.168.0.0/16, and this stack sets 10.0.0.0/8", "in ingressAnnotations"),
        ),
        (
            {"listener_attributes__HTTPS_443": "routing.http.response.server.enabled=true"},
            {
                "ingressAnnotations": {
                    f"{ALB}listener-attributes.HTTPS-443": "routing.http.response.server.enabled=false"
                }
            },
            ("listener-attributes.HTTPS-443 routing.http.response.server.enabled true", "all members"),
        ),
        (
            {"tags": "team=a"},
            {"ingressAnnotations": {f"{ALB}tags": "team=b"}},
            ("the tag team a, and this stack sets b", "all members"),
        ),
    ],
)
def test_whatever_the_controller_wants_the_same_for_all_members_is_compared(
    platform: FakeApi, theirs: dict[str, str], changes: dict[str, Any], told: tuple[str, str]
) -> None:
    platform.lists[EVERYWHERE] = [ingress("seqera", "x", "example.com", group__name="acme", **theirs)]
    (problem,) = refused(platform, loadBalancerGroup="acme", **changes)
    assert told[0] in problem
    assert told[1] in problem


@pytest.mark.parametrize(
    ("theirs", "changes"),
    [
        ({"listen_ports": '[{"HTTP": 80}, {"HTTPS": 443}, {"HTTPS": 8443}]'}, {}),
        ({"listen_ports": "not JSON"}, {}),
        ({"listen_ports": '{"HTTP": 443}'}, {}),
        ({"wafv2_acl_arn": "arn:a", "subnets": "a,b", "load_balancer_name": "n", "group__order": "7"}, {}),
        ({"subnets": "a, b"}, {"ingressAnnotations": {f"{ALB}subnets": "b,a"}}),
        ({"actions__x": "{}", "healthcheck_path": "/x", "target_type": "ip"}, {}),
    ],
)
def test_what_members_may_have_each_for_themselves_is_not(
    platform: FakeApi, theirs: dict[str, str], changes: dict[str, Any]
) -> None:
    platform.lists[EVERYWHERE] = [ingress("seqera", "x", "example.com", group__name="acme", **theirs)]
    survey(platform, loadBalancerGroup="acme", **changes)


def test_an_attribute_that_another_member_of_the_group_sets_is_left_to_it(platform: FakeApi) -> None:
    platform.lists[EVERYWHERE] = [
        ingress("seqera", "x", "example.com", group__name="acme", load_balancer_attributes="waf.fail_open.enabled=true")
    ]
    own = own_ingress(WAS, group__name="acme")
    assert attributes_after(platform, own, loadBalancerGroup="acme") == {"routing.http2.enabled": "false"}


def test_an_ingress_of_somebody_else_has_nothing_to_go_back(platform: FakeApi) -> None:
    platform.lists[EVERYWHERE] = [ingress("other", "x", "other.org", load_balancer_attributes=WAS)]
    assert survey(platform).settings.load_balancer_attributes == {"routing.http2.enabled": "false"}


@pytest.mark.parametrize("other", ["a class of nginx", "a class that is not there", "the annotation of a class"])
def test_an_ingress_of_another_controller_is_no_member_whatever_its_annotations_say(
    platform: FakeApi, other: str
) -> None:
    found = ingress("wiki", "wiki", "wiki.example.org", group__name="acme", scheme="internal")
    if other == "the annotation of a class":
        del found["spec"]["ingressClassName"]
        found["metadata"]["annotations"]["kubernetes.io/ingress.class"] = "nginx"
    else:
        found["spec"]["ingressClassName"] = "nginx"
    if other == "a class of nginx":
        platform.lists[CLASSES] += [named("nginx", spec={"controller": "k8s.io/ingress-nginx"})]
    platform.lists[EVERYWHERE] = [found]
    survey(platform, loadBalancerGroup="acme")


def test_an_ingress_of_another_class_of_the_load_balancer_controller_is_a_member(platform: FakeApi) -> None:
    found = ingress("wiki", "wiki", "wiki.example.org", group__name="acme", scheme="internal")
    found["spec"]["ingressClassName"] = "alb-internal"
    platform.lists[CLASSES] += [named("alb-internal", spec={"controller": "ingress.k8s.aws/alb"})]
    platform.lists[EVERYWHERE] = [found]
    (problem,) = refused(platform, loadBalancerGroup="acme")
    assert "has the member Ingress/wiki in namespace wiki with scheme internal" in problem
