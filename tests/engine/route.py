"""The way that a session's request takes, asked at each moment: record, load balancer, rule, targets, ready pods."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from live.api import ClusterApi
from live.cluster import Cluster
from testbed import paths
from tests.engine.install import Install

_EVERY_SECONDS = 0.1
HTTPS = 443


@dataclass
class Asked:
    """What was found on the way, as often as it was asked."""

    times: int = 0
    longest_gap: float = 0.0
    failures: list[str] = field(default_factory=list)
    #: The pods that served, by name.
    pods: set[str] = field(default_factory=set)
    #: The load balancers that the record led to, in order.
    balancers: list[str] = field(default_factory=list)


@contextmanager
def asked_all_the_time(install: Install) -> Iterator[Asked]:
    """Follows the way to a ready connect-proxy every 100 ms, from here to the end of the block."""
    asked, ended = Asked(), threading.Event()
    way = _Way(install)

    def ask() -> None:
        before = time.monotonic()
        while not ended.wait(_EVERY_SECONDS):
            try:
                way.follow(asked)
            except (LookupError, StopIteration) as error:
                asked.failures.append(f"after {asked.times}: {error}")
            asked.times += 1
            now = time.monotonic()
            asked.longest_gap, before = max(asked.longest_gap, now - before), now

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        ended.set()
        thread.join(30)


class _Way:
    def __init__(self, install: Install) -> None:
        self._install = install
        self._api = ClusterApi(Cluster(kubeconfig=str(paths.KUBECONFIG)))
        self._elb, self._route53 = install.client("elbv2"), install.client("route53")
        self._name = f"*.{install.host}"

    def follow(self, asked: Asked) -> None:
        """One request.

        Raises:
            LookupError: it would not get through; the message says where.
        """
        hostname = self._record()
        if asked.balancers[-1:] != [hostname]:
            asked.balancers.append(hostname)
        service = self._service(self._target_groups(hostname), hostname)
        ready = self._ready(service)
        if not ready:
            raise LookupError(f"Service {service} of {hostname} has no ready pod")
        asked.pods |= ready

    def _record(self) -> str:
        answer = self._route53.list_resource_record_sets(
            HostedZoneId=self._install.zone_id, StartRecordName=self._name, MaxItems="1"
        )
        for record in answer["ResourceRecordSets"]:
            if record["Name"].rstrip(".").replace("\\052", "*") == self._name:
                values = [each["Value"] for each in record.get("ResourceRecords") or []]
                target = str(values[0] if values else record["AliasTarget"]["DNSName"])
                return target.rstrip(".").removeprefix("dualstack.").lower()
        raise LookupError(f"there is no record {self._name}")

    def _target_groups(self, hostname: str) -> set[str]:
        listener = self._install.listener(hostname, HTTPS)
        found = {
            str(target["TargetGroupArn"])
            for rule in self._elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
            if any(self._name in _hosts(condition) for condition in rule["Conditions"])
            for action in rule["Actions"]
            for target in action.get("ForwardConfig", {}).get("TargetGroups", [action])
            if "TargetGroupArn" in target
        }
        if not found:
            raise LookupError(f"{hostname} has no rule for {self._name}")
        return found

    def _service(self, groups: set[str], hostname: str) -> str:
        path = f"/apis/elbv2.k8s.aws/v1beta1/namespaces/{self._install.namespace}/targetgroupbindings"
        for binding in self._api.list(path):
            if binding["spec"]["targetGroupARN"] in groups:
                return str(binding["spec"]["serviceRef"]["name"])
        raise LookupError(f"no Service is bound to the target group of {hostname}")

    def _ready(self, service: str) -> set[str]:
        path = f"/apis/discovery.k8s.io/v1/namespaces/{self._install.namespace}/endpointslices"
        slices = self._api.list(path, {"labelSelector": f"kubernetes.io/service-name={service}"})
        endpoints: list[dict[str, Any]] = [each for one in slices for each in one.get("endpoints") or []]
        return {each["targetRef"]["name"] for each in endpoints if each.get("conditions", {}).get("ready")}


def _hosts(condition: dict[str, Any]) -> list[str]:
    values: list[str] = condition.get("HostHeaderConfig", condition).get("Values", [])
    return values if condition["Field"] == "host-header" else []


def told(asked: Asked) -> str:
    """What was found, for the report of a test."""
    return json.dumps({"times": asked.times, "longest gap": asked.longest_gap, "balancers": asked.balancers})
