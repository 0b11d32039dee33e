"""Every shape of Platform install: from the first preview, over what its pods then see, to what is left in the end."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from testbed.platform import shapes
from testbed.platform.shapes import SHAPES
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.shapes import row

PEM_PATH = "TOWER_OIDC_PEM_PATH"
PLATFORM_TOKEN = "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"
PROXY_TOKEN = "CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"
URL = "TOWER_DATA_STUDIO_CONNECT_URL"

#: What few installs have stands for the rest where time counts.
USUAL = {shapes.HELM}
CASES = [
    pytest.param(name, marks=[row(name), *([] if name in USUAL else [pytest.mark.slow])], id=name)
    for name in SHAPES
    if name != shapes.BY_HAND
]


def container(install: Install, deployment: str) -> dict[str, Any]:
    """The container of Platform's in a Deployment."""
    pod = install.get("deployment", deployment)["spec"]["template"]["spec"]
    found: dict[str, Any] = pod["containers"][0]
    return found


def secret_value(install: Install, reference: dict[str, Any]) -> str:
    """What a variable gets from a Secret."""
    key = reference["valueFrom"]["secretKeyRef"]
    return base64.b64decode(install.get("secret", key["name"])["data"][key["key"]]).decode()


def seen(install: Install, deployment: str) -> dict[str, str]:
    """The variables that a container gets, as Kubernetes puts them together; those of Secrets by `env` only."""
    read = container(install, deployment)
    found: dict[str, str] = {}
    for source in read["envFrom"]:
        if "configMapRef" in source:
            data = install.get("configmap", source["configMapRef"]["name"])["data"]
            found |= {f"{source.get('prefix', '')}{key}": value for key, value in data.items()}
    for each in read["env"]:
        if "secretKeyRef" in each.get("valueFrom", {}):
            found[each["name"]] = secret_value(install, each)
        elif "value" in each:
            found[each["name"]] = each["value"]
    return found


def key_file(install: Install, deployment: str, path: str) -> str:
    """The file that a container has at a path, which is a key of a Secret."""
    folder, _, name = path.rpartition("/")
    (mount,) = (each for each in container(install, deployment)["volumeMounts"] if each["mountPath"] == folder)
    volumes = install.get("deployment", deployment)["spec"]["template"]["spec"]["volumes"]
    (volume,) = (each for each in volumes if each["name"] == mount["name"])
    return base64.b64decode(install.get("secret", volume["secret"]["secretName"])["data"][name]).decode()


@pytest.mark.parametrize("shape", CASES)
def test_an_install_of_any_shape_gets_studios_and_is_given_back_as_it_was(
    shape: str, new_install: NewInstall, new_stack: NewStack
) -> None:
    install = new_install(shape, shape=shape)
    before, records, certificates = install.objects(), install.records(), install.certificates()
    stack = new_stack(install)
    stack.preview_text().ok()
    assert install.objects() == before

    stack.up().ok()
    platform = install.shape
    token = secret_value(
        install, {each["name"]: each for each in container(install, "connect-proxy")["env"]}[PROXY_TOKEN]
    )
    for deployment in (platform.backend, platform.cron):
        variables = seen(install, deployment)
        assert variables[URL] == f"https://connect.{install.host}"
        assert variables["TOWER_DATA_EXPLORER_ENABLED"] == "true"
        assert variables[PLATFORM_TOKEN] == token
        assert key_file(install, deployment, variables[PEM_PATH]).startswith("-----BEGIN RSA PRIVATE KEY-----")
    tower_yml = install.get("configmap", stack.config.get("towerYmlConfigMap", "tower-yml"))["data"]["tower.yml"]
    assert "  data-studio:\n    allowed-workspaces: null\n" in tower_yml
    assert stack.outputs()["publicKey"].startswith("-----BEGIN PUBLIC KEY-----")
    assert stack.preview("--expect-no-changes").changes == {}
    stack.refresh().ok()
    assert stack.preview("--expect-no-changes").changes == {}

    stack.destroy().ok()
    assert install.objects() == before
    assert install.records() == records
    assert install.certificates() == certificates
    for deployment in (platform.backend, platform.cron):
        assert install.get("deployment", deployment)["status"]["readyReplicas"] == 1
