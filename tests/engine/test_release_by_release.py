"""A Platform is upgraded, and its stack with it: each release changes what it must, and replaces nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack

pytestmark = pytest.mark.slow

RELEASES = ["25.1", "25.2", "25.3", "25.3.3", "26.1", "26.2"]
#: What changes with each release: the images, so both workloads; Platform's variables, and with them its restarts.
CONNECT = {"studios-proxy-deployment": "update", "studios-server-stateful-set": "update"}
PLATFORM = {"studios-platform-as-found": "update", "studios-platform-edits": "update"}
CHANGED: dict[str, dict[str, str]] = {
    # The R-IDE's tool is called `ride` from here on.
    "25.2": {**CONNECT, "studios-platform-edits": "update"},
    "25.3": CONNECT,
    "25.3.3": CONNECT,
    # The allowed workspaces go from tower.yml to a variable.
    "26.1": {**CONNECT, **PLATFORM},
    # The templates are others: this Connect serves those of 25.1 no more.
    "26.2": {**CONNECT, "studios-platform-edits": "update"},
}
RESTARTED: dict[str, list[str]] = {
    "25.2": ["backend", "connect-proxy", "connect-server", "cron"],
    "25.3": ["connect-proxy", "connect-server"],
    "25.3.3": ["connect-proxy", "connect-server"],
    "26.1": ["backend", "connect-proxy", "connect-server", "cron"],
    "26.2": ["backend", "connect-proxy", "connect-server", "cron"],
}


def upgrade(install: Install, stack: Stack, release: str) -> None:
    apps = ("backend", "connect-proxy", "connect-server", "cron")
    before = install.pod_ids(*apps)
    preview = stack.set(platformVersion=release).preview()
    assert preview.changes == CHANGED[release]
    stack.up().ok()
    after = install.pod_ids(*apps)
    assert [app for app in apps if not before[app] & after[app]] == RESTARTED[release]
    assert stack.preview().changes == {}
    deployment: dict[str, Any] = install.get("deployment", "connect-proxy")
    assert deployment["spec"]["replicas"] == deployment["status"]["readyReplicas"]


def test_from_25_1_to_the_newest_one_after_the_other(new_install: NewInstall, new_stack: NewStack) -> None:
    install = new_install("releases")
    before = install.get("configmap", "tower-yml")["data"]
    stack = new_stack(install, platformVersion=RELEASES[0], allowedWorkspaces=[1, 2])
    stack.up().ok()
    for release in RELEASES[1:]:
        assert (install.get("configmap", "tower-yml")["data"] == before) == (release == "26.2")
        upgrade(install, stack, release)
