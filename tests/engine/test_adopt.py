"""A Studios that was made by hand becomes a stack's: same token, same key, and never without a ready proxy."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed import build, paths, targets
from testbed.platform import shapes
from testbed.platform.shapes import HAND_MADE_TOKEN
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.route import asked_all_the_time, told
from tests.engine.shapes import KINDS, row
from tests.engine.stack import Finished, Stack
from tests.engine.test_dns import EDITOR, records_in, route53_of_the_other_account

#: Kills whoever runs it at one of Pulumi's commands, with that command: a refresh has its lock by then.
KILLING = """#!/bin/sh
PATH={rest}
case " $* " in *" {words} "*)
  case "$1" in refresh) pulumi "$@" & sleep 2; kill -9 $!;; esac
  kill -9 $PPID; exit 1;;
esac
exec pulumi "$@"
"""


@dataclass
class Adopted:
    """An install with a Studios of its owner's, and the stack that takes it."""

    install: Install
    stack: Stack
    before: dict[str, Any]
    pem: str

    def adopt(self, *words: str, killed_at: str | None = None) -> Finished:
        """What `make adopt` runs, with an end at one of its commands if that is asked for."""
        environment: dict[str, str] = {}
        if killed_at is not None:
            folder = self.stack.folder / "killing"
            folder.mkdir(exist_ok=True)
            script = folder / "pulumi"
            path = self.stack.environment.get("PATH", os.environ["PATH"])
            script.write_text(KILLING.format(words=killed_at, rest=path))
            script.chmod(script.stat().st_mode | stat.S_IEXEC)
            environment["PATH"] = f"{folder}{os.pathsep}{path}"
        return self.stack.pipeline("adopt", *words, variables=environment, seconds=None)

    def started(self, *apps: str) -> dict[str, set[str]]:
        """The pods' names."""
        return self.install.pod_names(*apps)


@pytest.fixture
def by_hand(new_install: NewInstall, new_stack: NewStack) -> Adopted:
    install = new_install("hand", shape=shapes.BY_HAND)
    stack = new_stack(install)
    pem = install.get("secret", "platform-oidc-certs")["data"]["oidc.pem"]
    return Adopted(install, stack, install.objects(), pem)


@pytest.mark.slow
@row(shapes.BY_HAND)
def test_a_studios_made_by_hand_is_taken_over_without_a_moment_in_which_it_does_not_serve(by_hand: Adopted) -> None:
    install, stack = by_hand.install, by_hand.stack
    refused = stack.preview_text()
    assert refused.code != 0
    assert KINDS[shapes.BY_HAND].refusal in refused.text
    assert f"make adopt STACK={stack.name}" in refused.text
    assert install.objects() == by_hand.before

    shown = by_hand.adopt()
    assert shown.code == 1, shown.text
    assert "Nothing was changed." in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert HAND_MADE_TOKEN not in shown.text
    assert install.objects() == by_hand.before

    with asked_all_the_time(install) as asked:
        # The first is killed with the stack's file written; the second with a state that nothing was read into.
        for moment in ("stack import", "refresh"):
            assert by_hand.adopt("--yes", killed_at=moment).code < 0
        pods = by_hand.started("connect-proxy", "connect-server", "backend", "cron")
        by_hand.adopt("--yes").ok()
        assert by_hand.started("connect-proxy", "connect-server", "backend", "cron") == pods

        preview = stack.preview()
        assert {name: change for name, change in preview.changes.items() if change != "create"} == {
            "studios-proxy-deployment": "update",
            "studios-proxy-service": "update",
            "studios-server-service": "update",
        }
        assert not {"studios-ingress-ingress", "studios-record-alias", "studios-oidc-token"} & preview.changes.keys()
        stack.up().ok()
    assert asked.failures == [], told(asked)
    assert asked.times > 100
    assert len(asked.balancers) == 1
    assert len(asked.pods) >= 3

    _serves_with_token_and_key(by_hand)
    assert HAND_MADE_TOKEN not in stack.state()
    assert stack.preview("--expect-no-changes").changes == {}
    assert "there is nothing to take" in by_hand.adopt("--yes").ok().stdout

    stack.destroy().ok()
    taken = {
        "Deployment/connect-proxy",
        "Service/connect-proxy",
        "StatefulSet/connect-server",
        "Service/connect-server",
    }
    assert install.objects() == {name: each for name, each in by_hand.before.items() if name not in taken}


