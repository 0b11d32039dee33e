"""The objects of a stack as a Helm chart, and the Helm that installs it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from live.ownership import labels_of_stack, owner_of
from testbed import build, paths, targets
from tests.bench.programs import run
from tests.engine.install import BOOKKEEPING, Install

_RELEASE = "studios"
_KINDS = "configmaps,secrets,services,deployments,statefulsets,poddisruptionbudgets,networkpolicies,ingresses"
#: What the API server and controllers add to a spec.
_ADDED = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort")


def chart_of(install: Install, folder: Path, stack: str = "bench") -> Path:
    """Writes a chart of all objects that a stack has made in the cluster; Platform's own are not among them."""
    selector = ",".join(f"{key}={value}" for key, value in labels_of_stack(owner_of(stack)).items())
    listed = json.loads(install.kubectl("get", _KINDS, "-l", selector, "-o", "json"))["items"]
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {_RELEASE}\nversion: 1.0.0\n")
    for number, found in enumerate(listed):
        # JSON is YAML, and what looks like a template in it is none.
        text = json.dumps(_manifest(found), indent=2).replace("{{", '{{ "{{" }}')
        (folder / "templates" / f"{number}.yaml").write_text(text)
    return folder


def _manifest(found: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in found["metadata"].items() if key not in (*BOOKKEEPING, "finalizers")}
    spec = {key: value for key, value in (found.get("spec") or {}).items() if key not in _ADDED or value == "None"}
    for port in spec.get("ports") or []:
        if isinstance(port, dict):
            port.pop("nodePort", None)
    kept = {key: value for key, value in found.items() if key not in ("metadata", "spec", "status")}
    return {**kept, "metadata": metadata, **({"spec": spec} if spec else {})}


@dataclass(frozen=True)
class Helm:
    """Helm in the namespace of a Platform install; what it installed goes with the block.

    Args:
        install: where.
        variables: its environment.
    """

    install_: Install
    variables: Mapping[str, str]

    def __enter__(self) -> Helm:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._run("uninstall", _RELEASE, "--ignore-not-found", "--wait")

    def install(self, chart: Path) -> float:
        """How long it takes to install the chart, or to find that all is as it says."""
        began = time.perf_counter()
        self._run("upgrade", "--install", _RELEASE, str(chart), "--wait", "--timeout=5m")
        return time.perf_counter() - began

    def _run(self, *words: str) -> None:
        helm = build.ensure(targets.HELM) / "helm"
        run([str(helm), *words, "--namespace", self.install_.namespace], paths.CHECKOUT, self.variables)
