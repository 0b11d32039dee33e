"""The rules of a shared load balancer: whether the stack's or another member's come first, and what they take."""

from __future__ import annotations

from typing import Any

import pytest

from live.ownership import labels_of_stack

from .conftest import NET, FakeApi, named
from .test_effective_environment import refused, survey
from .test_ingresses import EVERYWHERE, ingress

BELOW: dict[str, object] = {"platformUrl": "https://p.example.com", "loadBalancerGroup": "acme"}
"""A stack with sessions at *.p.example.com."""
ANY = {"path": "/*", "pathType": "ImplementationSpecific"}


def member(name: str, host: str, *paths: dict[str, Any], **annotations: str) -> dict[str, Any]:
    """A member of the group; it is before the stack's own Ingress if its name is."""
    made = ingress(name, name, host, **{"group__name": "acme", "certificate_arn": "arn:x", **annotations})
    rule: dict[str, Any] = {"host": host} if host else {}
    if paths:
        backend = {"service": {"name": "frontend", "port": {"number": 80}}}
        rule["http"] = {"paths": [{"backend": backend, **path} for path in paths]}
    made["spec"]["rules"] = [rule]
    return made


def told(what: str, order: int = -1) -> list[str]:
    return [
        (
            "loadBalancerGroupOrder: puts the rule for *.p.example.com behind that of Ingress/a in namespace a for "
            f"{what}, so that no request would reach the proxy; write: pulumi config set loadBalancerGroupOrder -- "
            f"{order}"
        )
    ]


@pytest.mark.parametrize(
    ("host", "path", "what"),
    [
        ("", ANY, "every host"),
        ("", {"path": "/", "pathType": "Prefix"}, "every host"),
        ("*.example.com", ANY, "*.example.com"),
        ("*.com", ANY, "*.com"),
    ],
)
def test_a_rule_before_the_stacks_own_that_takes_all_of_its_requests_is_refused(
    platform: FakeApi, host: str, path: dict[str, Any], what: str
) -> None:
    platform.lists[EVERYWHERE] = [member("a", host, path)]
    assert refused(platform, **BELOW) == told(what)
    survey(platform, **BELOW, loadBalancerGroupOrder=-1)
    survey(platform, platformUrl="https://p.example.com", loadBalancerGroup="other")
    platform.lists[EVERYWHERE] = [member("zz", host, path)]
    survey(platform, **BELOW)
    platform.lists[EVERYWHERE] = [member("a", host, path, group__order="-3")]
    assert refused(platform, **BELOW) == told(what, -4)


def test_a_rule_that_can_be_preceded_by_none_has_to_move(platform: FakeApi) -> None:
    platform.lists[EVERYWHERE] = [member("a", "", ANY, group__order="-1000")]
    (problem,) = refused(platform, **BELOW)
    assert problem.endswith("so that no request would reach the proxy; raise its group.order there")


@pytest.mark.parametrize(
    ("host", "path", "annotations"),
    [
        ("", {"path": "/api/*", "pathType": "ImplementationSpecific"}, {}),
        ("", {"path": "/", "pathType": "Exact"}, {}),
        ("*.other.com", ANY, {}),
        ("p.example.com", ANY, {}),
        ("", ANY, {"conditions__frontend": '[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"x"}}]'}),
        (
            "",
            ANY,
            {"conditions__frontend": '[{"field":"host-header","hostHeaderConfig":{"values":["p.example.com"]}}]'},
        ),
        ("", ANY, {"conditions__frontend": "not JSON"}),
    ],
)
def test_a_rule_before_it_that_leaves_its_requests_alone_is_nobodys_concern(
    platform: FakeApi, host: str, path: dict[str, Any], annotations: dict[str, str]
) -> None:
    platform.lists[EVERYWHERE] = [member("a", host, path, **annotations)]
    survey(platform, **BELOW)


def test_hosts_that_an_annotation_adds_to_a_rule_count(platform: FakeApi) -> None:
    hosts = '[{"field":"host-header","hostHeaderConfig":{"values":["www.org","*.example.com"]}}]'
    platform.lists[EVERYWHERE] = [member("a", "", ANY, conditions__frontend=hosts)]
    assert refused(platform, **BELOW) == told("*.example.com")


def test_with_path_routing_the_one_host_has_to_be_reached(platform: FakeApi) -> None:
    platform.lists[EVERYWHERE] = [member("a", "*.example.com", ANY)]
    (problem,) = refused(platform, **BELOW, pathRouting=True, platformVersion="26.1")
    assert (
        "puts the rule for connect.p.example.com behind that of Ingress/a in namespace a for *.example.com" in problem
    )


