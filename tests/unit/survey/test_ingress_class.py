"""The class of the Ingress is one that this program writes for, or it is refused with the way out."""

from __future__ import annotations

from typing import Any

import pytest

from live.api import ClusterApi
from live.ownership import labels_of_stack
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.group_members import find_group
from survey.group_rules import rules_out_of_order
from survey.ingress_class import IngressController, disagreements_with_class, find_controller
from survey.install import read_install
from survey.platform import survey_platform

from .conftest import LEAST, NET, FakeApi, api, named, platform

__all__ = ["api", "platform"]

CLASSES = "/apis/networking.k8s.io/v1/ingressclasses"
AUTO_PARAMS = "/apis/eks.amazonaws.com/v1/ingressclassparams"
ARN = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


def of(controller: str, params: str | None = None, group: str = "eks.amazonaws.com") -> dict[str, Any]:
    parameters = {"apiGroup": group, "kind": "IngressClassParams", "name": params}
    return named("alb", spec={"controller": controller, **({"parameters": parameters} if params else {})})


def found(api: FakeApi, **settings: object) -> IngressController:
    return find_controller(ClusterApi(api.access), parse_settings({**LEAST, **settings}))


def said(api: FakeApi, **settings: object) -> list[str]:
    parsed = parse_settings({**LEAST, **settings})
    controller = find_controller(ClusterApi(api.access), parsed)
    problems = [*controller.problems, *disagreements_with_class(controller, parsed)]
    return [str(problem).removeprefix("seqera-studios:") for problem in problems]


def test_the_aws_load_balancer_controller_is_served(platform: FakeApi) -> None:
    assert found(platform) == IngressController()
    assert found(platform).settled(parse_settings({**LEAST, "loadBalancerGroup": "acme"})).load_balancer_group == "acme"


@pytest.mark.parametrize(
    ("controller", "title"),
    [
        ("k8s.io/ingress-nginx", "ingress-nginx (k8s.io/ingress-nginx)"),
        ("nginx.org/ingress-controller", "NGINX Ingress Controller (nginx.org/ingress-controller)"),
        ("traefik.io/ingress-controller", "Traefik (traefik.io/ingress-controller)"),
        ("istio.io/ingress-controller", "Istio (istio.io/ingress-controller)"),
        ("acme.example/own", "the controller acme.example/own"),
    ],
)
def test_another_controller_is_refused_by_its_name_with_the_way_out(
    platform: FakeApi, controller: str, title: str
) -> None:
    platform.lists[CLASSES] += [named("other", spec={"controller": controller})]
    assert said(platform, ingressClass="other") == [
        (
            f'ingressClass: "other" is a class of {title}, which this program doesn\'t write for: it serves the AWS '
            "Load Balancer Controller and EKS Auto Mode. Leave the route to yourself (docs/ingress.md): pulumi config "
            "set ingress none; or write another class: there are alb: pulumi config set ingressClass alb"
        )
    ]


def test_a_gateway_class_is_refused_by_its_controller(platform: FakeApi) -> None:
    gateway = named("eg", spec={"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"})
    platform.lists["/apis/gateway.networking.k8s.io/v1/gatewayclasses"] = [gateway]
    (problem,) = said(platform, ingressClass="eg")
    assert problem.startswith(
        'ingressClass: "eg" is a GatewayClass of the controller gateway.envoyproxy.io/gatewayclass-controller, which '
        "this program doesn't write for"
    )
    assert "pulumi config set ingress none" in problem


def test_a_class_that_is_not_there_is_told_with_those_that_are(platform: FakeApi) -> None:
    of_others = named("traefik", spec={"controller": "traefik.io/ingress-controller"})
    default = named("main", spec={"controller": "eks.amazonaws.com/alb"})
    default["metadata"]["annotations"] = {"ingressclass.kubernetes.io/is-default-class": "true"}
    instead = "or leave the route to yourself (docs/ingress.md): pulumi config set ingress none"
    for classes, there in (
        ([], "there are alb: pulumi config set ingressClass alb"),
        ([of_others, default], "there are alb, main: pulumi config set ingressClass main"),
    ):
        platform.lists[CLASSES] += classes
        assert said(platform, ingressClass="albb") == [
            f'ingressClass: "albb" is not an IngressClass; {there}; {instead}'
        ]
    platform.lists[CLASSES] = [of_others]
    assert said(platform) == [
        (
            'ingressClass: "alb" is not an IngressClass; the cluster has no class of the AWS Load Balancer Controller '
            f"or EKS Auto Mode; {instead}"
        )
    ]


def test_a_class_of_no_controller_is_refused(platform: FakeApi) -> None:
    platform.lists[CLASSES] += [named("bare")]
    (problem,) = said(platform, ingressClass="bare")
    assert problem.startswith('ingressClass: "bare" is a class of the controller of no name, which this program')


