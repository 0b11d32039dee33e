"""A Platform that Helm keeps: what a real `helm upgrade` after an `up` loses and keeps, and what destroy leaves."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from testbed import build, paths, targets
from testbed.platform import shapes
from testbed.platform.chart import write_chart
from testbed.platform.install import manifests
from testbed.platform.shapes import RELEASE, SHAPES, by_name
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack

pytestmark = pytest.mark.slow

CHART = f"{RELEASE}-platform"
URL = "TOWER_DATA_STUDIO_CONNECT_URL"
ENTRY = "  data-studio:\n    allowed-workspaces: null\n"


@dataclass
class Release:
    """A release of our chart, and the stack beside it."""

    install: Install
    stack: Stack
    chart: Path
    before: dict[str, Any] = field(default_factory=dict)

    def helm(self, *words: str) -> str:
        """What helm prints.

        Raises:
            AssertionError: it failed.
        """
        finished = subprocess.run(
            [build.ensure(targets.HELM) / "helm", *words, "--namespace", self.install.namespace],
            env={
                **os.environ,
                "KUBECONFIG": str(paths.KUBECONFIG),
                "HELM_CACHE_HOME": str(self.chart.parent / "cache"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    def upgrade(self, **values: str) -> None:
        """Upgrades the release, or installs it, and waits for its pods."""
        settings = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
        self.helm("upgrade", "--install", RELEASE, str(self.chart), "--wait", "--timeout", "2m", *settings)

    def tower_yml(self) -> str:
        """The live file."""
        return str(self.install.get("configmap", f"{CHART}-tower-yml")["data"]["tower.yml"])

    def shared(self) -> dict[str, str]:
        """The variables that backend and cron share."""
        found: dict[str, str] = self.install.get("configmap", f"{CHART}-shared-backend-cron")["data"]
        return found


def of_the_chart(objects: dict[str, Any]) -> dict[str, Any]:
    """The objects without Helm's own notes, and without what the testbed's first apply and each upgrade write anew."""
    found: dict[str, Any] = {}
    for name, each in copy.deepcopy(objects).items():
        if not name.startswith("Secret/sh.helm.release"):
            each["metadata"]["annotations"].pop("kubectl.kubernetes.io/last-applied-configuration", None)
            template = each["spec"].get("template", {}) if name.startswith("Deployment/") else {}
            template.get("metadata", {}).get("annotations", {}).pop("checksum/config", None)
            found[name] = each
    return found


@pytest.fixture(scope="module")
def release(new_install: NewInstall, new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory) -> Release:
    install = new_install("chart", shape=shapes.HELM)
    certificate = install.get("ingress", SHAPES[shapes.HELM].ingress)["metadata"]["annotations"][
        "alb.ingress.kubernetes.io/certificate-arn"
    ]
    guide = by_name(YAML(typ="safe", pure=True).load_all(manifests(certificate, install.namespace, install.host)))
    objects = SHAPES[shapes.HELM].change(guide, install.namespace, install.host)
    chart = write_chart(tmp_path_factory.mktemp("helm") / "platform", objects)
    release = Release(install, new_stack(install), chart)
    # It takes the objects as its own, since they bear its name.
    release.upgrade()
    release.before = install.objects()
    return release


# The tests of this file are steps of one life, in this order.


def test_a_release_gets_studios_with_its_own_key_and_token(release: Release) -> None:
    release.stack.up().ok()
    assert release.shared()[URL] == f"https://connect.{release.install.host}"
    assert ENTRY in release.tower_yml()
    assert release.stack.preview("--expect-no-changes").changes == {}


def test_an_upgrade_that_changes_nothing_of_the_file_leaves_every_field_of_ours(release: Release) -> None:
    release.upgrade(contactEmail="studios@example.com")
    assert release.shared()["TOWER_CONTACT_EMAIL"] == "studios@example.com"
    assert release.shared()[URL] == f"https://connect.{release.install.host}"
    for component in ("backend", "cron"):
        pod = release.install.get("deployment", f"{CHART}-{component}")["spec"]["template"]
        assert "TOWER_OIDC_PEM_PATH" in {each["name"] for each in pod["spec"]["containers"][0]["env"]}
        assert "checksum/studios" in pod["metadata"]["annotations"]


def test_the_entry_that_an_upgrade_puts_back_is_shown_by_the_next_preview_and_mended_by_up(release: Release) -> None:
    release.upgrade(contactEmail="studios@example.com", greeting="Our new handbook")
    assert ENTRY not in release.tower_yml()
    preview = release.stack.preview_text().ok()
    assert "tower.yml allowed-workspaces" in preview.text
    release.stack.up().ok()
    assert ENTRY in release.tower_yml()
    assert "Our new handbook" in release.tower_yml()
    assert release.stack.preview("--expect-no-changes").changes == {}


def test_after_destroy_the_release_is_as_helm_has_it(release: Release) -> None:
    release.stack.destroy().ok()
    found = of_the_chart(release.install.objects())
    text = json.dumps(of_the_chart(release.before))
    wanted = json.loads(
        text.replace('"support@example.com"', '"studios@example.com"').replace("Our hand", "Our new hand")
    )
    assert found == wanted
    values = json.loads(release.helm("get", "values", RELEASE, "--output", "json"))
    assert values == {"contactEmail": "studios@example.com", "greeting": "Our new handbook"}
