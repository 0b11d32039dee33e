"""Studios as a whole out of the package: one component in a program in YAML, from the first preview to the destroy."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from testbed import build
from tests.engine.conftest import NewInstall
from tests.engine.install import Install
from tests.engine.packaged import change_program, packaged_stack, plugin_in
from tests.engine.stack import Finished, Stack

pytestmark = pytest.mark.slow


@dataclass
class Life:
    """One stack of the example."""

    install: Install
    stack: Stack
    before: dict[str, object]
    certificates: dict[str, str]


@pytest.fixture(scope="module")
def life(
    environment: dict[str, str], new_install: NewInstall, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Life]:
    install = new_install("whole")
    plugin = plugin_in(tmp_path_factory.mktemp("package"))
    stack = packaged_stack(
        "studios-yaml",
        tmp_path_factory.mktemp("program"),
        plugin,
        install.namespace,
        {**environment, "PATH": os.pathsep.join([environment["PATH"], str(build.yaml_host().parent)])},
        {
            "aws:region": environment["AWS_REGION"],
            "studios-yaml:platformUrl": f"https://{install.host}",
            "studios-yaml:namespace": install.namespace,
            "studios-yaml:hostedZone": install.zone,
        },
    )
    yield Life(install, stack, install.objects(), install.certificates())
    stack.destroy()
    stack.remove()


# The tests of this file are steps of one life, in this order.


def test_wrong_arguments_are_refused_by_their_names_all_at_once_and_before_anything_is_made(life: Life) -> None:
    change_program(life.stack, "proxyReplicas: 2", "proxyReplicas: 0\n      cronDeployment: cron_1")
    preview, up = life.stack.preview_text(), life.stack.up()
    change_program(life.stack, "proxyReplicas: 0\n      cronDeployment: cron_1", "proxyReplicas: 2")
    for finished in (preview, up):
        assert finished.code != 0
        assert "proxyReplicas" in finished.text
        assert "0 is too small; write 1 or more" in finished.text
        assert "cronDeployment" in finished.text
        assert '"cron_1" must be a Kubernetes name' in finished.text
        assert "Traceback" not in finished.text
        assert "pulumi config set" not in finished.text
    assert life.install.objects() == life.before
    assert life.install.certificates() == life.certificates


def test_a_secret_argument_that_is_wrong_is_named_and_not_shown(life: Life) -> None:
    change_program(
        life.stack, "proxyReplicas: 2", 'proxyReplicas: 2\n      redisPassword:\n        fn::secret: "geheim\\nwort"'
    )
    finished = [life.stack.preview_text(), life.stack.up(), life.stack.pulumi("preview", "--json")]
    change_program(
        life.stack, 'proxyReplicas: 2\n      redisPassword:\n        fn::secret: "geheim\\nwort"', "proxyReplicas: 2"
    )
    for each in finished:
        assert each.code != 0
        assert "geheim" not in each.text
        assert "redisPassword: has a line break or a control character" in _joined(each)


def test_what_is_not_there_is_refused_in_the_preview_with_what_is(life: Life) -> None:
    change_program(life.stack, "backendConfigMap: tower-backend-cfg\n", "backendConfigMap: another-cfg\n")
    preview = life.stack.preview_text()
    change_program(life.stack, "backendConfigMap: another-cfg\n", "backendConfigMap: tower-backend-cfg\n")
    assert preview.code != 0
    assert "backendConfigMap" in preview.text
    assert "backend reads tower-backend-cfg; write: backendConfigMap: tower-backend-cfg" in _joined(preview)


def test_one_component_is_all_of_studios_and_a_preview_finds_nothing_to_do(life: Life) -> None:
    up = life.stack.up().ok()
    install, outputs = life.install, life.stack.outputs("--show-secrets")
    assert outputs["connectUrl"] == f"https://connect.{install.host}"
    assert outputs["studioTemplates"] == {
        "JUPYTER": {
            "repository": "public.cr.seqera.io/platform/data-studio-jupyter:4.2.5-0.9",
            "tool": "jupyter",
            "icon": "jupyter",
            "status": "recommended",
            "port": 8080,
        }
    }
    data = install.get("configmap", "tower-backend-cfg")["data"]
    assert data["TOWER_DATA_STUDIO_CONNECT_URL"] == outputs["connectUrl"]
    assert "allowed-workspaces: [101, 202]" in install.get("configmap", "tower-yml")["data"]["tower.yml"]
    assert [pod["status"]["phase"] for pod in install.pods("connect-proxy")] == ["Running", "Running"]
    assert f"*.{install.host} A" in install.records()
    token = outputs["registrationToken"]
    assert token not in up.text + life.stack.state() + json.dumps(life.stack.outputs())
    assert life.stack.preview("--expect-no-changes").changes == {}
    life.stack.refresh().ok()
    assert life.stack.preview("--expect-no-changes").changes == {}


def test_no_code_stands_in_the_state(life: Life) -> None:
    resources = json.loads(life.stack.state())["deployment"]["resources"]
    own = {each["type"] for each in resources if each["type"].startswith("studios:index:") and each.get("custom")}
    assert own == {f"studios:index:{name}" for name in ("PlatformAsFound", "PlatformEdits", "RsaKeyGuard")}
    assert [each["urn"] for each in resources if "__provider" in each.get("inputs", {})] == []


def test_a_change_of_an_argument_touches_what_it_must(life: Life) -> None:
    pods = life.install.pod_names("frontend", "connect-proxy")
    change_program(life.stack, "        - 202\n", "        - 303\n")
    assert life.stack.preview().changes == {
        "studios-platform-as-found": "update",
        "studios-platform-edits": "update",
    }
    life.stack.up().ok()
    assert "allowed-workspaces: [101, 303]" in life.install.get("configmap", "tower-yml")["data"]["tower.yml"]
    assert life.install.pod_names("frontend", "connect-proxy") == pods


def test_another_size_of_the_key_is_refused_in_the_words_of_the_package(life: Life) -> None:
    change_program(life.stack, "proxyReplicas: 2", "proxyReplicas: 2\n      rsaBits: 3072")
    preview = life.stack.preview_text()
    change_program(life.stack, "proxyReplicas: 2\n      rsaBits: 3072", "proxyReplicas: 2")
    assert preview.code != 0
    assert "rsaBits: 3072 would replace the RSA key in use, which has 2048 bits" in _joined(preview)
    assert "pulumi config set" not in preview.text
    assert "Traceback" not in preview.text


def test_what_the_owner_drops_is_seen_and_written_again(life: Life) -> None:
    life.install.kubectl(
        "patch", "configmap/tower-backend-cfg", "--type=json", "-p",
        '[{"op": "remove", "path": "/data/TOWER_DATA_STUDIO_CONNECT_URL"}]',
    )  # fmt: skip
    assert "studios-platform-edits" in life.stack.preview().changes
    life.stack.up().ok()
    assert "TOWER_DATA_STUDIO_CONNECT_URL" in life.install.get("configmap", "tower-backend-cfg")["data"]


def test_destroy_gives_everything_back(life: Life) -> None:
    life.stack.destroy().ok()
    assert life.install.objects() == life.before
    assert life.install.certificates() == life.certificates
    assert life.stack.urns() == []


def _joined(finished: Finished) -> str:
    """What was printed, as one line: the engine breaks lines."""
    return " ".join(finished.text.split())
