"""A Studios as people really have it: other places for variables, key and route, and what can't be taken."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from live.api import ClusterApi
from pipeline.adopt.found import NothingToAdoptError, find_studios
from pipeline.adopt.plan import LEFT, TAKEN, plan_of
from settings.errors import SettingsError
from settings.parsing import parse_settings
from testbed.platform.shapes import HAND_MADE_TOKEN, Objects
from tests.unit.survey.conftest import FakeApi

from .conftest import ARN, VALUES, served
from .test_plan import planned, with_an_ingress_of_its_own

CLASSES = "/apis/networking.k8s.io/v1/ingressclasses"
ALB = "alb.ingress.kubernetes.io/"
IN_PLACE = ("Deployment/connect-proxy", "Service/connect-proxy", "Service/connect-server")
BESIDE = ("Deployment/connect-proxy", "Service/connect-proxy", "StatefulSet/connect-server", "Service/connect-server")


def container(objects: Objects) -> dict[str, Any]:
    found: dict[str, Any] = objects["Deployment/connect-proxy"]["spec"]["template"]["spec"]["containers"][0]
    return found


def set_variable(objects: Objects, name: str, value: str) -> None:
    env = container(objects)["env"]
    env[:] = [*(each for each in env if each["name"] != name), {"name": name, "value": value}]


def volumes_of_the_key(objects: Objects) -> list[dict[str, Any]]:
    pods = [objects[f"Deployment/{name}"]["spec"]["template"]["spec"] for name in ("backend", "cron")]
    return [volume for pod in pods for volume in pod["volumes"] if volume["name"] == "cert-volume"]


def in_a_config_map(objects: Objects) -> None:
    data = {each["name"]: each["value"] for each in container(objects).pop("env")}
    objects["ConfigMap/proxy"] = {"kind": "ConfigMap", "metadata": {"name": "proxy"}, "data": data}
    container(objects)["envFrom"] = [{"configMapRef": {"name": "proxy"}}]


def in_a_secret(objects: Objects) -> None:
    data = {each["name"]: base64.b64encode(each["value"].encode()).decode() for each in container(objects).pop("env")}
    objects["Secret/proxy"] = {"kind": "Secret", "metadata": {"name": "proxy"}, "data": data}
    container(objects)["envFrom"] = [{"secretRef": {"name": "proxy"}}]


def beside_a_sidecar(objects: Objects) -> None:
    address = {"fieldRef": {"fieldPath": "status.podIP"}}
    sidecar = {"name": "istio-proxy", "image": "istio/proxyv2:1.2", "env": [{"name": "IP", "valueFrom": address}]}
    objects["Deployment/connect-proxy"]["spec"]["template"]["spec"]["containers"].insert(0, sidecar)


@pytest.mark.parametrize("change", [in_a_config_map, in_a_secret, beside_a_sidecar])
def test_variables_are_found_wherever_they_come_from(
    api: FakeApi, objects: Objects, change: Callable[[Objects], None]
) -> None:
    change(objects)
    plan = planned(api, objects)
    assert (plan.objects, plan.keeps_token) == (IN_PLACE, True)
    assert plan.settings["connectUrl"] == "https://connect.example.com"
    assert HAND_MADE_TOKEN not in repr(plan)


def test_a_server_that_is_a_deployment_gets_a_neighbour(api: FakeApi, objects: Objects) -> None:
    server = objects.pop("StatefulSet/connect-server")
    objects["Deployment/connect-server"] = {**server, "kind": "Deployment"}
    plan = planned(api, objects)
    assert plan.settings["serverName"] == "studios-server"
    assert plan.old == ("Deployment/connect-server", "Service/connect-server")


def refused(api: FakeApi, objects: Objects) -> str:
    with pytest.raises(SettingsError) as caught:
        planned(api, objects)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CONNECT_REDIS_DB", "one", 'redisDatabase: "one" must be a whole number'),
        ("CONNECT_REDIS_DB", "$(DB)", 'redisDatabase: "$(DB)" must be a whole number'),
        ("CONNECT_PROXY_URL", "http://connect.example.com", "is not https; write https://connect.example.com"),
        ("CONNECT_PROXY_URL", "https://$(HOST)", "must be a domain name"),
    ],
)
def test_a_value_that_is_no_setting_is_named_with_its_setting(
    api: FakeApi, objects: Objects, name: str, value: str, said: str
) -> None:
    set_variable(objects, name, value)
    assert said in refused(api, objects)


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        ("group.order", "x", 'loadBalancerGroupOrder: "x" must be a whole number'),
        ("load-balancer-attributes", "idle_timeout.timeout_seconds=long", 'idleTimeout: "long" must be a whole number'),
        ("scheme", "public", 'loadBalancerScheme: "public" is not one of the words it can be'),
    ],
)
def test_an_annotation_that_is_no_setting_is_named_with_its_setting(
    api: FakeApi, objects: Objects, annotation: str, value: str, said: str
) -> None:
    with_an_ingress_of_its_own(objects, **{f"{ALB}group.name": "shared", f"{ALB}{annotation}": value})
    assert said in refused(api, objects)


def test_a_tower_yml_that_is_not_valid_is_told_before_anything_is_written(api: FakeApi, objects: Objects) -> None:
    # Nothing else tells which workspaces have Studios.
    objects["ConfigMap/tower-yml"]["data"]["tower.yml"] = "tower: ["
    assert 'towerYmlKey: "tower.yml" in ConfigMap tower-yml is not valid YAML' in refused(api, objects)


def by_projection(objects: Objects) -> None:
    for volume in volumes_of_the_key(objects):
        volume["projected"] = {"sources": [{"secret": {"name": volume.pop("secret")["secretName"]}}]}


def by_a_path_in_the_volume(objects: Objects) -> None:
    for name in ("backend", "cron"):
        for mount in objects[f"Deployment/{name}"]["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]:
            if mount["name"] == "cert-volume":
                mount.update(mountPath="/data/certs/oidc.pem", subPath="oidc.pem")


@pytest.mark.parametrize("change", [by_projection, by_a_path_in_the_volume])
def test_the_key_is_found_however_it_is_mounted(
    api: FakeApi, objects: Objects, change: Callable[[Objects], None]
) -> None:
    change(objects)
    assert planned(api, objects).settings["existingOidcSecret"] == "platform-oidc-certs"


def test_the_key_is_found_under_another_name(api: FakeApi, objects: Objects) -> None:
    data = objects["Secret/platform-oidc-certs"]["data"]
    data["private.pem"] = data.pop("oidc.pem")
    for volume in volumes_of_the_key(objects):
        volume["secret"]["items"] = [{"key": "private.pem", "path": "oidc.pem"}]
    assert planned(api, objects).settings["existingOidcSecretKey"] == "private.pem"


def test_a_key_that_is_in_no_secret_is_not_replaced_by_a_new_one(api: FakeApi, objects: Objects) -> None:
    for volume in volumes_of_the_key(objects):
        del volume["secret"]
        volume["hostPath"] = {"path": "/etc/studios"}
    with pytest.raises(NothingToAdoptError, match="where no Secret that it mounts has one"):
        planned(api, objects)
    assert "existingOidcSecret" not in planned(api, objects, existingOidcSecret="ours").settings


def test_an_ingress_of_another_controller_goes_on_with_its_own_certificate(api: FakeApi, objects: Objects) -> None:
    with_an_ingress_of_its_own(objects)
    own = objects["Ingress/studios"]
    own["metadata"]["annotations"] = {"nginx.ingress.kubernetes.io/proxy-read-timeout": "3600"}
    own["spec"] |= {"ingressClassName": "nginx", "tls": [{"secretName": "studios-tls"}]}
    plan = planned(api, objects)
    assert plan.objects == IN_PLACE
    assert {"ingress": "none", "certificate": "none", "hostedZone": None}.items() <= plan.settings.items()
    assert ("rule in Ingress/studios", LEFT) in {(row.what, row.fate) for row in plan.rows}


def test_who_may_not_read_classes_tells_controllers_apart_by_annotations(api: FakeApi, objects: Objects) -> None:
    with_an_ingress_of_its_own(objects)
    api.refusals["/apis/networking.k8s.io/v1/ingressclasses/alb"] = (403, "forbidden")
    assert "Ingress/studios" in planned(api, objects).objects
    objects["Ingress/studios"]["metadata"]["annotations"] = {}
    assert "Ingress/studios" not in planned(api, objects).objects


@pytest.mark.parametrize("annotated", [True, False])
def test_the_class_of_the_ingress_stays(api: FakeApi, objects: Objects, annotated: bool) -> None:
    with_an_ingress_of_its_own(objects)
    own = objects["Ingress/studios"]
    del own["spec"]["ingressClassName"]
    if annotated:
        own["metadata"]["annotations"]["kubernetes.io/ingress.class"] = "auto"
    else:
        own["spec"]["ingressClassName"] = "auto"
    assert planned(api, objects).settings["ingressClass"] == "auto"


def test_what_the_class_decides_is_written_as_it_is(api: FakeApi, objects: Objects) -> None:
    with_an_ingress_of_its_own(objects, **{f"{ALB}scheme": "internet-facing"})
    objects["Ingress/studios"]["spec"]["ingressClassName"] = "auto"
    served(api, objects)
    (auto,) = (each for each in api.lists[CLASSES] if each["metadata"]["name"] == "auto")
    auto["spec"]["parameters"] = {"apiGroup": "eks.amazonaws.com", "kind": "IngressClassParams", "name": "auto"}
    timeout = {"key": "idle_timeout.timeout_seconds", "value": "600"}
    spec = {"scheme": "internal", "group": {"name": "acme"}, "loadBalancerAttributes": [timeout]}
    params = {"metadata": {"name": "auto"}, "spec": spec}
    api.lists["/apis/eks.amazonaws.com/v1/ingressclassparams"] = [params]
    found = find_studios(ClusterApi(api.access), parse_settings(VALUES), "prod")
    plan = plan_of(found, VALUES, set(), "prod")
    expected = {"ingressClass": "auto", "loadBalancerScheme": "internal", "loadBalancerGroup": "acme"}
    assert {**expected, "idleTimeout": 600}.items() <= plan.settings.items()
    assert "Ingress/studios" in plan.objects


@pytest.mark.parametrize(
    ("hostname", "scheme"),
    [
        ("", "internal"),
        ("internal-k8s-x.us-east-1.elb.amazonaws.com", "internal"),
        ("k8s-x.us-east-1.elb.amazonaws.com", "internet-facing"),
    ],
)
def test_a_scheme_that_the_ingress_does_not_say_is_that_of_its_load_balancer(
    api: FakeApi, objects: Objects, hostname: str, scheme: str
) -> None:
    with_an_ingress_of_its_own(objects)
    own = objects["Ingress/studios"]
    own["metadata"]["annotations"].pop(f"{ALB}scheme", None)
    own["status"] = {"loadBalancer": {"ingress": [{"hostname": hostname}] if hostname else []}}
    # That of the program needs no writing.
    assert planned(api, objects).settings.get("loadBalancerScheme", "internet-facing") == scheme


def test_an_ingress_with_nothing_but_a_default_backend_is_the_studios_own(api: FakeApi, objects: Objects) -> None:
    with_an_ingress_of_its_own(objects)
    service = {"name": "connect-proxy", "port": {"number": 80}}
    objects["Ingress/studios"]["spec"] = {"ingressClassName": "alb", "defaultBackend": {"service": service}}
    assert "Ingress/studios" in planned(api, objects).objects


def test_what_guards_and_names_the_load_balancer_stays(api: FakeApi, objects: Objects) -> None:
    carried = {
        f"{ALB}inbound-cidrs": "10.0.0.0/8",
        f"{ALB}security-groups": "sg-0123456789abcdef0",
        f"{ALB}load-balancer-name": "studios",
        f"{ALB}wafv2-acl-arn": "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/b",
    }
    of_tools = {"kubectl.kubernetes.io/last-applied-configuration": "{}", f"{ALB}listen-ports": '[{"HTTPS":443}]'}
    with_an_ingress_of_its_own(objects, **carried, **of_tools, **{f"{ALB}ip-address-type": "dualstack"})
    plan = planned(api, objects)
    assert plan.settings["ingressAnnotations"] == carried
    assert plan.settings["ipAddressType"] == "dualstack"
    given = {f"{ALB}inbound-cidrs": "10.1.0.0/16"}
    assert planned(api, objects, ingressAnnotations=given).settings["ingressAnnotations"] == carried | given


@pytest.mark.parametrize(
    ("marks", "keeper"),
    [
        ({"argocd.argoproj.io/tracking-id": "seqera:apps/Deployment:a/b"}, "the Application seqera of Argo CD"),
        ({"kustomize.toolkit.fluxcd.io/name": "apps"}, "the Kustomization apps of Flux"),
        (
            {"helm.toolkit.fluxcd.io/name": "studios", "meta.helm.sh/release-name": "studios"},
            "the HelmRelease studios of Flux",
        ),
        ({"meta.helm.sh/release-name": "studios"}, "the Helm release studios"),
    ],
)
def test_what_a_tool_would_put_back_is_left_to_it_and_made_beside_it(
    api: FakeApi, objects: Objects, marks: dict[str, str], keeper: str
) -> None:
    for name in ("Deployment/connect-proxy", "StatefulSet/connect-server"):
        objects[name]["metadata"].setdefault("annotations", {}).update(marks)
    plan = planned(api, objects)
    assert (plan.objects, plan.old) == ((), BESIDE)
    assert plan.settings["sessionRecord"] == "takeOver"
    hows = [row.how for row in plan.rows if row.what.startswith(("Deployment/", "StatefulSet/"))]
    assert [how.partition(";")[0] for how in hows] == [f"belongs to {keeper}"] * 2


def test_certificates_after_the_first_are_for_other_hosts(api: FakeApi, objects: Objects) -> None:
    with_an_ingress_of_its_own(objects, **{f"{ALB}certificate-arn": f"{ARN}, {ARN.replace('1234567', '7654321')}"})
    plan = planned(api, objects)
    assert plan.settings["certificateArn"] == ARN
    assert ("Ingress/studios", TAKEN) in {(row.what, row.fate) for row in plan.rows}
