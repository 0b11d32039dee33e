"""What the testbed says it is made of."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

from testbed import parts, paths, targets

README = (paths.TESTBED / "README.md").read_text()


def table() -> dict[str, parts.Part]:
    return {part.name: part for part in parts.parts()}


def test_what_is_built_has_the_version_that_is_pinned() -> None:
    found = table()
    assert found["AWS Load Balancer Controller"] == parts.Part(
        "AWS Load Balancer Controller", parts.Kind.OFFICIAL, targets.LOAD_BALANCER_VERSION, "built from its Go module"
    )
    assert found["etcd"].version == targets.pinned("kubernetes", "go.etcd.io/etcd/server/v3")
    for script in ("pulumi-language-python-exec", "Pulumi provider of dynamic resources"):
        assert found[script] == parts.Part(
            script, parts.Kind.OFFICIAL, targets.PULUMI_VERSION, "built from its Go module"
        )
    assert found["AWS"] == parts.Part(
        "AWS", parts.Kind.STAND_IN, metadata.version("moto"), "moto, from PyPI, made stricter in testbed/emulator"
    )


def test_an_engine_on_the_path_is_named_with_its_own_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = tmp_path / "pulumi"
    engine.write_text("#!/bin/sh\necho v3.999.1\n")
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{paths.BIN}:/usr/bin:/bin")
    assert table()["Pulumi engine"] == parts.Part("Pulumi engine", parts.Kind.OFFICIAL, "3.999.1", "the PATH")


@pytest.mark.parametrize("version", [targets.BRIDGE_VERSION, *targets.BRIDGED.values()])
def test_the_readme_names_what_is_bridged_in_the_version_that_is_built(version: str) -> None:
    assert re.search(rf"^\| (Pulumi's bridge|HashiCorp's .* provider) \| {re.escape(version)} \|", README, re.MULTILINE)


def test_the_readme_lists_what_needs_a_newer_kubernetes_provider() -> None:
    marked = {
        version
        for path in (paths.CHECKOUT / "tests").rglob("test_*.py")
        for version in re.findall(r'kubernetes_provider\("([\d.]+)"\)', path.read_text())
    }
    listed = set(re.findall(r"^\| (\d+\.\d+\.\d+) \|", README, re.MULTILINE))
    assert listed == marked
