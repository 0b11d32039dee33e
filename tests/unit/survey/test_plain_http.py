"""An Ingress that serves plain HTTP is not turned away by the redirect of a stack that joins its load balancer."""

from __future__ import annotations

from typing import Any

import pytest

from live.ownership import labels_of_stack

from .conftest import NET, FakeApi, named
from .test_effective_environment import refused, survey
from .test_ingresses import EVERYWHERE, ingress

GROUP = {"loadBalancerGroup": "acme"}


def member(name: str, namespace: str, host: str, **annotations: str) -> Any:
    """A member of the group with a rule for a host."""
    made = ingress(name, namespace, host, **{"group__name": "acme", "certificate_arn": "arn:x", **annotations})
    made["spec"]["rules"] = [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix"}]}}]
    return made


@pytest.mark.parametrize(
    "annotations",
    [
        {"certificate_arn": ""},
        {"listen_ports": '[{"HTTP": 80}]'},
        {"listen_ports": '[{"HTTP": 80}, {"HTTPS": 8443}]'},
    ],
)
def test_a_member_that_serves_plain_http_is_not_turned_away_by_the_redirect_of_the_group(
    platform: FakeApi, annotations: dict[str, str]
) -> None:
    front = member("front", "apps", "a.example.net", **annotations)
    platform.lists[EVERYWHERE] = [front]
    assert refused(platform, **GROUP) == [
        (
            'loadBalancerGroup: "acme" has the member Ingress/front in namespace apps, which listens at port 80 (HTTP) '
            "and not at 443. This stack redirects HTTP to 443 for the whole group, and its requests would find no rule "
            "there. Let it listen at 443 as well (alb.ingress.kubernetes.io/listen-ports, with a certificate), or give "
            "Studios a load balancer of its own: pulumi config rm loadBalancerGroup"
        )
    ]
    # Another member has turned it away already.
    platform.lists[EVERYWHERE] = [front, member("b", "apps", "b.example.net", ssl_redirect="443")]
    survey(platform, **GROUP)


@pytest.mark.parametrize(
    "annotations", [{}, {"listen_ports": '[{"HTTP": 80}, {"HTTPS": 443}]'}, {"listen_ports": '[{"HTTPS": 8443}]'}]
)
def test_a_member_with_https_stays_where_it_is(platform: FakeApi, annotations: dict[str, str]) -> None:
    platform.lists[EVERYWHERE] = [member("front", "apps", "a.example.net", **annotations)]
    survey(platform, **GROUP)


def test_a_stack_that_is_in_the_group_already_has_turned_others_away_before(platform: FakeApi) -> None:
    own = member("connect-ingress", "platform-stage", "*.example.com", ssl_redirect="443")
    own["metadata"]["labels"] = labels_of_stack("studios-local")
    platform.lists[f"{NET}/ingresses"].append(own)
    platform.lists[EVERYWHERE] = [own, member("front", "apps", "a.example.net", listen_ports='[{"HTTP": 80}]')]
    survey(platform, **GROUP)


def test_a_member_that_is_being_deleted_is_none(platform: FakeApi) -> None:
    gone = member("a", "apps", "a.example.net", scheme="internal", group__order="first")
    gone["metadata"]["deletionTimestamp"] = "2026-11-26T10:00:00Z"
    platform.lists[EVERYWHERE] = [gone]
    survey(platform, **GROUP)


def test_a_class_that_redirects_to_another_port_is_refused(platform: FakeApi) -> None:
    parameters = {"apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": "shared"}
    platform.lists["/apis/networking.k8s.io/v1/ingressclasses"] = [
        named("alb", spec={"controller": "ingress.k8s.aws/alb", "parameters": parameters})
    ]
    platform.lists["/apis/elbv2.k8s.aws/v1beta1/ingressclassparams"] = [
        named("shared", spec={"sslRedirectPort": "8443"})
    ]
    assert refused(platform) == [
        (
            'ingressClass: "alb" has sslRedirectPort 8443 in its IngressClassParams shared, and sessions are served at '
            "443; write 443 there, or write another class"
        )
    ]
