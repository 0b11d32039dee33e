"""What is built is found again by everything that goes into it."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from testbed import build, lifecycle, paths, progress, targets
from testbed.errors import TestbedError
from testbed.node.parts import TARGETS as NODE_TARGETS
from testbed.node.parts import Parts


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the engine's module, with files that a test may change."""
    copy = tmp_path / "go" / "engine"
    shutil.copytree(targets.ENGINE.module, copy)
    monkeypatch.setattr(targets, "GO_MODULES", tmp_path / "go")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return copy


def test_two_checkouts_with_the_same_pins_share_what_was_built(module: Path) -> None:
    key = build._key(targets.ENGINE)
    os.utime(module / "go.mod", (0, 0))
    assert build._key(targets.ENGINE) == key


@pytest.mark.parametrize("file", ["go.mod", "go.sum"])
def test_another_pin_is_built_anew(module: Path, file: str) -> None:
    key = build._key(targets.ENGINE)
    with (module / file).open("a") as stream:
        stream.write("\n")
    assert build._key(targets.ENGINE) != key


def test_another_flag_is_built_anew(module: Path) -> None:
    other = replace(targets.ENGINE, binaries={"pulumi": ["-race", targets.PULUMI_PACKAGE]})
    assert build._key(other) != build._key(targets.ENGINE)


def test_what_is_in_the_cache_is_not_built(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = paths.cache_dir() / f"engine-{build._key(targets.ENGINE)}"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", "")
    assert build.ensure(targets.ENGINE) == folder


def test_a_folder_of_assets_without_the_api_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TestbedError) as caught:
        build._asset(str(tmp_path), "kube-apiserver")
    assert str(caught.value) == (
        f"KUBEBUILDER_ASSETS={tmp_path} has no program kube-apiserver; unset it or name another folder"
    )


def test_a_go_that_is_no_program_counts_as_too_old(tmp_path: Path) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho go version devel\n")
    go.chmod(0o755)
    assert build._go_version(str(go)) < build.GO_AT_LEAST


def test_a_version_is_read_where_it_is_pinned(module: Path) -> None:
    (module / "go.mod").write_text(
        "module x\n\nrequire (\n\texample.com/a v1.2.3\n\texample.com/a/b v2.0.0 // indirect\n)\n"
    )
    assert targets.pinned("engine", "example.com/a") == "1.2.3"
    assert targets.pinned("engine", "example.com/a/b") == "2.0.0"
    with pytest.raises(ValueError, match=r"testbed/go/engine/go\.mod does not require example\.com/c"):
        targets.pinned("engine", "example.com/c")


def test_what_is_yet_to_build_is_announced_with_the_time_that_it_takes(
    module: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = replace(targets.ENGINE, usual_seconds=240)
    targets_at_hand = [engine, replace(engine, title="another", usual_seconds=120, binaries={})]
    build.announce(targets_at_hand)
    titles = f"{targets.ENGINE.title}, another"
    assert capsys.readouterr().err == f"2 parts are built once, in about 6 min on 2 cores: {titles}\n"
    build._folder(targets.ENGINE).mkdir(parents=True)
    build.announce(targets_at_hand)
    assert capsys.readouterr().err == ""


@pytest.fixture
def ensured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is built, or would be: nothing is here yet."""
    names: list[str] = []

    def ensure(target: targets.Target) -> Path:
        names.append(target.name)
        return tmp_path

    monkeypatch.setattr(build, "ensure", ensure)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return names


@pytest.mark.parametrize("also", [(), NODE_TARGETS], ids=["kwok", "real"])
def test_the_first_start_announces_all_that_it_builds(
    also: tuple[targets.Target, ...], ensured: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    build.binaries(also)
    said = capsys.readouterr().err
    announced = [*ensured, *(target.name for target in also)]
    assert len(set(announced)) == len(announced) >= 4
    assert said.startswith(f"{len(announced)} parts are built once, in about ")
    titles = {target.name: target.title for target in vars(targets).values() if isinstance(target, targets.Target)}
    assert [name for name in announced if titles[name] not in said] == []


def test_all_that_a_node_builds_is_announced_before(ensured: list[str]) -> None:
    Parts.built()
    build.studios()
    assert set(ensured) == {targets.KUBERNETES.name, *(target.name for target in NODE_TARGETS)}


@pytest.mark.parametrize(("nodes", "also"), [(lifecycle.KWOK, ()), (lifecycle.REAL, NODE_TARGETS)])
def test_the_start_of_the_testbed_counts_in_what_its_nodes_need(
    nodes: str, also: tuple[targets.Target, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BuiltError(Exception):
        """What is built is known: no need to start anything."""

    def binaries(given: tuple[targets.Target, ...]) -> None:
        raise BuiltError(given)

    monkeypatch.setattr(paths, "STATE", tmp_path)
    monkeypatch.setattr(lifecycle, "_choose_nodes", lambda _: nodes)
    monkeypatch.setattr(build, "binaries", binaries)
    with pytest.raises(BuiltError) as caught:
        lifecycle.up(nodes)
    assert caught.value.args == (also,)


def test_progress_is_told_against_the_usual_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_TICK_SECONDS", 0.01)
    with progress.progress("Building it", 90):
        time.sleep(0.2)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Building it (some 90 s on 2 cores) …"
    assert said[1] == "  … 0 s of some 90 s"
    assert said[-1] == "  done in 0 s"