def test_who_may_not_read_classes_has_the_aws_load_balancer_controller(platform: FakeApi) -> None:
    platform.refusals[f"{CLASSES}/alb"] = (403, "forbidden")
    assert found(platform) == IngressController()


def test_with_no_ingress_no_class_is_looked_up(platform: FakeApi) -> None:
    platform.lists[CLASSES] = []
    assert found(platform, ingress="none") == IngressController()
    assert not any(path.startswith(CLASSES) for _, path, _ in platform.asked)


class TestAutoMode:
    """EKS Auto Mode takes group and certificates from IngressClassParams."""

    @pytest.fixture
    def auto(self, platform: FakeApi) -> FakeApi:
        platform.lists[CLASSES] = [of("eks.amazonaws.com/alb", "alb")]
        platform.lists[AUTO_PARAMS] = [named("alb", spec={"scheme": "internet-facing", "group": {"name": "acme"}})]
        return platform

    def test_it_is_served_without_the_annotation_of_a_group(self, auto: FakeApi) -> None:
        settings = survey_platform(
            auto.access, parse_settings({**LEAST, "loadBalancerGroup": "acme"}), field_manager="m"
        )
        assert settings.settings.load_balancer_group is None

    def test_its_group_is_that_of_the_class(self, auto: FakeApi) -> None:
        assert said(auto, loadBalancerGroup="acme") == []
        assert said(auto) == [
            (
                "loadBalancerGroup: must be the group of IngressClass alb (IngressClassParams alb), which is acme; "
                "write: pulumi config set loadBalancerGroup acme, or use another class"
            )
        ]
        auto.lists[AUTO_PARAMS] = [named("alb", spec={})]
        auto.lists[CLASSES] = [of("eks.amazonaws.com/alb")]
        assert said(auto, loadBalancerGroup="acme") == [
            (
                'loadBalancerGroup: "acme" can\'t be an annotation on EKS Auto Mode; write group.name into '
                "IngressClassParams, and name these in the IngressClass alb"
            )
        ]

    @pytest.mark.parametrize(
        ("params", "problem"),
        [
            ({"scheme": "internal"}, 'loadBalancerScheme: "internet-facing" must be the scheme of IngressClass alb '),
            ({"targetType": "ip"}, 'targetType: "instance" must be the targetType of IngressClass alb '),
            ({"ipAddressType": "ipv4"}, 'ipAddressType: "dualstack" must be the ipAddressType of IngressClass alb '),
            (
                {"loadBalancerAttributes": [{"key": "idle_timeout.timeout_seconds", "value": "60"}]},
                "idleTimeout: 301 must be the idle_timeout.timeout_seconds of IngressClass alb ",
            ),
            (
                {"loadBalancerAttributes": [{"key": "routing.http2.enabled", "value": "true"}]},
                'loadBalancerAttributes.routing.http2.enabled: "false" must be true, which is that of IngressClass ',
            ),
            (
                {"certificateARNs": [ARN]},
                "certificateArn: must be one of the certificates of IngressClass alb (IngressClassParams alb), ",
            ),
        ],
    )
    def test_what_the_class_decides_is_to_be_written_in_the_stack(
        self, auto: FakeApi, params: dict[str, Any], problem: str
    ) -> None:
        auto.lists[AUTO_PARAMS] = [named("alb", spec=params)]
        (found,) = said(auto, ipAddressType="dualstack")
        assert found.startswith(problem)

    def test_what_agrees_is_accepted(self, auto: FakeApi) -> None:
        attributes = [
            {"key": "idle_timeout.timeout_seconds", "value": "301"},
            {"key": "access_logs.s3.enabled", "value": "true"},
        ]
        spec = {"scheme": "internal", "certificateARNs": [ARN], "loadBalancerAttributes": attributes}
        auto.lists[AUTO_PARAMS] = [named("alb", spec=spec)]
        assert said(auto, loadBalancerScheme="internal", certificateArn=ARN) == []

    def test_params_that_are_not_there_are_named(self, auto: FakeApi) -> None:
        auto.lists[AUTO_PARAMS] = []
        assert said(auto) == [
            (
                'ingressClass: "alb" has the IngressClassParams alb, which don\'t exist; make them, or take them out '
                "of the class"
            )
        ]

    def test_who_may_not_read_them_is_not_kept_from_deploying(self, auto: FakeApi) -> None:
        auto.refusals[f"{AUTO_PARAMS}/alb"] = (403, "forbidden")
        assert said(auto) == []


def test_the_same_params_of_the_aws_load_balancer_controller_are_read(platform: FakeApi) -> None:
    platform.lists[CLASSES] = [of("ingress.k8s.aws/alb", "acme", "elbv2.k8s.aws")]
    platform.lists["/apis/elbv2.k8s.aws/v1beta1/ingressclassparams"] = [named("acme", spec={"scheme": "internal"})]
    (problem,) = said(platform)
    assert problem.startswith('loadBalancerScheme: "internet-facing" must be the scheme of IngressClass alb (')


