"""Other Ingresses for the same hosts, or on the same load balancer, are found before one is made."""

from __future__ import annotations

from typing import Any

import pytest

from live.ownership import labels_of_stack

from .conftest import APPS, NET, FakeApi, deployment, named
from .test_effective_environment import refused, survey

CLASSES = "/apis/networking.k8s.io/v1/ingressclasses"
PARAMS = "/apis/elbv2.k8s.aws/v1beta1/ingressclassparams"
EVERYWHERE = "/apis/networking.k8s.io/v1/ingresses"
ALB = "alb.ingress.kubernetes.io/"
POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


def ingress(name: str, namespace: str, host: str, **annotations: str) -> dict[str, Any]:
    """An Ingress; the member of a group has the scheme that a stack has by default, unless it is given none."""
    if "group__name" in annotations:
        annotations = {"scheme": "internet-facing", **annotations}
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


def test_to_write_down_the_scheme_and_the_group_that_the_ingress_has_makes_no_new_load_balancer(
    platform: FakeApi,
) -> None:
    parameters = {"apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": "acme"}
    (alb,) = platform.lists["/apis/networking.k8s.io/v1/ingressclasses"]
    alb["spec"]["parameters"] = parameters
    params = {"metadata": {"name": "acme"}, "spec": {"group": {"name": "acme"}}}
    platform.lists["/apis/elbv2.k8s.aws/v1beta1/ingressclassparams"] = [params]
    own = own_ingress(WAS)
    del own["metadata"]["annotations"][f"{ALB}scheme"]
    settings = {"loadBalancerScheme": "internal", "loadBalancerGroup": "acme"}
    assert attributes_after(platform, own, **settings)["waf.fail_open.enabled"] == "false"


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


def silent(host_name: str = "", **annotations: str) -> dict[str, Any]:
    """A member of the group that states no scheme, at a load balancer of this host name."""
    made = ingress("front", "x", "example.org", group__name="acme", **annotations)
    del made["metadata"]["annotations"][f"{ALB}scheme"]
    if host_name:
        made["status"] = {"loadBalancer": {"ingress": [{"hostname": host_name}]}}
    return made


def must_be(scheme: str, other: str) -> list[str]:
    return [
        (
            f'loadBalancerScheme: "{other}" must be {scheme}, which the load balancer of the group acme is as long as '
            "Ingress/front in namespace x states no scheme: the controller would delete it, and make another with "
            f"another host name for the whole group; write: pulumi config set loadBalancerScheme {scheme}, or state "
            "alb.ingress.kubernetes.io/scheme there first"
        )
    ]


@pytest.mark.parametrize("host_name", ["", "internal-k8s-acme-0123456789-1.us-east-1.elb.amazonaws.com"])
def test_a_load_balancer_that_is_internal_because_nobody_says_otherwise_is_not_made_public(
    platform: FakeApi, host_name: str
) -> None:
    platform.lists[EVERYWHERE] = [silent(host_name)]
    assert refused(platform, loadBalancerGroup="acme") == must_be("internal", "internet-facing")
    survey(platform, loadBalancerGroup="acme", loadBalancerScheme="internal")
    # One that says it says it for all.
    platform.lists[EVERYWHERE].append(ingress("other", "x", "example.net", group__name="acme"))
    survey(platform, loadBalancerGroup="acme")


def test_a_load_balancer_that_is_public_by_the_default_of_the_controller_is_not_made_internal(
    platform: FakeApi,
) -> None:
    platform.lists[EVERYWHERE] = [silent("k8s-acme-0123456789-1.us-east-1.elb.amazonaws.com")]
    survey(platform, loadBalancerGroup="acme")
    told = must_be("internet-facing", "internal")
    assert refused(platform, loadBalancerGroup="acme", loadBalancerScheme="internal") == told


