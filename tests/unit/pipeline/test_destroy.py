"""What is said before a destroy."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from live.platform import PlatformError
from pipeline.__main__ import main
from pipeline.destroy import given_back, missing_rights
from settings.errors import Problem, SettingsError

EDITS = {
    "type": "pulumi-python:dynamic/studios:PlatformEdits",
    "urn": "urn:pulumi:prod::seqera-studios::e::studios-platform-edits",
    "inputs": {"namespace": "platform-stage"},
}


def told(monkeypatch: pytest.MonkeyPatch, words: str | Exception) -> str:
    def say(_: Any) -> str:
        if isinstance(words, Exception):
            raise words
        return words

    monkeypatch.setattr("components.platform_told.given_back_in_words", say)
    return given_back([EDITS])


def test_what_platform_gets_back_is_told_under_its_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, "ConfigMap/c:\n  A 1 → restored\ncron restarts").splitlines() == [
        "What the destroy restores in Platform, in namespace platform-stage:",
        "  ConfigMap/c:",
        "    A 1 → restored",
        "  cron restarts",
    ]


def test_a_cluster_that_cannot_be_read_does_not_hide_the_destroy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, PlatformError("no answer")) == "What is restored in Platform can't be read: no answer"


def test_a_stack_that_changed_nothing_in_platform_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given_back([]) == "Nothing is restored in Platform: the stack has not changed it."
    assert told(monkeypatch, "") == "Nothing is restored in Platform: it has nothing of this stack's."


def test_on_compose_the_instance_and_the_folder_are_named() -> None:
    outputs = {"instanceId": "i-0123456789abcdef0", "composeFolder": "/opt/seqera"}
    lines = given_back([{"type": "pulumi:pulumi:Stack", "outputs": outputs}]).splitlines()
    assert lines[0] == "What the destroy restores in Platform, on i-0123456789abcdef0 in /opt/seqera:"
    assert lines[1] == "  tower.yml: the entry that it had"


def test_without_a_terminal_it_only_previews(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    state = json.dumps({"deployment": {"resources": []}})
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f'#!/bin/sh\ncase "$1" in stack) echo \'{state}\' ;; *) echo "$*" ;; esac\n')
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert main(["destroy", "prod"]) == 0
    assert capfd.readouterr().out.splitlines() == [
        "Nothing is restored in Platform: the stack has not changed it.",
        "destroy --stack prod --preview-only --non-interactive --color never",
    ]


def test_a_right_that_lacks_ends_it_before_anything_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    class Missing:
        def before_destroy(self) -> str:
            return "the cluster does not let you delete services"

    def ask(inputs: Any, made: Any) -> Missing:
        asked.update(made, inputs=inputs)
        return Missing()

    monkeypatch.setattr("components.platform_told.rights_to_destroy", ask)
    ingress = {"type": "kubernetes:networking.k8s.io/v1:Ingress", "id": "platform-stage/connect-ingress"}
    provider = {"type": "pulumi:providers:kubernetes", "id": "x"}
    assert missing_rights([EDITS, ingress, provider]) == "the cluster does not let you delete services"
    assert asked == {"ingresses": ["connect-ingress"], "inputs": EDITS["inputs"]}
    assert missing_rights([ingress]) == ""


def test_a_cluster_that_cannot_be_reached_does_not_keep_it_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_inputs: Any, _made: Any) -> None:
        raise SettingsError([Problem("kubeconfig", None, "gives no way to a cluster")])

    monkeypatch.setattr("components.platform_told.rights_to_destroy", ask)
    assert missing_rights([EDITS]) == ""
