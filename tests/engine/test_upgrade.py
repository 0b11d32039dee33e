"""A stack of an earlier release goes on with this one: nothing to change, and a destroy that restores everything."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed import lifecycle
from testbed.cluster import kubectl
from tests.engine.install import Install
from tests.engine.stack import Stack
from tests.upgrade.earlier import NAME, RELEASES, Earlier

#: What marks a secret in a state that is exported with its secrets.
SECRET = "4dabf18193072939515e22adb298388d"


@dataclass
class Upgraded:
    """A stack of an earlier release, imported, and what it is of, as that release left it."""

    earlier: Earlier
    install: Install
    stack: Stack
    certificate: str


@pytest.fixture(scope="module", params=RELEASES)
def upgraded(
    request: pytest.FixtureRequest, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    earlier, install = Earlier(request.param, "kubernetes"), Install(NAME, environment)
    # A run that was cut short may have left it behind.
    kubectl("delete", "namespace", NAME, "--ignore-not-found", "--timeout=60s")
    lifecycle.platform(NAME, install.host)
    certificate = install.wildcard_certificate()
    identities = {
        "namespace": json.loads(kubectl("get", "namespace", NAME, "-o", "json"))["metadata"]["uid"],
        "zone": install.zone_id.removeprefix("/hostedzone/"),
        "certificate": certificate,
        "kubeconfig": environment["KUBECONFIG"],
    }
    stack = imported(earlier, identities, environment, tmp_path_factory.mktemp("stack"))
    try:
        make_live(earlier, install, stack)
        # The load balancer came with the Ingress.
        import_state(stack, earlier.state({**identities, "balancer": hostname_of(install)}))
        make_record(install, stack)
        yield Upgraded(earlier, install, stack, certificate)
    finally:
        stack.destroy()
        stack.remove()
        install.remove()


def imported(earlier: Earlier, identities: dict[str, str], environment: dict[str, str], folder: Path) -> Stack:
    """The stack with its file and its state, in a backend that has never seen it."""
    stack = Stack(NAME, folder, environment)
    stack.link_program()
    stack.file.write_text(earlier.file(identities))
    stack.pulumi("stack", "init", NAME).ok()
    import_state(stack, earlier.state(identities))
    return stack


def import_state(stack: Stack, state: dict[str, Any]) -> None:
    """Imports a state, in a form that a Kubernetes provider reads also if it is older than the one that wrote it."""
    for resource in state["deployment"]["resources"]:
        if resource["type"].startswith("kubernetes:"):
            # Older ones compare with what they find here, newer ones with the inputs themselves.
            resource["outputs"]["__inputs"] = resource["inputs"]
    file = stack.folder / "state.json"
    file.write_text(json.dumps(state))
    stack.pulumi("stack", "import", "--stack", NAME, "--file", str(file)).ok()


def resources_of(stack: Stack) -> list[dict[str, Any]]:
    """The resources in the state, with their secrets."""
    exported = stack.pulumi("stack", "export", "--show-secrets", "--stack", NAME).ok().stdout
    found: list[dict[str, Any]] = json.loads(exported)["deployment"]["resources"]
    return found


def hostname_of(install: Install) -> str:
    """The load balancer's, once the controller has made it."""
    deadline = time.monotonic() + 60
    while not (balancers := install.get("ingress", "connect-ingress")["status"]["loadBalancer"].get("ingress")):
        assert time.monotonic() < deadline, "the Ingress got no load balancer"
        time.sleep(0.5)
    return str(balancers[0]["hostname"])


def make_live(earlier: Earlier, install: Install, stack: Stack) -> None:
    """Makes the objects that the state tells of: ours from their inputs, and Platform's as they were recorded."""
    for resource in resources_of(stack):
        if resource["type"].startswith("kubernetes:"):
            body = json.dumps(revealed(resource["inputs"]))
            kubectl("apply", "--server-side", "--field-manager=pulumi-kubernetes", "-f", "-", stdin=body)
    for target, live in earlier.platform("live").items():
        put_back(install, target, live)


