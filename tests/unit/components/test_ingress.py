from typing import Any

from components.ingress import StudiosIngress, StudiosIngressArgs
from live.ingress import no_load_balancer
from testbed.annotations import is_known
from tests.unit.components.mocks import CERTIFICATE, LOAD_BALANCER, Recording, run

VALUES: dict[str, Any] = {
    "namespace": "platform-stage",
    "ingress_name": "connect-ingress",
    "host": "*.example.com",
    "service_name": "connect-proxy",
    "service_port": 80,
    "certificate_arn": CERTIFICATE,
}


def ingress(**changes: Any) -> Recording:
    def program() -> None:
        StudiosIngress("ingress", StudiosIngressArgs(**(VALUES | changes)))

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
        "alb.ingress.kubernetes.io/target-type": "instance",
        "alb.ingress.kubernetes.io/certificate-arn": CERTIFICATE,
        "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
        "alb.ingress.kubernetes.io/ssl-redirect": "443",
        "alb.ingress.kubernetes.io/ssl-policy": "ELBSecurityPolicy-TLS-1-2-Ext-2018-06",
        "alb.ingress.kubernetes.io/load-balancer-attributes": (
            "idle_timeout.timeout_seconds=301,routing.http2.enabled=false"
        ),
        "alb.ingress.kubernetes.io/healthcheck-path": "/",
        "alb.ingress.kubernetes.io/success-codes": "200-499",
    }


def test_every_annotation_is_one_that_the_controller_reads() -> None:
    found = annotations(group_name="platform", group_order=0)
    assert [name for name in found if not is_known(name)] == []


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


def test_the_controller_has_the_time_that_was_given_and_then_the_user_reads_what_it_says() -> None:
    asked = ingress(ready_seconds=90)["ingress-ingress"]
    assert asked.timeouts == {"create": "90s", "update": "90s", "delete": "90s"}
    assert asked.on_error == ["ingress-ingress-explained"]


def test_what_the_controller_complains_of_is_told_line_by_line() -> None:
    said = ["FailedBuildModel: no subnet", "FailedDeployModel: no"]
    assert no_load_balancer("Ingress", "platform-stage", "connect-ingress", 600, said) == (
        "Ingress platform-stage/connect-ingress has no load balancer after 600 seconds. "
        "The load balancer controller says:\n"
        "  FailedBuildModel: no subnet\n"
        "  FailedDeployModel: no\n"
        "Put that right and run pulumi up again: it goes on where it stopped"
    )


def test_where_no_controller_says_anything_the_class_and_the_controller_are_to_be_looked_at() -> None:
    text = no_load_balancer("Ingress", "platform-stage", "connect-ingress", 600, [], "internal")
    assert "No controller says why: kubectl -n platform-stage describe ingress connect-ingress. " in text
    assert "serves class internal (kubectl get ingressclass; setting ingressClass)" in text
