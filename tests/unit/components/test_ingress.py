from typing import Any

from components.ingress import StudiosIngress, StudiosIngressArgs
from tests.unit.components.mocks import CERTIFICATE, LOAD_BALANCER, Recording, run


def ingress(**changes: Any) -> Recording:
    values: dict[str, Any] = {
        "namespace": "platform-stage",
        "ingress_name": "connect-ingress",
        "host": "*.example.com",
        "service_name": "connect-proxy",
        "service_port": 80,
        "certificate_arn": CERTIFICATE,
    }

    def program() -> None:
        StudiosIngress("ingress", StudiosIngressArgs(**(values | changes)))

    return run(program)


def annotations(**changes: Any) -> dict[str, str]:
    found: dict[str, str] = ingress(**changes)["ingress-ingress"].inputs["metadata"]["annotations"]
    return found


def test_every_path_of_every_session_host_leads_to_the_proxy() -> None:
    assert ingress()["ingress-ingress"].inputs["spec"] == {
        "ingressClassName": "alb",
        "rules": [
            {
                "host": "*.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "connect-proxy", "port": {"number": 80}}},
                        }
                    ]
                },
            }
        ],
    }


def test_the_annotations_are_those_of_the_guide() -> None:
    assert annotations() == {
        "alb.ingress.kubernetes.io/scheme": "internet-facing",
        "alb.ingress.kubernetes.io/target-type": "ip",
        "alb.ingress.kubernetes.io/certificate-arn": CERTIFICATE,
        "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
        "alb.ingress.kubernetes.io/ssl-redirect": "443",
        "alb.ingress.kubernetes.io/ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "alb.ingress.kubernetes.io/load-balancer-attributes": "idle_timeout.timeout_seconds=301",
        "alb.ingress.kubernetes.io/healthcheck-path": "/",
        "alb.ingress.kubernetes.io/success-codes": "200-399",
    }


def test_it_joins_the_load_balancer_of_a_group_in_the_order_asked_for() -> None:
    found = annotations(group_name="platform", group_order=0)
    assert found["alb.ingress.kubernetes.io/group.name"] == "platform"
    assert found["alb.ingress.kubernetes.io/group.order"] == "0"


def test_further_attributes_come_in_a_stable_order() -> None:
    found = annotations(
        idle_timeout_seconds=600, load_balancer_attributes={"routing.http2.enabled": "false", "a.b": "1"}
    )
    assert (
        found["alb.ingress.kubernetes.io/load-balancer-attributes"]
        == "a.b=1,idle_timeout.timeout_seconds=600,routing.http2.enabled=false"
    )


def test_the_load_balancers_hostname_is_an_output() -> None:
    assert ingress()["ingress"].outputs == {"ingress_name": "connect-ingress", "load_balancer_hostname": LOAD_BALANCER}
