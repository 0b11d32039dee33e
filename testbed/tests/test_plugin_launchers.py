"""The scripts through which the engine finds plugins."""

import os
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from testbed.plugins.launchers import PACKAGES, Origin, find, write_launchers

ALL = {f"pulumi-resource-{package}" for package in PACKAGES} | {
    "pulumi-language-python",
    "pulumi-resource-pulumi-python",
}
BUILT = {"pulumi-resource-kubernetes", "pulumi-resource-pulumi-python"}
STAND_INS = ALL - BUILT


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def plugin(home: Path, package: str) -> Path:
    version = metadata.version(f"pulumi-{package}")
    return home / "plugins" / f"resource-{package}-v{version}" / f"pulumi-resource-{package}"


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Shows what it was called with, in place of a Python."""
    return executable(tmp_path / "my python", '#!/bin/sh\necho "$PYTHONPATH" "$@"\n')


class Place:
    """The folders of one testbed."""

    def __init__(self, root: Path, python: Path) -> None:
        self.bin, self.home, self.official = root / "bin", root / "home", root / "official"
        self.checkout, self.python = root / "check out", python
        self.built = {
            name.removeprefix("pulumi-resource-"): executable(root / "cache" / name, "built") for name in BUILT
        }

    def origins(self, path: str = "") -> dict[str, Origin]:
        found = find(self.bin, self.built, self.official, path)
        write_launchers(self.bin, self.home, self.python, self.checkout, found)
        return {name: each.origin for name, each in found.items()}

    def write(self, path: str = "") -> set[str]:
        return {name for name, origin in self.origins(path).items() if origin is Origin.STAND_IN}


@pytest.fixture
def place(tmp_path: Path, python: Path) -> Place:
    return Place(tmp_path, python)


def output(program: Path, *arguments: str, **variables: str) -> str:
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(
        [program, *arguments], env=environment, capture_output=True, text=True, check=True, timeout=10
    ).stdout.strip()


def test_what_is_neither_installed_nor_built_gets_a_stand_in(place: Place) -> None:
    assert place.origins() == {
        **dict.fromkeys(STAND_INS, Origin.STAND_IN),
        **dict.fromkeys(BUILT, Origin.BUILT),
    }
    assert plugin(place.home, "kubernetes").resolve() == place.built["kubernetes"]
    assert (place.bin / "pulumi-resource-pulumi-python").resolve() == place.built["pulumi-python"]


def test_an_installed_plugin_wins_over_one_that_was_built(place: Place) -> None:
    installed = executable(plugin(place.official, "kubernetes"), "installed")
    assert place.origins()["pulumi-resource-kubernetes"] is Origin.INSTALLED
    assert plugin(place.home, "kubernetes").resolve() == installed


def test_a_stand_in_is_started_with_the_checkout_first_on_the_module_path(place: Place) -> None:
    place.write()
    aws, language = plugin(place.home, "aws"), place.bin / "pulumi-language-python"
    assert output(aws, "127.0.0.1:1") == f"{place.checkout} -u -m testbed.plugins.start testbed.plugins.aws 127.0.0.1:1"
    assert (
        output(language, "a b", PYTHONPATH="/x")
        == f"{place.checkout}:/x -u -m testbed.plugins.start testbed.language a b"
    )


def test_an_official_plugin_of_exactly_the_sdks_version_is_used(place: Place) -> None:
    official = executable(plugin(place.official, "random"), "official")
    executable(place.official / "plugins" / "resource-tls-v1.0.0" / "pulumi-resource-tls", "too old")
    assert place.write() == STAND_INS - {"pulumi-resource-random"}
    assert plugin(place.home, "random").resolve() == official
    assert not plugin(place.home, "random").parent.is_symlink()


@pytest.mark.parametrize("name", ["pulumi-language-python", "pulumi-resource-pulumi-python"])
def test_what_comes_with_an_official_engine_on_the_path_is_used(place: Place, tmp_path: Path, name: str) -> None:
    official = executable(tmp_path / "usr" / name, "official")
    assert place.origins(path=f"{place.bin}:{tmp_path / 'usr'}")[name] is Origin.INSTALLED
    assert (place.bin / name).resolve() == official


def test_the_scripts_of_another_checkout_on_the_path_are_not_taken_for_official_ones(
    place: Place, tmp_path: Path, python: Path
) -> None:
    other = Place(tmp_path / "other", python)
    other.built = place.built
    other.write()
    assert place.origins(path=str(other.bin)) == place.origins()


def test_writing_again_changes_no_file(place: Place) -> None:
    place.write()
    before = {path: path.stat().st_mtime_ns for path in place.home.rglob("*")}
    assert place.write(path=str(place.bin)) == STAND_INS
    assert {path: path.stat().st_mtime_ns for path in place.home.rglob("*")} == before


def test_a_stand_in_gives_way_to_an_official_plugin_and_takes_over_when_it_goes(place: Place) -> None:
    place.write()
    official = executable(plugin(place.official, "aws"), "official")
    place.write()
    assert plugin(place.home, "aws").read_text() == "official"
    official.unlink()
    place.write()
    assert output(plugin(place.home, "aws")).endswith("-m testbed.plugins.start testbed.plugins.aws")