def test_a_stack_that_has_decided_the_scheme_of_its_group_does_not_change_it_for_the_others(platform: FakeApi) -> None:
    platform.lists[f"{NET}/ingresses"].append(own_ingress("", group__name="acme"))
    platform.lists[EVERYWHERE] = [silent()]
    survey(platform, loadBalancerGroup="acme")
    told = must_be("internet-facing", "internal")
    assert refused(platform, loadBalancerGroup="acme", loadBalancerScheme="internal") == told


@pytest.mark.parametrize(
    ("changes", "key", "name"),
    [
        ({"ipAddressType": "dualstack"}, 'ipAddressType: "dualstack"', "ip-address-type"),
        (
            {"ingressAnnotations": {f"{ALB}inbound-cidrs": "10.0.0.0/8"}},
            f'ingressAnnotations.{ALB}inbound-cidrs: "10.0.0.0/8"',
            "inbound-cidrs",
        ),
        (
            {"ingressAnnotations": {f"{ALB}security-groups": "sg-1"}},
            f'ingressAnnotations.{ALB}security-groups: "sg-1"',
            "security-groups",
        ),
    ],
)
def test_a_stack_that_joins_a_group_does_not_decide_who_reaches_the_others(
    platform: FakeApi, changes: dict[str, Any], key: str, name: str
) -> None:
    platform.lists[EVERYWHERE] = [ingress("front", "x", "example.org", group__name="acme")]
    assert refused(platform, loadBalancerGroup="acme", **changes) == [
        (
            f"{key} sets {name} for the whole load balancer of the group acme, and Ingress/front in namespace x states "
            f"none; state {ALB}{name} there first, or give Studios a load balancer of its own: pulumi config rm "
            "loadBalancerGroup"
        )
    ]
    survey(platform, loadBalancerGroup="acme", ipAddressType="ipv4")
    # One of several stacks in a group has to be the first to state it.
    platform.lists[f"{NET}/ingresses"].append(own_ingress("", group__name="acme"))
    survey(platform, loadBalancerGroup="acme", **changes)


def class_with(api: FakeApi, name: str, **params: object) -> None:
    """Adds a class of the AWS Load Balancer Controller with parameters."""
    parameters = {"kind": "IngressClassParams", "name": name}
    api.lists[CLASSES] += [named(name, spec={"controller": "ingress.k8s.aws/alb", "parameters": parameters})]
    api.lists.setdefault(PARAMS, []).append(named(name, spec=params))


def of_class(name: str, member: dict[str, Any]) -> dict[str, Any]:
    member["spec"]["ingressClassName"] = name
    return member


CONFLICT = (
    'loadBalancerGroup: "acme" has the member Ingress/front in namespace x with {}, and this stack sets {}: all '
    "members of a group must agree, or the controller stops reconciling all of them; write: pulumi config set {}"
)


def test_what_the_class_of_a_member_decides_is_compared(platform: FakeApi) -> None:
    internal = CONFLICT.format("scheme internal", "internet-facing", "loadBalancerScheme internal")
    class_with(platform, "private", scheme="internal", wafv2AclArn="")
    class_with(platform, "idle", loadBalancerAttributes=[{"key": "idle_timeout.timeout_seconds", "value": "60"}])
    platform.lists[EVERYWHERE] = [of_class("private", silent())]
    assert refused(platform, loadBalancerGroup="acme") == [internal]
    survey(platform, loadBalancerGroup="acme", loadBalancerScheme="internal")
    # The parameters win over the annotation.
    platform.lists[EVERYWHERE] = [of_class("private", ingress("front", "x", "example.org", group__name="acme"))]
    assert refused(platform, loadBalancerGroup="acme") == [internal]
    platform.lists[EVERYWHERE] = [of_class("idle", ingress("front", "x", "example.org", group__name="acme"))]
    idle = CONFLICT.format("idle_timeout.timeout_seconds 60", "301", "idleTimeout 60")
    assert refused(platform, loadBalancerGroup="acme") == [idle]
    # The controller takes those attributes of one class, and is content.
    platform.lists[f"{NET}/ingresses"].append(own_ingress("", group__name="acme"))
    survey(platform, loadBalancerGroup="acme")


