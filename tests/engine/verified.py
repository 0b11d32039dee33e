"""A stack that is deployed under traffic, and the faults that are made in it, one at a time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from pipeline.verify.checks import ON_KUBERNETES
from pipeline.verify.deployment import Deployment, Options
from pipeline.verify.network import Detour, Network
from pipeline.verify.runner import Row, run
from testbed.traffic.site import WORKSPACE, Site
from tests.engine.install import Install
from tests.engine.stack import Finished, Stack

#: How long a fault, and its end, may take to be seen: a pod that starts anew, or gives up.
SECONDS = 90


@dataclass
class World:
    """An install, its stack and its traffic, with the ways to spoil and to verify them."""

    install: Install
    stack: Stack
    site: Site
    #: What differs from the usual network and options in the next run.
    network: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    #: Makes the present fault once more.
    again: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        self.outputs = self.stack.outputs()
        self._config = json.loads(self.stack.pulumi("config", "--json", "--stack", self.stack.name).ok().stdout)
        self.variables = self.site.verify_variables()
        self.elb, self.route53, self.acm = (self.install.client(name) for name in ("elbv2", "route53", "acm"))

    def command(self, *words: str) -> Finished:
        """``python -m pipeline verify``, as a user at the testbed's shell runs it."""
        return self.stack.pipeline("verify", *words, variables=self.variables)

    def rows(self) -> list[Row]:
        """The same checks, without the start of a process and of Pulumi."""
        network: dict[str, Any] = {
            "resolver": self.site.traffic.resolver,
            "ca_file": str(self.site.traffic.ca_file),
            "detours": tuple(map(Detour.parse, self.site.traffic.connect_to)),
        }
        options: dict[str, Any] = {
            "workspace": WORKSPACE,
            "token": self.variables["TOWER_ACCESS_TOKEN"],
            "session": self.variables["STUDIOS_VERIFY_SESSION"],
            # What is waited for here is waited for with all rows.
            "reconnect_seconds": 0,
        }
        deployment = Deployment(
            self.stack.name, Network(**{**network, **self.network}), Options(**{**options, **self.options})
        )
        deployment.__dict__.update(outputs=self.outputs, _config=self._config)
        return list(run(ON_KUBERNETES, deployment))

    def settles(self, broken: str | None, says: str = "", *, stops: bool = True, unknown: bool = False) -> list[Row]:
        """Verifies until exactly one check is broken, and what needs it is not checked; or until nothing is.

        What is broken has to say ``says``: a pod is not ready first, and gives its reason when it ends.

        Raises:
            AssertionError: it has not come to that in time; the message has the rows that differ.
        """
        wanted = expected(broken, stops=stops, unknown=unknown)
        deadline = time.monotonic() + SECONDS
        while True:
            self.again()
            self.site.traffic.refresh()
            rows = self.rows()
            differing = [
                f"{row.name} {row.state}: {row.finding}"
                for row in rows
                if row.state != wanted[row.name] or (row.name == broken and says not in row.finding)
            ]
            if not differing:
                return rows
            assert time.monotonic() < deadline, "\n".join([*differing, *self._logs()])
            time.sleep(1)

    def _logs(self) -> list[str]:
        logs = self.site.pods.logs() if self.site.pods else {}
        return [f"{name}: {text[-300:]}" for name, text in logs.items()]

    # The load balancer

    @contextmanager
    def held(self, make: Callable[[], object], undo: Callable[[], object]) -> Iterator[None]:
        """Spoils something in AWS, again before each look: the load balancer controller mends it now and then."""
        self.again = make
        make()
        yield
        self.again = lambda: None
        undo()

    @property
    def balancer(self) -> str:
        """Its ARN."""
        return str(self.install.load_balancer(self.outputs["loadBalancerHostname"])["LoadBalancerArn"])

    def listener(self, port: int = 443) -> dict[str, Any]:
        """One of its listeners."""
        return self.install.listener(self.outputs["loadBalancerHostname"], port)

    def rule(self) -> dict[str, Any]:
        """The rule for the hosts of Studios."""
        rules = self.elb.describe_rules(ListenerArn=self.listener()["ListenerArn"])["Rules"]
        return dict(next(rule for rule in rules if rule["Priority"] != "default"))

    @contextmanager
    def certificate(self, arn: str) -> Iterator[None]:
        """Serves another certificate, and no other, at the HTTPS listener."""
        listener = self.listener()
        place, own = listener["ListenerArn"], listener["Certificates"][:1]

        def serve() -> None:
            self.elb.modify_listener(ListenerArn=place, Certificates=[{"CertificateArn": arn}])
            listed = self.elb.describe_listener_certificates(ListenerArn=place)["Certificates"]
            further = [{"CertificateArn": e["CertificateArn"]} for e in listed if e["CertificateArn"] != arn]
            if further:
                self.elb.remove_listener_certificates(ListenerArn=place, Certificates=further)

        def undo() -> None:
            self.elb.modify_listener(
                ListenerArn=place, Certificates=[{"CertificateArn": each["CertificateArn"]} for each in own]
            )

        with self.held(serve, undo):
            yield

    @contextmanager
    def rule_as(self, **instead: Any) -> Iterator[None]:
        """Changes conditions or actions of the rule for the hosts of Studios."""
        rule = self.rule()
        arn = rule["RuleArn"]
        # Conditions come back in two forms, and are taken in one.
        conditions = [{key: value for key, value in each.items() if key != "Values"} for each in rule["Conditions"]]
        own = {"Conditions": conditions, "Actions": rule["Actions"]}
        usual = {key: own[key] for key in instead}
        with self.held(
            lambda: self.elb.modify_rule(RuleArn=arn, **instead), lambda: self.elb.modify_rule(RuleArn=arn, **usual)
        ):
            yield

    @contextmanager
    def listener_as(self, port: int, **instead: Any) -> Iterator[None]:
        """Changes what the listener at a port does."""
        listener = self.listener(port)
        arn = listener["ListenerArn"]
        usual = {key: listener[key] for key in instead}
        with self.held(
            lambda: self.elb.modify_listener(ListenerArn=arn, **instead),
            lambda: self.elb.modify_listener(ListenerArn=arn, **usual),
        ):
            yield

    @contextmanager
    def targets_as(self, *targets: dict[str, Any]) -> Iterator[None]:
        """Puts other targets in the place of the proxy's."""
        group = self.group()
        usual = self._targets(group)

        def register(wanted: list[dict[str, Any]]) -> None:
            others = [each for each in self._targets(group) if each not in wanted]
            if others:
                self.elb.deregister_targets(TargetGroupArn=group, Targets=others)
            if wanted:
                self.elb.register_targets(TargetGroupArn=group, Targets=wanted)

        with self.held(lambda: register(list(targets)), lambda: register(usual)):
            yield

    def group(self) -> str:
        """The target group of the proxy's pods; an action names it in one of two ways."""
        action = self.rule()["Actions"][0]
        named = action if "TargetGroupArn" in action else action["ForwardConfig"]["TargetGroups"][0]
        return str(named["TargetGroupArn"])

    def _targets(self, group: str) -> list[dict[str, Any]]:
        described = self.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [{"Id": each["Target"]["Id"], "Port": int(each["Target"]["Port"])} for each in described]

    # Records

    def change(self, action: str, record: Mapping[str, Any]) -> None:
        """Changes a record of the zone."""
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        self.route53.change_resource_record_sets(HostedZoneId=self.install.zone_id, ChangeBatch=batch)

    @contextmanager
    def record(self, *instead: dict[str, Any]) -> Iterator[None]:
        """Puts other records in the place of the wildcard's."""
        records = self.install.records()
        own = records[f"{self.outputs['recordName']} A"]
        self.change("DELETE", own)
        for each in instead:
            self.change("CREATE", each)
        yield
        for each in instead:
            self.change("DELETE", each)
        self.change("CREATE", own)

    # Pods

    @contextmanager
    def variable(self, workload: str, **values: str) -> Iterator[None]:
        """Sets variables of a Deployment, and takes them back by a new start of its pods."""
        before = self.install.get("deployment", workload)["spec"]["template"]
        self.install.kubectl("set", "env", f"deployment/{workload}", *(f"{k}={v}" for k, v in values.items()))
        yield
        self.restore(workload, before)

    @contextmanager
    def entry(self, config_map: str, **values: str) -> Iterator[None]:
        """Changes entries of a ConfigMap, and changes them back; the pods go on with what they have read."""
        own = self.install.get("configmap", config_map)["data"]
        for data in (values, {key: own.get(key) for key in values}):
            self.install.kubectl("patch", "configmap", config_map, "--type=merge", "-p", json.dumps({"data": data}))
            if data is values:
                yield

    def restore(self, workload: str, template: Mapping[str, Any]) -> None:
        """Gives a Deployment the pod template that it had."""
        patch = [{"op": "replace", "path": "/spec/template", "value": template}]
        self.install.kubectl("patch", "deployment", workload, "--type=json", "-p", json.dumps(patch))
        self.install.kubectl("rollout", "status", f"deployment/{workload}", "--timeout=90s")

    def restart(self, workload: str) -> None:
        """Starts the pods of a Deployment anew."""
        self.install.kubectl("rollout", "restart", f"deployment/{workload}")
        self.install.kubectl("rollout", "status", f"deployment/{workload}", "--timeout=90s")


def expected(broken: str | None, *, stops: bool = True, unknown: bool = False) -> dict[str, str]:
    """The state of every check if this one is broken: what needs it, at whatever distance, is not checked.

    Where it is broken as no answer could be had, what only follows it is checked all the same.
    """
    states: dict[str, str] = {}
    unasked: set[str] = set()
    for check in ON_KUBERNETES:
        needed = [name for name in check.needs if states[name] in ("broken", "not checked")]
        followed = [name for name in check.follows if states[name] in ("broken", "not checked")]
        missing = [*needed, *(name for name in followed if name not in unasked)]
        if check.name == broken:
            states[check.name] = "broken"
            unasked |= {check.name} if unknown else set()
        elif stops and missing:
            states[check.name] = "not checked"
            unasked |= {check.name} if set(missing) <= unasked else set()
        else:
            states[check.name] = "not asked" if check.name == "silence" else "holds"
    return states


@dataclass(frozen=True)
class Fault:
    """Something that is made wrong, and what the table says of it."""

    name: str
    make: Callable[[World], AbstractContextManager[None]]
    #: The check that finds it, and a part of what it says.
    broken: str
    says: str
    stops: bool = True
    quick: bool = False
    unknown: bool = False
