"""Rotation of the registration token and the RSA key, each by a setting, and Secrets that another owner keeps."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import pytest

from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Preview, Stack

pytestmark = pytest.mark.slow

APPS = ("backend", "cron", "frontend", "connect-proxy", "connect-server")


@dataclass
class Deployed:
    """A stack that is up, on which one test after the other changes a setting."""

    install: Install
    stack: Stack

    def value(self, secret: str, key: str) -> str:
        """A value in a live Secret."""
        return base64.b64decode(self.install.get("secret", secret)["data"][key]).decode()

    def restarted_by(self, **settings: object) -> set[str]:
        """The workloads that restart when settings change."""
        before = self.install.pod_names(*APPS)
        self.stack.set(**settings).up().ok()
        after = self.install.pod_names(*APPS)
        return {app for app in APPS if before[app] != after[app]}


@pytest.fixture(scope="module")
def deployed(new_install: NewInstall, new_stack: NewStack) -> Deployed:
    install = new_install("rotation")
    stack = new_stack(install)
    stack.up().ok()
    return Deployed(install, stack)


def test_another_key_size_is_refused_unless_a_new_key_is_asked_for(deployed: Deployed) -> None:
    refused = deployed.stack.set(rsaBits=3072).preview_text()
    deployed.stack.set(rsaBits=None)
    assert refused.code != 0
    assert "seqera-studios:rsaBits: 3072 would replace the RSA key in use, which has 2048 bits" in refused.text
    assert "pulumi config set rsaRotation" in refused.text


def test_a_token_rotation_reaches_every_reader_and_replaces_nothing_else(deployed: Deployed) -> None:
    token, pem = (
        deployed.value("connect-registration-token", "token"),
        deployed.value("platform-oidc-certs", "oidc.pem"),
    )
    deployed.stack.set(tokenRotation="2026-01")
    preview = deployed.stack.preview()
    assert preview.changes == {
        "studios-oidc-token": "replace",
        "studios-configuration-token": "update",
        "studios-platform-edits": "update",
        "studios-proxy-deployment": "update",
    }
    assert _changed_inputs(preview, "studios-platform-edits") == {"checksum"}
    assert deployed.restarted_by() == {"backend", "cron", "connect-proxy"}
    assert deployed.value("connect-registration-token", "token") != token
    assert deployed.value("platform-oidc-certs", "oidc.pem") == pem


def test_a_key_rotation_makes_a_key_of_the_wanted_size_and_restarts_its_readers_only(deployed: Deployed) -> None:
    token, pem = (
        deployed.value("connect-registration-token", "token"),
        deployed.value("platform-oidc-certs", "oidc.pem"),
    )
    assert deployed.restarted_by(rsaRotation="2026-01", rsaBits=3072) == {"backend", "cron"}
    # 3072 bits make a private key of about 1.75 KB of DER.
    assert len(deployed.value("platform-oidc-certs", "oidc.pem")) > 1.3 * len(pem)
    assert deployed.value("connect-registration-token", "token") == token


def test_a_token_that_exists_already_is_used_and_its_change_is_noticed(deployed: Deployed) -> None:
    _write_token(deployed.install, "kept-elsewhere-1")
    restarted = deployed.restarted_by(existingTokenSecret="our-token", tokenRotation=None)
    assert restarted == {"backend", "cron", "connect-proxy"}
    assert "secret/connect-registration-token" not in deployed.install.names()
    assert deployed.stack.preview().changes == {}

    _write_token(deployed.install, "kept-elsewhere-2")
    preview = deployed.stack.preview()
    assert preview.changes == {"studios-platform-edits": "update", "studios-proxy-deployment": "update"}
    assert "kept-elsewhere" not in json.dumps(preview.steps)
    deployed.stack.up().ok()
    assert "kept-elsewhere" not in deployed.stack.state()
    assert deployed.stack.outputs("--show-secrets")["registrationToken"] == "kept-elsewhere-2"


def _changed_inputs(preview: Preview, name: str) -> set[str]:
    """The inputs of a dynamic resource that change: the engine keeps no detailed diff of those."""
    (step,) = (step for step in preview.steps if step["urn"].endswith(f"::{name}"))
    old, new = step["oldState"]["inputs"], step["newState"]["inputs"]
    return {key for key in {*old, *new} if old.get(key) != new.get(key)}


def _write_token(install: Install, token: str) -> None:
    data = {"token": base64.b64encode(token.encode()).decode()}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "our-token"}, "data": data}
    install.kubectl("apply", "-f", "-", stdin=json.dumps(body))
