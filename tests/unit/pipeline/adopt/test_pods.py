"""The pods of an existing Studios: their images, their place in the cluster and their variables."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.adopt.plan import Row
from testbed.platform.shapes import Objects
from tests.unit.survey.conftest import FakeApi

from .test_plan import HELM, planned

MIRROR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/studios"
PROXY, SERVER = "Deployment/connect-proxy", "StatefulSet/connect-server"


def pod(objects: Objects, name: str) -> dict[str, Any]:
    found: dict[str, Any] = objects[name]["spec"]["template"]["spec"]
    return found


def add_variable(objects: Objects, **entry: Any) -> None:
    pod(objects, PROXY)["containers"][0].setdefault("env", []).append(entry)


def rows(api: FakeApi, objects: Objects) -> list[Row]:
    return [row for row in planned(api, objects).rows if row.what.startswith("pods of ")]


def test_a_studios_of_the_guide_loses_nothing(api: FakeApi, objects: Objects) -> None:
    plan = planned(api, objects)
    kept = {"proxyImage", "serverImage", "imagePullSecrets", "nodeSelector", "proxyExtraEnv", "serverExtraEnv"}
    assert not kept & plan.settings.keys()
    assert rows(api, objects) == []


@pytest.mark.parametrize(
    ("tag", "proxy", "server"),
    [
        (":0.8.2", f"{MIRROR}/proxy", f"{MIRROR}/server"),
        (":v0.8.2", f"{MIRROR}/proxy:v0.8.2", f"{MIRROR}/server:v0.8.2"),
        (f"@sha256:{'a' * 64}", f"{MIRROR}/proxy@sha256:{'a' * 64}", f"{MIRROR}/server@sha256:{'a' * 64}"),
    ],
)
def test_the_images_of_a_mirror_stay(api: FakeApi, objects: Objects, tag: str, proxy: str, server: str) -> None:
    for name, image in ((PROXY, "proxy"), (SERVER, "server")):
        pod(objects, name)["containers"][0]["image"] = f"{MIRROR}/{image}{tag}"
    plan = planned(api, objects)
    assert (plan.settings["proxyImage"], plan.settings["serverImage"]) == (proxy, server)
    given = planned(api, objects, proxyImage="registry.example.com/proxy").settings
    assert "proxyImage" not in given


def test_pull_secrets_and_the_place_in_the_cluster_stay(api: FakeApi, objects: Objects) -> None:
    of_pods: dict[str, Any] = {
        "tolerations": [{"key": "workload", "operator": "Exists"}],
        "nodeSelector": {"workload": "studios"},
        "priorityClassName": "acme-high",
    }
    for name in (PROXY, SERVER):
        pod(objects, name).update(of_pods, imagePullSecrets=[{"name": "ecr"}], serviceAccountName="studios")
    settings = planned(api, objects).settings
    expected = {**of_pods, "imagePullSecrets": ["ecr"], "serviceAccount": "studios"}
    assert {key: settings.get(key) for key in expected} == expected
    assert rows(api, objects) == []


def test_variables_that_are_no_settings_stay_unless_they_may_be_secret(api: FakeApi, objects: Objects) -> None:
    add_variable(objects, name="HTTPS_PROXY", value="http://proxy.example.com:3128")
    add_variable(objects, name="HTTP_PROXY", value="http://user:geheim@proxy.example.com:3128")
    add_variable(objects, name="ACME_TOKEN", value="geheim")
    plan = planned(api, objects)
    assert plan.settings["proxyExtraEnv"] == {"HTTPS_PROXY": "http://proxy.example.com:3128"}
    assert "geheim" not in repr(plan)
    told = "(secret or not known; proxyExtraEnv)"
    how = f"not kept: HTTP_PROXY {told}, ACME_TOKEN {told}"
    assert rows(api, objects) == [Row("pods of connect-proxy", "replaced", how)]


def test_a_service_account_of_a_release_is_not_kept_beyond_it(api: FakeApi, objects: Objects) -> None:
    for name in (PROXY, SERVER):
        objects[name]["metadata"]["annotations"] = HELM
        pod(objects, name)["serviceAccountName"] = "studios"
    assert "serviceAccount" not in planned(api, objects).settings
    how = "not kept: serviceAccountName (serviceAccount)"
    assert rows(api, objects) == [Row(f"pods of connect-{each}", "replaced", how) for each in ("proxy", "server")]


def test_what_no_setting_keeps_is_named_in_the_table(api: FakeApi, objects: Objects) -> None:
    pod(objects, PROXY)["nodeSelector"] = {"workload": "edge"}
    pod(objects, PROXY)["hostAliases"] = [{"ip": "10.0.0.1", "hostnames": ["platform"]}]
    pod(objects, PROXY)["containers"].append({"name": "logs", "image": "fluent-bit:3"})
    container = pod(objects, PROXY)["containers"][0]
    container.setdefault("volumeMounts", []).append({"name": "ca", "mountPath": "/etc/ca"})
    add_variable(objects, name="CONNECT_SSH_ENABLED", value="true")
    how = (
        "not kept: nodeSelector (nodeSelector), hostAliases, container logs, mounts at /etc/ca (extraVolumes, "
        "extraMounts), CONNECT_SSH_ENABLED (ssh)"
    )
    assert rows(api, objects)[0] == Row("pods of connect-proxy", "replaced", how)
