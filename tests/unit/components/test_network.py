"""Who may talk to proxy and server."""

from typing import Any

from components.network import StudiosNetworkPolicies, StudiosNetworkPoliciesArgs
from tests.unit.components.mocks import run

EVERYWHERE_BUT_EC2_METADATA = [
    {
        "to": [
            {"namespaceSelector": {}},
            {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}},
            {"ipBlock": {"cidr": "::/0", "except": ["fd00:ec2::254/128"]}},
        ]
    }
]


def specs(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "namespace": "platform-stage",
        "proxy": "connect-proxy",
        "proxy_port": 8081,
        "server": "connect-server",
        "server_ports": (7070, 7777),
    }

    def program() -> None:
        StudiosNetworkPolicies("network", StudiosNetworkPoliciesArgs(**(values | changes)))

    recording = run(program)
    return {role: recording[f"network-{role}"].inputs["spec"] for role in ("proxy", "server")}


def test_everybody_reaches_the_proxy_on_its_port_alone() -> None:
    assert specs()["proxy"] == {
        "podSelector": {"matchLabels": {"app": "connect-proxy"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"port": 8081, "protocol": "TCP"}]}],
        "egress": EVERYWHERE_BUT_EC2_METADATA,
    }


def test_the_proxy_alone_reaches_the_server() -> None:
    assert specs()["server"] == {
        "podSelector": {"matchLabels": {"app": "connect-server"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [{"podSelector": {"matchLabels": {"app": "connect-proxy"}}}],
                "ports": [{"port": 7070, "protocol": "TCP"}, {"port": 7777, "protocol": "TCP"}],
            }
        ],
        "egress": EVERYWHERE_BUT_EC2_METADATA,
    }


def test_the_management_port_is_open_to_one_namespace_and_to_none_unless_it_is_named() -> None:
    rule = {
        "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
        "ports": [{"port": 9091, "protocol": "TCP"}],
    }
    for role in ("proxy", "server"):
        assert specs(management_port=9091, management_namespace="monitoring")[role]["ingress"][1:] == [rule]
        assert specs(management_port=9091)[role]["ingress"][1:] == []
