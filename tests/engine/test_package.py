"""The components as a package: its schema, its SDKs, and programs in several languages that use it."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed import build
from tests.engine.conftest import NewInstall
from tests.engine.install import Install
from tests.engine.packaged import EXAMPLES, packaged_stack, plugin_in
from tests.engine.stack import Stack

pytestmark = pytest.mark.slow

COMPONENTS = {
    "KubernetesStudios",
    "ComposeStudios",
    "WildcardCertificate",
    "WildcardRecord",
    "OidcCredentials",
    "StudiosConfiguration",
    "ConnectProxy",
    "ConnectServer",
    "StudiosIngress",
    "StudiosNetworkPolicies",
    "SshHostKey",
    "SshService",
    "StudiosServiceMonitor",
}


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin's folder."""
    return plugin_in(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def schema(plugin: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The schema, as the engine prints it."""
    return Stack("none", plugin, environment).pulumi("package", "get-schema", str(plugin)).ok().stdout


def test_the_package_has_every_component(schema: str) -> None:
    assert set(json.loads(schema)["resources"]) == {f"studios:index:{name}" for name in COMPONENTS}


@pytest.fixture(scope="module")
def python_sdk(plugin: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the SDK that the engine has generated, installed."""
    generated, installed = tmp_path_factory.mktemp("generated"), tmp_path_factory.mktemp("installed")
    words = ["package", "gen-sdk", str(plugin), "--language", "python", "--out", str(generated)]
    Stack("none", plugin, environment).pulumi(*words).ok()
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--target", str(installed), str(generated / "python")], check=True)
    return installed


@pytest.fixture(scope="module")
def used(
    plugin: Path,
    python_sdk: Path,
    environment: dict[str, str],
    new_install: NewInstall,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Install, Stack]]:
    install = new_install("package")
    stack = packaged_stack(
        "package",
        tmp_path_factory.mktemp("used"),
        plugin,
        install.namespace,
        {**environment, "PYTHONPATH": str(python_sdk)},
        {"studios-package:namespace": install.namespace, "studios-package:host": install.host},
    )
    yield install, stack
    stack.destroy()
    stack.remove()


def test_a_program_makes_components_with_the_generated_sdk(used: tuple[Install, Stack]) -> None:
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
    # The user's own program may say where it failed; the plugin does not.
    assert "oidc.py" not in finished.text


@pytest.fixture
def in_yaml(
    plugin: Path, environment: dict[str, str], new_install: NewInstall, tmp_path: Path
) -> Iterator[tuple[Install, Stack]]:
    install = new_install("yaml")
    (zone,) = install.client("route53").list_hosted_zones_by_name(DNSName=install.zone, MaxItems="1")["HostedZones"]
    host_folder = str(build.yaml_host().parent)
    stack = packaged_stack(
        "package-yaml",
        tmp_path,
        plugin,
        install.namespace,
        {**environment, "PATH": os.pathsep.join([environment["PATH"], host_folder])},
        {
            "aws:region": environment["AWS_REGION"],
            "studios-package-yaml:host": install.host,
            "studios-package-yaml:zoneId": zone["Id"].rsplit("/", 1)[1],
        },
    )
    yield install, stack
    stack.destroy()
    stack.remove()


def test_a_program_in_yaml_makes_components(in_yaml: tuple[Install, Stack]) -> None:
    install, stack = in_yaml
    up = stack.up().ok()
    outputs = stack.outputs("--show-secrets")
    certificate = install.client("acm").describe_certificate(CertificateArn=outputs["certificateArn"])["Certificate"]
    assert certificate["Status"] == "ISSUED"
    assert sorted(certificate["SubjectAlternativeNames"]) == [f"*.{install.host}", install.host]
    assert re.fullmatch(r"[A-Za-z0-9]{32}", outputs["registrationToken"])
    assert outputs["registrationToken"] not in up.text + stack.state() + json.dumps(stack.outputs())
    assert stack.preview("--expect-no-changes").changes == {}


def _argument_types(sdk: Path, component: str) -> dict[str, bool]:
    """Argument → whether it may be left out, of a class in an SDK for TypeScript."""
    (file,) = (path for path in sdk.glob("*.ts") if f"class {component} " in path.read_text())
    (body,) = re.findall(rf"export interface {component}Args {{\n(.*?)\n}}", file.read_text(), re.DOTALL)
    return {name: mark == "?" for name, mark in re.findall(r"^    (\w+)(\??):", body, re.MULTILINE)}


def test_the_program_in_typescript_fits_the_sdk_that_is_generated_for_it(schema: str, tmp_path: Path) -> None:
    command = [str(build.sdk_generator()), "nodejs", str(tmp_path)]
    subprocess.run(command, input=schema, text=True, check=True)
    assert json.loads((tmp_path / "package.json").read_text())["name"] == "@pulumi/studios"
    program = (EXAMPLES / "package-typescript" / "index.ts").read_text()
    made = re.findall(r"const (\w+) = new studios\.(\w+)\(\"\w+\", {(.*?)}\);", program, re.DOTALL)
    assert [component for _, component, _ in made] == ["KubernetesStudios"]
    for variable, component, given in made:
        types = _argument_types(tmp_path, component)
        names = re.findall(r"(\w+): ", given)
        assert names
        assert set(names) <= set(types)
        assert {name for name, optional in types.items() if not optional} <= set(names)
        outputs = set(json.loads(schema)["resources"][f"studios:index:{component}"]["properties"])
        used = re.findall(rf"\b{variable}\.(\w+)", program)
        assert used
        assert set(used) <= outputs
