"""Each way of deploying Studios comes up, has nothing left to do, and goes away again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.lifecycle import EKS_CLUSTER
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install

XPRA = "TOWER_DATA_STUDIO_TEMPLATES_XPRA_REPOSITORY"
ALLOWED = "TOWER_DATA_STUDIO_ALLOWED_WORKSPACES"


@dataclass(frozen=True)
class Variant:
    """Settings, and what must be seen once they are deployed."""

    settings: Callable[[Install], dict[str, Any]]
    holds: Callable[[Install, dict[str, Any]], None]


def _environment(install: Install) -> dict[str, str]:
    data: dict[str, str] = install.get("configmap", "tower-backend-cfg")["data"]
    return data


def _tower_yml(install: Install) -> str:
    text: str = install.get("configmap", "tower-yml")["data"]["tower.yml"]
    return text


def _image(install: Install, kind: str, name: str) -> str:
    image: str = install.get(kind, name)["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


def _oldest_release(install: Install, outputs: dict[str, Any]) -> None:
    environment = _environment(install)
    assert _image(install, "deployment", "connect-proxy").endswith("/studios/proxy:0.8.0")
    assert environment["TOWER_DATA_STUDIO_TEMPLATES_RIDE_TOOL"] == "rstudio"
    assert ALLOWED not in environment
    assert "    allowed-workspaces: [7, 8]\n" in _tower_yml(install)


def _path_routing(install: Install, outputs: dict[str, Any]) -> None:
    environment = _environment(install)
    assert environment["TOWER_DATA_STUDIO_ENABLE_PATH_ROUTING"] == "true"
    assert XPRA not in environment
    assert set(install.records()) >= {f"connect.{install.host} A"}
    assert f"*.{install.host} A" not in install.records()
    certificate = install.client("acm").describe_certificate(CertificateArn=outputs["certificateArn"])["Certificate"]
    assert set(certificate["SubjectAlternativeNames"]) == {install.host, f"connect.{install.host}"}
    listener = install.listener(outputs["loadBalancerHostname"], 443)
    assert install.rule_hosts(listener["ListenerArn"]) == [f"connect.{install.host}"]
    assert outputs["sessionUrlPattern"] == f"https://connect.{install.host}/_studio/<session>"
    assert "    allowed-workspaces: []\n" in _tower_yml(install)


def _newest_release(install: Install, outputs: dict[str, Any]) -> None:
    assert _image(install, "statefulset", "connect-server").endswith("/studios/server:0.11.1")
    assert _environment(install)[ALLOWED] == "11,42"
    assert "data-studio" not in _tower_yml(install)
    listener = install.listener(outputs["loadBalancerHostname"], 443)
    assert [each["CertificateArn"] for each in listener["Certificates"]] == [outputs["certificateArn"]]


VARIANTS = {
    "25.1 with a list of workspaces": Variant(
        lambda install: {"platformVersion": "25.1", "allowedWorkspaces": [7, 8], "targetType": "ip"}, _oldest_release
    ),
    "25.2 with path routing, for no workspace yet": Variant(
        lambda install: {"platformVersion": "25.2", "pathRouting": True, "allowedWorkspaces": "none"}, _path_routing
    ),
    "26.1 on an EKS cluster by name, with a certificate that exists": Variant(
        lambda install: {
            "platformVersion": "26.1",
            "eksCluster": EKS_CLUSTER,
            "certificateArn": install.wildcard_certificate(),
            "hostedZoneId": install.zone_id.removeprefix("/hostedzone/"),
            "hostedZone": None,
            "allowedWorkspaces": [11, 42],
        },
        _newest_release,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_comes_up_has_nothing_left_to_do_and_goes_away(
    name: str, new_install: NewInstall, new_stack: NewStack
) -> None:
    variant = VARIANTS[name]
    install = new_install("variant")
    settings = variant.settings(install)
    before, records, certificates = install.objects(), install.records(), install.certificates()
    stack = new_stack(install, **settings)
    stack.up().ok()
    variant.holds(install, stack.outputs())
    assert stack.preview("--expect-no-changes").changes == {}
    stack.destroy().ok()
    assert install.objects() == before
    assert install.records() == records
    assert install.certificates() == certificates