def test_a_host_of_more_labels_behind_the_stacks_own_rule_is_taken_by_it(platform: FakeApi) -> None:
    platform.lists[EVERYWHERE] = [member("zz", "a.b.p.example.com")]
    (problem,) = refused(platform, **BELOW)
    assert problem.endswith(
        "puts the rule for *.p.example.com before that of Ingress/zz in namespace zz for a.b.p.example.com, so that "
        "its requests would go to the proxy; write: pulumi config set loadBalancerGroupOrder 1"
    )


def test_a_stack_that_runs_keeps_its_place(platform: FakeApi) -> None:
    own = ingress("connect-ingress", "platform-stage", "*.p.example.com", group__name="acme")
    own["metadata"]["labels"] = labels_of_stack("studios-local")
    platform.lists[f"{NET}/ingresses"].append(own)
    platform.lists[EVERYWHERE] = [own, member("a", "", ANY), member("zz", "a.b.p.example.com")]
    survey(platform, **BELOW)


def test_a_stack_that_moves_to_another_place_or_another_group_is_compared_there(platform: FakeApi) -> None:
    own = ingress("connect-ingress", "platform-stage", "*.p.example.com", group__name="acme")
    own["metadata"]["labels"] = labels_of_stack("studios-local")
    platform.lists[f"{NET}/ingresses"].append(own)
    platform.lists[EVERYWHERE] = [own, member("a", "", ANY, group__order="5")]
    (problem,) = refused(platform, **BELOW, loadBalancerGroupOrder=10)
    assert problem.endswith(
        "so that no request would reach the proxy; write: pulumi config set loadBalancerGroupOrder 4"
    )
    for group in ("other", None):
        own["metadata"]["annotations"]["alb.ingress.kubernetes.io/group.name"] = group
        platform.lists[EVERYWHERE] = [own, member("a", "", ANY)]
        assert refused(platform, **BELOW) == told("every host")
        platform.lists[EVERYWHERE] = [own, member("zz", "a.b.p.example.com")]
        (problem,) = refused(platform, **BELOW)
        assert problem.endswith("its requests would go to the proxy; write: pulumi config set loadBalancerGroupOrder 1")


@pytest.mark.parametrize(
    ("annotations", "what"),
    [
        ({"group__order": "first"}, 'group.order "first"'),
        ({"group__order": "1001"}, 'group.order "1001"'),
        ({"load_balancer_attributes": "a=b,idle"}, 'load-balancer-attributes "a=b,idle"'),
    ],
)
def test_a_member_that_stops_the_group_already_is_refused(
    platform: FakeApi, annotations: dict[str, str], what: str
) -> None:
    platform.lists[EVERYWHERE] = [ingress("front", "x", "example.org", group__name="acme", **annotations)]
    assert refused(platform, loadBalancerGroup="acme") == [
        (
            f'loadBalancerGroup: "acme" has the member Ingress/front in namespace x with {what}, which the controller '
            "cannot read, so that it reconciles none of the group; mend it there"
        )
    ]


def of_class(api: FakeApi, **spec: object) -> None:
    """Gives the class of the Ingress parameters."""
    parameters = {"kind": "IngressClassParams", "name": "params"}
    found = named("alb", spec={"controller": "ingress.k8s.aws/alb", "parameters": parameters})
    api.lists["/apis/networking.k8s.io/v1/ingressclasses"] = [found]
    api.lists["/apis/elbv2.k8s.aws/v1beta1/ingressclassparams"] = [named("params", spec=spec)]


def test_members_by_their_class_have_to_agree_where_the_class_does_not_decide(platform: FakeApi) -> None:
    platform.lists[EVERYWHERE] = [ingress("front", "x", "example.org", scheme="internal")]
    of_class(platform, group={"name": "acme"})
    (problem,) = refused(platform, loadBalancerGroup="acme")
    assert "has the member Ingress/front in namespace x with scheme internal, and this stack sets internet" in problem
    of_class(platform, group={"name": "acme"}, scheme="internet-facing")
    survey(platform, loadBalancerGroup="acme")


def test_a_class_that_protects_its_load_balancers_from_deletion_is_refused(platform: FakeApi) -> None:
    attribute = {"key": "deletion_protection.enabled", "value": "true"}
    of_class(platform, loadBalancerAttributes=[attribute])
    assert refused(platform) == [
        (
            'ingressClass: "alb" has deletion_protection.enabled=true in its IngressClassParams params, with which the '
            "controller cannot delete the load balancer, and a destroy would never end; take it out there, or write "
            "another class"
        )
    ]
    of_class(platform, loadBalancerAttributes=[attribute], group={"name": "acme"})
    survey(platform, loadBalancerGroup="acme")
