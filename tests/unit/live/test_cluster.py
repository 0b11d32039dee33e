"""How a cluster is reached."""

from __future__ import annotations

import json
from pathlib import Path

import kubernetes.config  # noqa: F401  # The case is that it was imported before KUBECONFIG was set.
import pytest

from live.cluster import Cluster, kubeconfig_for_eks


def test_a_kubeconfig_that_is_named_later_than_the_client_is_imported_is_the_one_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubeconfig = kubeconfig_for_eks("late", "https://127.0.0.1:1", "", "us-east-1")
    kubeconfig["users"] = [{"name": "late", "user": {"token": "t"}}]
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(kubeconfig))
    monkeypatch.setenv("KUBECONFIG", str(path))
    assert Cluster().client().configuration.host == "https://127.0.0.1:1"
