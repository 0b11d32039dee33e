"""What the data plane is to do, out of what the AWS API says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from testbed.traffic.account import Account, Balancer, Described, Group, Listener
from testbed.traffic.addresses import Network, Routes
from testbed.traffic.certificates import ServedCertificates

Plan = dict[str, Any]
Bind = Callable[[int], int]

#: What AWS has for load balancers that have no such attribute: those of the network.
_IDLE_SECONDS = {"network": 350}


class Planner:
    """Makes plans, each from what the account says at that time.

    Args:
        account: the account.
        network: the addresses of the load balancers.
        certificates: what is served for ACM's certificates.
        bind: the port on loopback for a port of a listener.
    """

    def __init__(self, account: Account, network: Network, certificates: ServedCertificates, bind: Bind) -> None:
        self._account, self._network, self._certificates, self._bind = account, network, certificates, bind

    def plan(self, routes: Routes) -> Plan:
        """A plan: the load balancers, and the target groups that they forward to."""
        balancers, versions = self._account.balancers(), self._account.versions()
        groups = self._account.groups()
        instances = self._account.instance_addresses() if any(map(_has_instances, groups)) else {}
        return {
            "Balancers": [self._balancer(each, versions) for each in balancers],
            "Groups": [_group(each, instances, routes) for each in groups],
        }

    def _balancer(self, balancer: Balancer, versions: Mapping[str, list[str]]) -> Plan:
        attributes = balancer.attributes
        idle = attributes.get("idle_timeout.timeout_seconds")
        address = self._network.balancer(balancer.arn)
        return {
            "Arn": balancer.arn,
            "Name": balancer.described["LoadBalancerName"],
            "IdleSeconds": int(idle) if idle else _IDLE_SECONDS.get(balancer.described["Type"], 60),
            "HTTP2": attributes.get("routing.http2.enabled", "true") == "true",
            "Listeners": [self._listener(each, address, versions) for each in balancer.listeners],
        }

    def _listener(self, listener: Listener, address: str, versions: Mapping[str, list[str]]) -> Plan:
        described = listener.described
        port = int(described["Port"])
        certificates = (self._account.certificate(arn) for arn in listener.certificate_arns)
        return {
            "Bind": f"{address}:{self._bind(port)}",
            "Port": port,
            "Protocol": described["Protocol"],
            "Versions": versions.get(described.get("SslPolicy", ""), []),
            "Certificates": [self._certificates.of(about, pem) for about, pem in certificates if pem],
            "Rules": [_rule(each) for each in listener.rules] or [_rule({"Actions": described["DefaultActions"]})],
        }


def _rule(rule: Described) -> Plan:
    actions = sorted(rule["Actions"], key=lambda action: int(action.get("Order", 1)))
    return {
        "Conditions": rule.get("Conditions", []),
        "Actions": actions,
        "Transforms": rule.get("Transforms", []),
    }


def _group(group: Group, instances: Mapping[str, str], routes: Routes) -> Plan:
    about = group.described
    check_port = about["HealthCheckPort"]

    def target(identifier: str, port: int) -> Plan:
        address = instances.get(identifier) if about["TargetType"] == "instance" else identifier
        check = port if check_port == "traffic-port" else int(check_port)
        return {
            "ID": identifier,
            "Port": port,
            "Addresses": routes.of(address, port),
            "CheckAddresses": routes.of(address, check),
        }

    return {
        "Arn": about["TargetGroupArn"],
        "Protocol": about["Protocol"],
        "Check": {
            "Enabled": bool(about.get("HealthCheckEnabled", True)),
            "Protocol": about["HealthCheckProtocol"],
            "Path": about.get("HealthCheckPath", "/"),
            "Codes": (about.get("Matcher") or {}).get("HttpCode", "200"),
            "IntervalSeconds": int(about["HealthCheckIntervalSeconds"]),
            "TimeoutSeconds": int(about["HealthCheckTimeoutSeconds"]),
            "HealthyThreshold": int(about["HealthyThresholdCount"]),
            "FailedThreshold": int(about["UnhealthyThresholdCount"]),
        },
        "Targets": [target(identifier, port) for identifier, port in group.targets],
    }


def _has_instances(group: Group) -> bool:
    return bool(group.described["TargetType"] == "instance" and group.targets)