def _serves_with_token_and_key(by_hand: Adopted) -> None:
    install = by_hand.install
    container = install.get("deployment", "connect-proxy")["spec"]["template"]["spec"]["containers"]
    assert [each["name"] for each in container] == ["proxy"]
    (reference,) = (each["valueFrom"]["secretKeyRef"] for each in container[0]["env"] if "TOKEN" in each["name"])
    secret = install.get("secret", reference["name"])["data"][reference["key"]]
    assert base64.b64decode(secret).decode() == HAND_MADE_TOKEN
    assert install.get("secret", "platform-oidc-certs")["data"]["oidc.pem"] == by_hand.pem
    data = install.get("configmap", "connect-proxy")["data"]
    assert data["CONNECT_REDIS_DB"] == "0"
    assert data["CONNECT_PROXY_URL"] == f"https://connect.{install.host}"


@pytest.mark.slow
def test_what_cannot_be_taken_in_place_is_changed_over_side_by_side_and_removed_on_request(by_hand: Adopted) -> None:
    install, stack = by_hand.install, by_hand.stack
    proxy = install.get("deployment", "connect-proxy")
    labels = {"app": "connect-proxy", "tier": "edge"}
    proxy["spec"]["selector"]["matchLabels"] = proxy["spec"]["template"]["metadata"]["labels"] = labels
    install.kubectl("delete", "deployment", "connect-proxy")
    proxy["metadata"] = {"name": "connect-proxy", "labels": {"app": "connect-proxy"}}
    install.kubectl("create", "-f", "-", stdin=json.dumps(proxy))
    install.kubectl("rollout", "status", "deployment/connect-proxy", "--timeout=60s")
    _make_cname(install)
    old = {f"TOWER_DATA_STUDIO_TEMPLATES_OLD_{part}": "x" for part in ("ICON", "REPOSITORY", "TOOL", "STATUS")}
    install.kubectl("patch", "configmap/tower-backend-cfg", "--type=merge", "--patch", json.dumps({"data": old}))

    with asked_all_the_time(install) as asked:
        by_hand.adopt("--yes").ok()
        assert stack.preview().changes["studios-record-alias"] == "create"
        refused = by_hand.adopt("--yes", "--remove-old")
        assert refused.code == 1
        stack.up().ok()
    assert asked.failures == [], told(asked)
    assert len(asked.balancers) == 2
    assert {name.rpartition("-")[0].rpartition("-")[0] for name in asked.pods} == {"connect-proxy", "studios-proxy"}

    removed = by_hand.adopt("--yes", "--remove-old").ok().stdout
    assert "Deployment/connect-proxy is removed" in removed
    assert "the Studio templates OLD in ConfigMap/tower-backend-cfg" in removed
    assert not old.keys() & install.get("configmap", "tower-backend-cfg")["data"].keys()
    assert "Ingress/front-ingress still has a rule for it" in removed
    assert not {"deployment.apps/connect-proxy", "service/connect-proxy"} & install.names()
    assert "Nothing is left of the earlier Studios." in by_hand.adopt("--yes", "--remove-old").ok().stdout
    assert stack.preview("--expect-no-changes").changes == {}


RELEASE = "acme-studios"
PARTS = {"connect-proxy": "Deployment", "connect-server": "StatefulSet"}