def test_an_ingress_is_in_the_group_of_its_class_and_not_in_that_of_its_annotation(platform: FakeApi) -> None:
    class_with(platform, "private", group={"name": "acme"})
    private = of_class("private", ingress("front", "x", "example.org", group__name="other", scheme="internal"))
    platform.lists[EVERYWHERE] = [private]
    assert refused(platform, loadBalancerGroup="acme") == [
        CONFLICT.format("scheme internal", "internet-facing", "loadBalancerScheme internal")
    ]
    survey(platform, loadBalancerGroup="other")


def test_the_annotation_of_a_class_wins_over_the_class_and_has_no_parameters(platform: FakeApi) -> None:
    class_with(platform, "private", group={"name": "acme"}, scheme="internal")
    old = of_class("private", ingress("front", "x", "example.org", group__name="acme"))
    old["metadata"]["annotations"]["kubernetes.io/ingress.class"] = "alb"
    platform.lists[EVERYWHERE] = [old]
    survey(platform, loadBalancerGroup="acme")


@pytest.mark.parametrize("path", [f"{CLASSES}/private", f"{PARAMS}/private"])
def test_a_class_of_a_member_that_may_not_be_read_decides_nothing(platform: FakeApi, path: str) -> None:
    class_with(platform, "private", scheme="internal")
    platform.refusals[path] = (403, "forbidden")
    platform.lists[EVERYWHERE] = [of_class("private", ingress("front", "x", "example.org", group__name="acme"))]
    survey(platform, loadBalancerGroup="acme")


def test_a_group_of_eks_auto_mode_is_another_load_balancer_than_the_same_of_the_controller(platform: FakeApi) -> None:
    parameters = {"kind": "IngressClassParams", "name": "auto"}
    platform.lists[CLASSES] += [named("auto", spec={"controller": "eks.amazonaws.com/alb", "parameters": parameters})]
    of_auto = named("auto", spec={"group": {"name": "acme"}, "scheme": "internal"})
    platform.lists["/apis/eks.amazonaws.com/v1/ingressclassparams"] = [of_auto]
    platform.lists[EVERYWHERE] = [of_class("auto", ingress("front", "x", "example.org"))]
    survey(platform, loadBalancerGroup="acme")


def test_a_stack_that_moves_into_a_group_is_told_of_the_members_and_not_of_what_it_has_seen(platform: FakeApi) -> None:
    platform.lists[f"{NET}/ingresses"].append(own_ingress(""))
    elsewhere = ingress("studios", "legacy", "connect.example.com")
    there = ingress("front", "x", "*.example.com", group__name="acme")
    platform.lists[EVERYWHERE] = [elsewhere, there]
    assert refused(platform, loadBalancerGroup="acme") == [
        (
            'connectUrl: "https://connect.example.com" is routed already: Ingress/front in namespace x has a rule for '
            "*.example.com; remove it there once nothing needs it, or write another host in connectUrl"
        )
    ]
    platform.lists[EVERYWHERE] = [ingress("front", "x", "example.org", group__name="acme", group__order="first")]
    (problem,) = refused(platform, loadBalancerGroup="acme")
    assert 'with group.order "first", which the controller cannot read' in problem
    platform.lists[f"{NET}/ingresses"][-1] = own_ingress("", group__name="acme")
    survey(platform, loadBalancerGroup="acme")


def test_a_stack_that_changes_the_class_is_told_what_the_new_one_decides(platform: FakeApi) -> None:
    class_with(platform, "private", group={"name": "acme"}, scheme="internal")
    platform.lists[f"{NET}/ingresses"].append(own_ingress(""))
    group, scheme = refused(platform, ingressClass="private")
    assert group.endswith("which is acme; write: pulumi config set loadBalancerGroup acme, or use another class")
    assert scheme.startswith('loadBalancerScheme: "internet-facing" must be the scheme of IngressClass private (')
    # In the class already, the user has seen it.
    platform.lists[f"{NET}/ingresses"][-1] = of_class("private", own_ingress(""))
    survey(platform, ingressClass="private")