def make_record(install: Install, stack: Stack) -> None:
    """Makes the record that the state tells of."""
    (alias,) = (each["inputs"] for each in resources_of(stack) if each["urn"].endswith("::studios-record-alias"))
    balancer = {
        "HostedZoneId": alias["aliases"][0]["zoneId"],
        "DNSName": alias["aliases"][0]["name"],
        "EvaluateTargetHealth": False,
    }
    record = {"Name": alias["name"], "Type": alias["type"], "AliasTarget": balancer}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    install.client("route53").change_resource_record_sets(HostedZoneId=install.zone_id, ChangeBatch=changes)


def revealed(value: Any) -> Any:
    """Inputs with their secrets in plain text."""
    if isinstance(value, dict):
        if SECRET in value:
            return json.loads(value["plaintext"])
        return {key: revealed(each) for key, each in value.items() if not key.startswith("__")}
    return [revealed(each) for each in value] if isinstance(value, list) else value


def put_back(install: Install, target: str, recorded: dict[str, Any]) -> None:
    """Gives an object the content and the owners that were recorded."""
    kept = ("uid", "resourceVersion", "creationTimestamp")
    now = install.get(*target.split("/"))["metadata"]
    metadata = {**recorded["metadata"], **{key: now[key] for key in kept}}
    body = {key: value for key, value in recorded.items() if key != "status"}
    install.kubectl("replace", "-f", "-", stdin=json.dumps({**body, "metadata": metadata}))
    owners = [{"op": "replace", "path": "/metadata/managedFields", "value": recorded["metadata"]["managedFields"]}]
    install.kubectl("patch", *target.split("/"), "--type=json", "-p", json.dumps(owners))


def content(live: dict[str, Any]) -> dict[str, Any]:
    """What an object holds, and the owner of each field, without what controllers write."""
    entries = [each for each in live["metadata"]["managedFields"] if not each.get("subresource")]
    owners = {
        (each["manager"], each["operation"]): entries_of(each["fieldsV1"])
        for each in entries
        if each["manager"] != "kube-controller-manager"
    }
    return {"data": live.get("data"), "spec": live.get("spec"), "owners": owners}


def entries_of(fields: dict[str, Any]) -> dict[str, Any]:
    """Owned fields without the owners of the maps around them: the edit of 1.0.0 has taken those out of its record."""
    return {name: entries_of(each) for name, each in fields.items() if name != "."}


#: The server's Service publishes pods that are not ready, and destroy drains the proxy beside the server.
NAMED = {"studios-server-service": "update", "studios-proxy-deployment": "update"}

# The tests of this file are steps of one life, in this order.


def test_a_preview_finds_what_the_changelog_names_and_nothing_else(upgraded: Upgraded) -> None:
    for target, recorded in upgraded.earlier.platform("live").items():
        assert content(upgraded.install.get(*target.split("/"))) == content(recorded), target
    assert upgraded.stack.preview().changes == NAMED


def test_the_earlier_providers_find_what_the_owner_has_dropped(upgraded: Upgraded) -> None:
    variable = "TOWER_DATA_STUDIO_CONNECT_URL"
    patch = [{"op": "remove", "path": f"/data/{variable}"}]
    upgraded.install.kubectl("patch", "configmap", "tower-backend-cfg", "--type=json", "-p", json.dumps(patch))
    try:
        changes = upgraded.stack.preview().changes
    finally:
        config_map = "configmap/tower-backend-cfg"
        put_back(upgraded.install, config_map, upgraded.earlier.platform("live")[config_map])
    assert changes == {**NAMED, "studios-platform-as-found": "update", "studios-platform-edits": "update"}


def test_destroy_gives_everything_back(upgraded: Upgraded) -> None:
    upgraded.stack.destroy().ok()
    install = upgraded.install
    for target, recorded in upgraded.earlier.platform("before").items():
        assert content(install.get(*target.split("/"))) == content(recorded), target
    labelled = ("-l", "app.kubernetes.io/part-of=seqera-studios", "-o", "name")
    kinds = "deployments,statefulsets,services,configmaps,secrets,ingresses,networkpolicies,poddisruptionbudgets"
    assert install.kubectl("get", kinds, *labelled) == ""
    assert upgraded.certificate not in install.certificates()
    assert f"*.{install.host} A" not in install.records()
    assert json.loads(upgraded.stack.state())["deployment"].get("resources", []) == []