def _helm(install: Install, *words: str | Path) -> str:
    finished = subprocess.run(
        [build.ensure(targets.HELM) / "helm", *words, "--namespace", install.namespace],
        env={**os.environ, "KUBECONFIG": str(paths.KUBECONFIG), "HELM_CACHE_HOME": str(paths.STATE / "helm")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def _release_with(install: Install, folder: Path) -> None:
    """Puts the Studios that was made by hand into a Helm release: under its names, with an Ingress of its own."""
    documents = []
    for part, kind in PARTS.items():
        name, labels = f"{RELEASE}-{part.removeprefix('connect-')}", {"app.kubernetes.io/name": f"studios-{part}"}
        workload, service = install.get(kind, part), install.get("service", part)
        for each in (workload, service):
            each.pop("status", None)
            each["metadata"] = {"name": name, "labels": labels}
        workload["spec"]["selector"]["matchLabels"] = workload["spec"]["template"]["metadata"]["labels"] = labels
        if kind == "StatefulSet":
            workload["spec"]["serviceName"] = name
        ports = [{key: port[key] for key in ("name", "port", "targetPort")} for port in service["spec"]["ports"]]
        headless = {"clusterIP": "None"} if kind == "StatefulSet" else {"type": "NodePort"}
        service["spec"] = {"selector": labels, "ports": ports, **headless}
        documents += [workload, service]
    route = _own_ingress(install, f"{RELEASE}-proxy")
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(json.dumps({"apiVersion": "v2", "name": "studios", "version": "1.7.0"}))
    (folder / "templates" / "studios.yaml").write_text("\n---\n".join(map(json.dumps, [*documents, route])))
    _helm(install, "upgrade", "--install", RELEASE, folder, "--wait", "--timeout", "2m")
    _point_sessions_at(install, _hostname(install, f"{RELEASE}-proxy"))
    install.kubectl("delete", "deployment/connect-proxy", "statefulset/connect-server")
    install.kubectl("delete", "service/connect-proxy", "service/connect-server")
    _without_rule_in_platforms_ingress(install)


def _own_ingress(install: Install, service: str) -> dict[str, Any]:
    """An Ingress for the sessions only, as that of Platform has their rule."""
    front = install.get("ingress", "front-ingress")
    (rule,) = (each for each in front["spec"]["rules"] if each["host"] == f"*.{install.host}")
    rule["http"]["paths"][0]["backend"]["service"]["name"] = service
    annotations = {k: v for k, v in front["metadata"]["annotations"].items() if k.startswith("alb.ingress")}
    route = {"apiVersion": front["apiVersion"], "kind": "Ingress"}
    route |= {"metadata": {"name": service, "annotations": annotations}}
    return {**route, "spec": {"ingressClassName": front["spec"]["ingressClassName"], "rules": [rule]}}


def _without_rule_in_platforms_ingress(install: Install) -> None:
    rules = install.get("ingress", "front-ingress")["spec"]["rules"]
    others = [each for each in rules if each["host"] != f"*.{install.host}"]
    install.kubectl("patch", "ingress", "front-ingress", "--type=merge", "-p", json.dumps({"spec": {"rules": others}}))


def _hostname(install: Install, ingress: str) -> str:
    """The load balancer of an Ingress, once it has one."""
    wanted = "jsonpath={.status.loadBalancer.ingress[0].hostname}"
    deadline = time.monotonic() + 60
    while not (hostname := install.kubectl("get", "ingress", ingress, "-o", wanted)):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return hostname


def _point_sessions_at(install: Install, hostname: str) -> None:
    balancer = install.load_balancer(hostname)
    target = {"DNSName": balancer["DNSName"], "HostedZoneId": balancer["CanonicalHostedZoneId"]}
    alias = {**target, "EvaluateTargetHealth": False}
    record = {"Name": f"*.{install.host}", "Type": "A", "AliasTarget": alias}
    changes = [{"Action": "UPSERT", "ResourceRecordSet": record}]
    install.client("route53").change_resource_record_sets(
        HostedZoneId=install.zone_id, ChangeBatch={"Changes": changes}
    )


@pytest.mark.slow
def test_a_studios_of_a_helm_release_is_changed_over_side_by_side_and_uninstalled_with_helm(
    by_hand: Adopted, tmp_path: Path
) -> None:
    install, stack = by_hand.install, by_hand.stack
    _release_with(install, tmp_path / "chart")
    others = {name: each for name, each in install.objects().items() if RELEASE not in name}
    before = set(install.records())
    with asked_all_the_time(install) as asked:
        shown = by_hand.adopt("--yes").ok().stdout
        assert "belongs to the Helm release" in shown
        assert stack.preview().changes["studios-record-alias"] == "create"
        stack.up().ok()
        refused = by_hand.adopt("--yes", "--remove-old")
        assert refused.code == 1
        assert "helm uninstall" in refused.stderr
        # Until no client has the old address any more.
        time.sleep(2)
        _helm(install, "uninstall", RELEASE, "--wait")
    assert asked.failures == [], told(asked)
    assert len(asked.balancers) == 2
    assert {name.rpartition("-")[0].rpartition("-")[0] for name in asked.pods} == {"connect-proxy", f"{RELEASE}-proxy"}
    _serves_with_token_and_key(by_hand)
    assert "there is nothing to take" in by_hand.adopt("--yes").ok().stdout
    assert stack.preview("--expect-no-changes").changes == {}
    stack.destroy().ok()
    assert install.objects() == others
    # What the record led to before is gone with the release.
    assert set(install.records()) == before - {f"*.{install.host} A"}


@pytest.mark.slow
def test_an_alias_in_the_zone_of_another_account_is_taken_by_the_role_for_it(by_hand: Adopted) -> None:
    install, stack = by_hand.install, by_hand.stack
    install.kubectl("apply", "-f", "-", stdin=json.dumps(_own_ingress(install, "connect-proxy")))
    balancer = install.load_balancer(_hostname(install, "connect-proxy"))
    _without_rule_in_platforms_ingress(install)
    route53, name = route53_of_the_other_account(install), f"*.{install.host}"
    zone = route53.create_hosted_zone(Name=install.host, CallerReference=install.host)["HostedZone"]["Id"]
    old = install.records()[f"{name} A"]
    target = {"DNSName": balancer["DNSName"], "HostedZoneId": balancer["CanonicalHostedZoneId"]}
    alias = {**old, "AliasTarget": {**target, "EvaluateTargetHealth": False}}
    for client, zone_id, action, record in (
        (install.client("route53"), install.zone_id, "DELETE", old),
        (route53, zone, "CREATE", alias),
    ):
        change = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=change)
    before = install.objects()
    stack.set(hostedZone=None, hostedZoneRoleArn=EDITOR)

    shown = by_hand.adopt()
    assert shown.code == 1
    assert f"{'record of the sessions':<28}  taken" in shown.stdout
    for moment in ("stack import", "refresh"):
        assert by_hand.adopt("--yes", killed_at=moment).code < 0
    by_hand.adopt("--yes").ok()
    changes = stack.preview().changes
    assert not {"studios-ingress-ingress", "studios-record-alias"} & {k for k, v in changes.items() if v == "create"}
    stack.up().ok()
    (record,) = records_in(route53, zone).values()
    assert record["AliasTarget"]["DNSName"].rstrip(".").lower() == balancer["DNSName"].lower()
    assert _hostname(install, "connect-proxy") == balancer["DNSName"].lower()
    assert stack.preview("--expect-no-changes").changes == {}

    stack.destroy().ok()
    assert records_in(route53, zone) == {}
    taken = {f"{kind}/connect-proxy" for kind in ("Deployment", "Service", "Ingress")}
    taken |= {f"{kind}/connect-server" for kind in ("StatefulSet", "Service")}
    assert install.objects() == {name: each for name, each in before.items() if name not in taken}


def _make_cname(install: Install) -> None:
    """The record as many make it: a CNAME to the load balancer."""
    name = f"*.{install.host}"
    alias = install.records()[f"{name} A"]
    values = [{"Value": alias["AliasTarget"]["DNSName"]}]
    cname = {"Name": name, "Type": "CNAME", "TTL": 60, "ResourceRecords": values}
    changes = [{"Action": "DELETE", "ResourceRecordSet": alias}, {"Action": "CREATE", "ResourceRecordSet": cname}]
    install.client("route53").change_resource_record_sets(
        HostedZoneId=install.zone_id, ChangeBatch={"Changes": changes}
    )