class TestOfARunningStack:
    """What a class decides is told again where the Ingress gets another class, or a value that the class decides."""

    OWNER = "studios-local"

    @pytest.fixture
    def running(self, platform: FakeApi) -> FakeApi:
        shared = of("ingress.k8s.aws/alb", "shared", "elbv2.k8s.aws")
        shared["metadata"]["name"] = "shared"
        platform.lists[CLASSES] += [shared]
        spec = {"scheme": "internal", "sslPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06", "group": {"name": "acme"}}
        platform.lists["/apis/elbv2.k8s.aws/v1beta1/ingressclassparams"] = [named("shared", spec=spec)]
        own = named("connect-ingress", spec={"ingressClassName": "alb"})
        annotations = {"scheme": "internet-facing", "ssl-policy": "ELBSecurityPolicy-TLS-1-2-Ext-2018-06"}
        own["metadata"]["annotations"] = {f"alb.ingress.kubernetes.io/{key}": text for key, text in annotations.items()}
        own["metadata"]["labels"] = labels_of_stack(self.OWNER)
        platform.lists[f"{NET}/ingresses"] = [own]
        return platform

    def told(self, api: FakeApi, **settings: object) -> list[str]:
        parsed = parse_settings({**LEAST, "ingressClass": "shared", **settings})
        try:
            survey_platform(api.access, parsed, field_manager=self.OWNER)
        except SettingsError as error:
            return [problem.key for problem in error.problems]
        return []

    def test_another_class_is_told_all_that_it_decides(self, running: FakeApi) -> None:
        everything = ["loadBalancerGroup", "loadBalancerScheme", "sslPolicy"]
        assert self.told(running) == everything
        assert self.told(running, ingressName="another") == everything

    def test_in_its_class_it_is_told_only_what_changes(self, running: FakeApi) -> None:
        (own,) = running.lists[f"{NET}/ingresses"]
        own["spec"]["ingressClassName"] = "shared"
        assert self.told(running) == []
        assert self.told(running, loadBalancerGroup="acme") == []
        assert self.told(running, loadBalancerGroup="other") == ["loadBalancerGroup"]
        own["metadata"]["annotations"]["alb.ingress.kubernetes.io/scheme"] = "internal"
        assert self.told(running) == ["loadBalancerScheme"]


SIBLING = {
    "platformUrl": "https://platform.example.com",
    "connectUrl": "https://connect.example.com",
    "loadBalancerGroup": "acme",
}


@pytest.mark.parametrize(
    ("order", "ours", "message"),
    [
        (
            None,
            None,
            (
                "loadBalancerGroupOrder: puts the rule for *.example.com before that of Ingress/front-ingress for "
                "platform.example.com, so that its requests would go to the proxy; write: pulumi config set "
                "loadBalancerGroupOrder 1"
            ),
        ),
        (
            "10",
            5,
            (
                "loadBalancerGroupOrder: 5 puts the rule for *.example.com before that of Ingress/front-ingress for "
                "platform.example.com, so that its requests would go to the proxy; write: pulumi config set "
                "loadBalancerGroupOrder 11"
            ),
        ),
        (None, 1, None),
        ("-1", None, None),
    ],
)
def test_a_wildcard_beside_platform_must_come_after_platforms_own_rule(
    platform: FakeApi, order: str | None, ours: int | None, message: str | None
) -> None:
    annotations = {"alb.ingress.kubernetes.io/group.name": "acme"}
    if order is not None:
        annotations["alb.ingress.kubernetes.io/group.order"] = order
    ingress = {
        "metadata": {"name": "front-ingress", "annotations": annotations},
        "spec": {"rules": [{"host": "platform.example.com"}]},
    }
    platform.lists[f"{NET}/ingresses"] = [ingress]
    settings = parse_settings({**LEAST, **SIBLING, **({} if ours is None else {"loadBalancerGroupOrder": ours})})
    api = ClusterApi(platform.access)
    group = find_group(api, read_install(api, settings.namespace), settings, "m", IngressController())
    found = rules_out_of_order(group, settings)
    problems = [str(each).removeprefix("seqera-studios:") for each in found]
    assert problems == ([] if message is None else [message])


def test_a_route_of_ones_own_for_the_same_host_is_no_conflict(platform: FakeApi) -> None:
    mine = {"metadata": {"name": "connect-ingress"}, "spec": {"rules": [{"host": "*.example.com"}]}}
    platform.lists[f"{NET}/ingresses"] += [mine]
    settings = parse_settings({**LEAST, "ingress": "none"})
    assert survey_platform(platform.access, settings, field_manager="m").settings.ingress == "none"
