"""What becomes of each part of a Studios that exists: taken in place, left to its owner, or made beside it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pipeline.adopt.found import NothingToAdoptError
from pipeline.adopt.plan import Plan, plan_of
from pipeline.adopt.table import settings_lines, table
from testbed.platform.shapes import HAND_MADE_TOKEN, Objects
from tests.unit.survey.conftest import FakeApi

from .conftest import ARN, VALUES, found_in

HELM = {"meta.helm.sh/release-name": "studios", "meta.helm.sh/release-namespace": "platform-stage"}


def planned(api: FakeApi, objects: Objects, **values: Any) -> Plan:
    return plan_of(found_in(api, objects, **values), {**VALUES, **values}, set(), "prod")


def with_an_ingress_of_its_own(objects: Objects, **annotations: str) -> None:
    front = objects["Ingress/front-ingress"]
    rule = front["spec"]["rules"].pop()
    own = copy.deepcopy(front)
    own["metadata"] = {"name": "studios", "annotations": {**front["metadata"]["annotations"], **annotations}}
    own["spec"]["rules"] = [rule]
    objects["Ingress/studios"] = own


def test_what_the_guide_makes_is_taken_in_place_with_its_token_key_and_redis(api: FakeApi, objects: Objects) -> None:
    plan = planned(api, objects)
    assert plan.objects == ("Deployment/connect-proxy", "Service/connect-proxy", "Service/connect-server")
    assert plan.remade == "connect-server"
    assert plan.old == ()
    assert plan.keeps_token
    expected = {
        "connectUrl": "https://connect.example.com",
        "connectVersion": "0.8.2",
        "existingOidcSecret": "platform-oidc-certs",
        "redisDatabase": 0,
        "certificateArn": ARN,
    }
    assert expected.items() <= plan.settings.items()
    assert "takeOver" not in plan.settings


def test_a_rule_in_platforms_ingress_stays_so_that_there_is_no_second_load_balancer(
    api: FakeApi, objects: Objects
) -> None:
    plan = planned(api, objects)
    assert plan.settings["ingress"] == "none"
    assert plan.settings["hostedZone"] is None


def test_a_server_that_needs_no_other_policy_is_taken_as_it_is(api: FakeApi, objects: Objects) -> None:
    objects["StatefulSet/connect-server"]["spec"]["podManagementPolicy"] = "Parallel"
    plan = planned(api, objects)
    assert "StatefulSet/connect-server" in plan.objects
    assert plan.remade is None


def test_an_ingress_of_studios_alone_is_taken_with_its_load_balancer(api: FakeApi, objects: Objects) -> None:
    group = {"alb.ingress.kubernetes.io/group.name": "shared", "alb.ingress.kubernetes.io/group.order": "7"}
    with_an_ingress_of_its_own(objects, **group)
    plan = planned(api, objects)
    assert "Ingress/studios" in plan.objects
    expected = {
        "ingressName": "studios",
        "loadBalancerGroup": "shared",
        "loadBalancerGroupOrder": 7,
        "loadBalancerAttributes": {
            "routing.http2.enabled": "false",
            "access_logs.s3.enabled": "true",
            "access_logs.s3.bucket": "example-com-access-logs",
            "access_logs.s3.prefix": "seqera-platform",
        },
    }
    assert {key: plan.settings[key] for key in expected} == expected


def test_what_belongs_to_a_helm_release_is_left_to_it_and_made_beside_it(api: FakeApi, objects: Objects) -> None:
    with_an_ingress_of_its_own(objects)
    for kind, old in (("Deployment", "connect-proxy"), ("StatefulSet", "connect-server")):
        found = objects[f"{kind}/{old}"]
        found["metadata"] |= {"name": f"studios-{old[8:]}", "annotations": HELM}
        service = objects[f"Service/{old}"]
        service["metadata"]["name"] = f"studios-{old[8:]}"
    objects["Ingress/studios"]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] = "studios-proxy"
    plan = planned(api, objects)
    assert plan.objects == ()
    # The token of Platform's ConfigMap goes on in a Secret, which nothing in the cluster says before.
    assert plan.settings["takeOver"] == ["Deployment/cron", "Deployment/backend"]
    assert plan.old == (
        *("Deployment/studios-proxy", "Service/studios-proxy"),
        *("StatefulSet/studios-server", "Service/studios-server"),
        "Ingress/studios",
    )
    assert plan.settings["sessionRecord"] == "takeOver"
    # The default names are free.
    assert not {"proxyName", "serverName", "ingressName"} & plan.settings.keys()


@pytest.mark.parametrize("has_ingress", [True, False])
def test_a_record_that_is_no_alias_stays_with_its_load_balancer_or_is_taken_over(
    api: FakeApi, objects: Objects, has_ingress: bool
) -> None:
    if has_ingress:
        with_an_ingress_of_its_own(objects)
    else:
        objects["Deployment/connect-proxy"]["spec"]["selector"]["matchLabels"]["tier"] = "edge"
    plan = plan_of(found_in(api, objects), VALUES, set(), "prod", "other")
    assert plan.settings["sessionRecord"] == ("existing" if has_ingress else "takeOver")


def test_another_selector_can_not_be_taken_and_the_name_is_another_one(api: FakeApi, objects: Objects) -> None:
    objects["Deployment/connect-proxy"]["spec"]["selector"]["matchLabels"] = {"app": "connect-proxy", "tier": "edge"}
    plan = planned(api, objects)
    assert plan.settings["proxyName"] == "studios-proxy"
    assert plan.old == ("Deployment/connect-proxy", "Service/connect-proxy")
    assert plan.objects == ("Service/connect-server",)


def test_a_token_in_a_secret_stays_there(api: FakeApi, objects: Objects) -> None:
    objects["Secret/tokens"] = {
        "kind": "Secret",
        "metadata": {"name": "tokens"},
        "data": {"OIDC": "dG9rZW4tb2YtYS1jaGFydA==", "other": "eA=="},
    }
    (variable,) = (
        each
        for each in objects["Deployment/connect-proxy"]["spec"]["template"]["spec"]["containers"][0]["env"]
        if "TOKEN" in each["name"]
    )
    del variable["value"]
    variable["valueFrom"] = {"secretKeyRef": {"name": "tokens", "key": "OIDC"}}
    plan = planned(api, objects)
    assert not plan.keeps_token
    assert plan.settings["existingTokenSecret"] == "tokens"
    assert plan.settings["existingTokenSecretKey"] == "OIDC"


def test_the_redis_that_needs_a_password_is_reached_with_it(api: FakeApi, objects: Objects) -> None:
    env = objects["Deployment/connect-proxy"]["spec"]["template"]["spec"]["containers"][0]["env"]
    env += [{"name": "CONNECT_REDIS_TLS_ENABLE", "value": "true"}, {"name": "CONNECT_REDIS_USER", "value": "studios"}]
    reference = {"name": "cr.seqera.io", "key": ".dockerconfigjson"}
    in_secret = {"name": "CONNECT_REDIS_PASSWORD", "valueFrom": {"secretKeyRef": reference}}
    env.append(in_secret)
    plan = planned(api, objects)
    assert {"redisTls": True, "redisUser": "studios"}.items() <= plan.settings.items()
    assert plan.settings["redisPasswordSecret"] == reference
    assert plan.redis_password is None
    env[env.index(in_secret)] = {"name": "CONNECT_REDIS_PASSWORD", "value": "geheim"}
    plan = planned(api, objects)
    assert plan.redis_password == "geheim"
    assert "geheim" not in repr(plan)


def test_values_of_platforms_that_differ_are_listed_for_the_user(api: FakeApi, objects: Objects) -> None:
    objects["ConfigMap/tower-backend-cfg"]["data"]["TOWER_DATA_STUDIO_CONNECT_URL"] += "/"
    plan = planned(api, objects)
    assert plan.settings["takeOver"] == ["ConfigMap/tower-backend-cfg"]


def test_templates_and_workspaces_of_platform_become_settings(api: FakeApi, objects: Objects) -> None:
    objects["ConfigMap/tower-backend-cfg"]["data"] |= {
        "TOWER_DATA_STUDIO_TEMPLATES_LAB_REPOSITORY": "registry.example.com/lab:1.0-0.8",
        "TOWER_DATA_STUDIO_TEMPLATES_LAB_TOOL": "jupyter",
        "TOWER_DATA_STUDIO_TEMPLATES_LAB_ICON": "jupyter",
        "TOWER_DATA_STUDIO_TEMPLATES_LAB_STATUS": "recommended",
        "TOWER_DATA_STUDIO_TEMPLATES_LAB_PORT": "8080",
    }
    data = objects["ConfigMap/tower-yml"]["data"]
    data["tower.yml"] = data["tower.yml"].replace("allowed-workspaces: null", "allowed-workspaces: [7, 8]")
    plan = planned(api, objects)
    assert plan.settings["allowedWorkspaces"] == [7, 8]
    template = {"icon": "jupyter", "port": 8080, "repository": "registry.example.com/lab:1.0-0.8"}
    assert template.items() <= plan.settings["studioTemplates"]["LAB"].items()


def test_what_the_stack_file_says_is_not_written_over(api: FakeApi, objects: Objects) -> None:
    plan = planned(api, objects, connectVersion="0.9.0", allowedWorkspaces="none")
    assert not {"connectVersion", "allowedWorkspaces"} & plan.settings.keys()
    # The entry that Platform has is another one, then.
    assert plan.settings["takeOver"] == ["ConfigMap/tower-yml"]


def test_the_table_fits_into_80_columns_and_shows_no_token(api: FakeApi, objects: Objects) -> None:
    plan = planned(api, objects)
    lines = [*table(plan.rows), *settings_lines(plan.settings, "Pulumi.prod.yaml")]
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert HAND_MADE_TOKEN not in text
    assert "Deployment/connect-proxy      taken     proxy:0.8.2; its pods are replaced one\n" in text
    assert (
        "token in                      left      in plain text; remove it there once the\nConfigMap/tower-backend-cfg "
        in text
    )


def test_a_namespace_without_a_proxy_has_nothing_to_adopt(api: FakeApi, objects: Objects) -> None:
    del objects["Deployment/connect-proxy"]
    with pytest.raises(
        NothingToAdoptError, match="has no connect-proxy: no Deployment has the variable CONNECT_PROXY_URL"
    ):
        found_in(api, objects)


def test_two_proxies_are_told_apart_by_nobody_but_their_owner(api: FakeApi, objects: Objects) -> None:
    other = copy.deepcopy(objects["Deployment/connect-proxy"])
    other["metadata"]["name"] = "proxy-2"
    objects["Deployment/proxy-2"] = other
    with pytest.raises(NothingToAdoptError, match="has several connect-proxies: connect-proxy, proxy-2"):
        found_in(api, objects)


def test_a_proxy_without_a_token_has_none_to_keep(api: FakeApi, objects: Objects) -> None:
    container = objects["Deployment/connect-proxy"]["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [each for each in container["env"] if "TOKEN" not in each["name"]]
    with pytest.raises(NothingToAdoptError, match="has no CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"):
        found_in(api, objects)
