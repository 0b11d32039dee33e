"""The names of Platform's objects, as the stack's file has them or as the install decides them."""

from __future__ import annotations

import pytest

from settings.errors import SettingsError
from testbed.platform.shapes import Objects
from tests.unit.survey.conftest import FakeApi

from .conftest import VALUES
from .test_plan import planned

#: What the engine hands over where the stack's file has nothing.
NAMELESS = "platform-backend-cfg"


def renamed(objects: Objects) -> None:
    for name in ("backend", "cron"):
        objects[f"Deployment/{name}"]["metadata"]["name"] = f"acme-{name}"


def test_the_config_map_that_backend_reads_needs_no_line_in_the_stack_file(api: FakeApi, objects: Objects) -> None:
    named = planned(api, objects)
    objects["ConfigMap/tower-backend-cfg"]["data"]["TOWER_DATA_STUDIO_CONNECT_URL"] += "/"
    plan = planned(api, objects, backendConfigMap=NAMELESS)
    assert plan.settings == {**named.settings, "takeOver": ["ConfigMap/tower-backend-cfg"]}


def test_the_only_container_needs_no_line_in_the_stack_file_and_its_key_is_kept(api: FakeApi, objects: Objects) -> None:
    for name in ("backend", "cron"):
        objects[f"Deployment/{name}"]["spec"]["template"]["spec"]["containers"][0]["name"] = "tower"
    plan = planned(api, objects)
    assert plan.settings["existingOidcSecret"] == "platform-oidc-certs"


def test_deployments_that_are_called_otherwise_are_asked_for_all_at_once(api: FakeApi, objects: Objects) -> None:
    renamed(objects)
    with pytest.raises(SettingsError) as caught:
        planned(api, objects, backendConfigMap="acme-cfg", towerYmlConfigMap="acme-yml")
    deployments = "is not a Deployment in namespace platform-stage; there are acme-backend, acme-cron, "
    said = str(caught.value).splitlines()
    assert said[0] == "4 settings need a change:"
    assert f'seqera-studios:backendDeployment: "backend" {deployments}' in said[1]
    assert said[1].endswith("write the right one in backendDeployment")
    assert f'seqera-studios:cronDeployment: "cron" {deployments}' in said[2]
    assert 'seqera-studios:backendConfigMap: "acme-cfg" is not a ConfigMap in namespace platform-stage' in said[3]
    assert 'seqera-studios:towerYmlConfigMap: "acme-yml" is not a ConfigMap in namespace platform-stage' in said[4]
    named = {"backendDeployment": "acme-backend", "cronDeployment": "acme-cron"}
    assert planned(api, objects, **named).settings["existingOidcSecret"] == "platform-oidc-certs"


def test_one_container_of_several_is_asked_for(api: FakeApi, objects: Objects) -> None:
    containers = objects["Deployment/backend"]["spec"]["template"]["spec"]["containers"]
    containers[0]["name"] = "tower"
    containers.append({"name": "logs", "image": "fluent-bit:3"})
    with pytest.raises(SettingsError) as caught:
        planned(api, objects)
    assert (
        'backendContainer: "backend" is not a container of Deployment backend; there are logs, tower: '
        "write the right one in backendContainer" in str(caught.value)
    )


def test_a_prefix_of_redis_is_kept_where_the_engine_hands_over_its_default(api: FakeApi, objects: Objects) -> None:
    env = objects["Deployment/connect-proxy"]["spec"]["template"]["spec"]["containers"][0]["env"]
    env.append({"name": "CONNECT_REDIS_PREFIX", "value": "acme:session"})
    assert planned(api, objects, redisPrefix="connect:session").settings["redisPrefix"] == "acme:session"
    assert "redisPrefix" not in planned(api, objects, redisPrefix="ours:session").settings
    assert "redisPrefix" not in VALUES
