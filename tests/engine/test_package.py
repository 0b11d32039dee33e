"""The components as a package: its schema, and a program that uses them through their plugin."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from testbed import paths
from tests.engine.conftest import NewInstall
from tests.engine.install import Install
from tests.engine.stack import Stack, program_in

pytestmark = pytest.mark.slow

PACKAGE = paths.CHECKOUT / "package"
COMPONENTS = {
    "WildcardCertificate",
    "WildcardRecord",
    "OidcCredentials",
    "StudiosConfiguration",
    "ConnectProxy",
    "ConnectServer",
    "StudiosIngress",
    "StudiosNetworkPolicies",
}


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The plugin's folder, by links, to run on the checkout's virtualenv."""
    folder = tmp_path_factory.mktemp("package")
    for name, entry in program_in(PACKAGE).items():
        # What the virtualenv lacks would be installed into it: it lacks nothing.
        if name != "requirements.txt":
            (folder / name).symlink_to(entry)
    return folder


def test_every_component_and_every_argument_is_described(plugin: Any, environment: dict[str, str]) -> None:
    asked = Stack("none", plugin, environment).pulumi("package", "get-schema", str(plugin)).ok()
    schema = json.loads(asked.stdout)
    assert set(schema["resources"]) == {f"studios:index:{name}" for name in COMPONENTS}
    described = {**schema["resources"], **schema["types"]}
    undescribed = [
        f"{name}.{key}"
        for name, each in described.items()
        for group in ("inputProperties", "properties")
        for key, value in each.get(group, {}).items()
        if not value.get("description")
    ]
    assert undescribed == []
    assert all(each["description"] for each in described.values())


@pytest.fixture(scope="module")
def used(
    plugin: Any, environment: dict[str, str], new_install: NewInstall, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Install, Stack]]:
    install = new_install("package")
    program = program_in(paths.CHECKOUT / "examples" / "package")
    stack = Stack(
        install.namespace,
        tmp_path_factory.mktemp("used"),
        environment,
        {"studios-package:namespace": install.namespace, "studios-package:host": install.host},
        program=program,
    )
    stack.folder.mkdir(exist_ok=True)
    project = program.pop("Pulumi.yaml").read_text().replace("../../package", str(plugin))
    (stack.folder / "Pulumi.yaml").write_text(project)
    stack.create()
    yield install, stack
    stack.destroy()
    stack.remove()


def test_a_program_makes_components_through_the_plugin(used: tuple[Install, Stack]) -> None:
    install, stack = used
    up = stack.up().ok()
    outputs = stack.outputs("--show-secrets")
    assert outputs["tokenSecretName"] == "package-token"
    token = base64.b64decode(install.get("secret", "package-token")["data"]["token"]).decode()
    assert token == outputs["registrationToken"]
    assert install.get("configmap", "package-proxy")["data"] == {"PLATFORM_URL": f"https://{install.host}"}
    resources = json.loads(stack.state())["deployment"]["resources"]
    assert "studios:index:OidcCredentials$tls:index/privateKey:PrivateKey" in {
        each["urn"].split("::")[2] for each in resources
    }
    assert token not in up.text + stack.state() + json.dumps(stack.outputs())
    assert stack.preview("--expect-no-changes").changes == {}


def test_a_wrong_argument_is_refused_in_words(used: tuple[Install, Stack]) -> None:
    _, stack = used
    program = (stack.folder / "__main__.py").read_text()
    (stack.folder / "__main__.py").unlink()
    (stack.folder / "__main__.py").write_text(program.replace("3072", "1024"))
    finished = stack.preview_text()
    assert finished.code != 0
    assert "rsa_bits is 1024; write 2048 or more" in finished.text, finished.text
