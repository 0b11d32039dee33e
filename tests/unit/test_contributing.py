"""The checklists of CONTRIBUTING.md: what they name exists, and a step that is forgotten is noticed here."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, get_args

import pulumi
import pytest

from components.described import described_fields
from components.own_resource import OwnResource
from components.studios import whole
from components.studios_base import Studios
from package.parts import PARTS
from package.schema import arguments_of
from settings.targets import TARGETS, TargetName
from testbed import paths

TEXT = (paths.CHECKOUT / "CONTRIBUTING.md").read_text()
COMPONENTS = paths.CHECKOUT / "components"
COMPOSITIONS = (
    *(path.name for path in COMPONENTS.glob("studios_on_*.py")),
    "studios_base.py",
    "dns.py",
    "object_settings.py",
)

WHOLES = {target.component for target in TARGETS.values()}

#: The components that the package doesn't offer one by one, and why.
NOT_OFFERED: Mapping[str, str] = {
    "Studios": "the base of the wholes",
    **dict.fromkeys(WHOLES, "a whole"),
    "PlatformIntegration": "it needs the names of what the others have made",
    "ComposeNetwork": "it takes a site that only the survey finds",
    "ComposeSshNetwork": "it takes a site that only the survey finds",
    "ComposeDelivery": "it takes the bundle of a whole",
}
#: The arguments that the program leaves at their defaults, and why.
LEFT_AT_DEFAULT: Mapping[str, Mapping[str, str]] = {
    "ConnectProxyArgs": {},
}


def modules() -> Iterator[tuple[str, Any]]:
    for path in sorted(COMPONENTS.glob("*.py")):
        if path.stem != "__init__":
            yield path.stem, importlib.import_module(f"components.{path.stem}")


def classes(module: Any, base: type) -> list[type]:
    own = (each for _, each in inspect.getmembers(module, inspect.isclass) if each.__module__ == module.__name__)
    return [each for each in own if issubclass(each, base)]


def all_components() -> dict[str, type]:
    return {each.__name__: each for _, module in modules() for each in classes(module, pulumi.ComponentResource)}


def calls_of(name: str) -> list[ast.Call]:
    """The calls of a class in the modules that put everything together."""
    trees = (ast.parse((COMPONENTS / file).read_text()) for file in COMPOSITIONS)
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [node for node in nodes if isinstance(node.func, ast.Name) and node.func.id == name]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([a-z_]+/[\w/.…]*)`", TEXT))))
def test_each_path_that_it_names_exists(path: str) -> None:
    pattern = path.rstrip("/").replace("…", "*")
    assert list(paths.CHECKOUT.glob(pattern)), path


def test_each_target_of_make_that_it_names_exists() -> None:
    rules = set(re.findall(r"^([a-z-]+):", (paths.CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    named = {word for line in re.findall(r"make ([a-z -]+)", TEXT) for word in line.split()[:2]}
    assert {"test", "check", "unit", "docs"} <= named & rules


def test_a_file_has_at_most_one_component() -> None:
    assert [name for name, module in modules() if len(classes(module, pulumi.ComponentResource)) > 1] == []


def test_a_component_is_offered_by_the_package_or_it_is_said_why_not() -> None:
    assert set(all_components()) == set(PARTS) | set(NOT_OFFERED)
    assert not set(PARTS) & set(NOT_OFFERED)


@pytest.mark.parametrize("name", [*PARTS, *sorted(WHOLES)])
def test_a_component_of_the_package_is_in_its_document(name: str) -> None:
    document = (paths.CHECKOUT / "docs" / "package.md").read_text()
    assert re.search(rf"^\|.*`{name}`.*\|", document, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(set(all_components()) - WHOLES - {"Studios"}))
def test_a_component_has_its_place_and_a_test(name: str) -> None:
    assert calls_of(name), f"no composition makes a {name}"
    tests = (path.read_text() for path in (paths.CHECKOUT / "tests" / "unit" / "components").glob("test_*.py"))
    assert any(re.search(rf"\b{name}\b", text) for text in tests), f"no unit test names {name}"


@pytest.mark.parametrize("name", sorted(PARTS))
def test_an_argument_of_a_component_is_handed_over_from_the_settings(name: str) -> None:
    arguments = arguments_of(PARTS[name])
    given = {keyword.arg for call in calls_of(arguments.__name__) for keyword in call.keywords}
    left = LEFT_AT_DEFAULT.get(arguments.__name__, {})
    assert {field.name for field in dataclasses.fields(arguments)} - set(left) == given


@pytest.mark.parametrize("name", sorted(PARTS))
def test_each_argument_and_each_output_of_a_component_has_its_meaning_beneath(name: str) -> None:
    fields = [*described_fields(arguments_of(PARTS[name])), *described_fields(PARTS[name])]
    assert [each.attribute for each in fields if not each.text.endswith(".")] == []


@pytest.mark.parametrize("target", TARGETS)
def test_each_target_has_a_component_and_a_way_to_deploy_it(target: str) -> None:
    component = whole(target)
    assert issubclass(component, Studios)
    assert vars(component)["deployed"]


def test_each_module_with_a_component_of_a_target_has_its_row() -> None:
    modules = {path.stem.removeprefix("studios_on_") for path in COMPONENTS.glob("studios_on_*.py")}
    assert modules == set(TARGETS)
    assert set(get_args(TargetName)) == set(TARGETS)


def test_each_resource_of_our_own_has_a_provider_that_states_know_by_its_name() -> None:
    pickled = {f"{each.__module__}.{each.__name__}Provider" for each in OwnResource.__subclasses__()}
    for name in pickled:
        module, _, provider = name.rpartition(".")
        assert hasattr(importlib.import_module(module), provider)
        assert module.rpartition(".")[2] in TEXT


def test_the_name_of_each_test_is_a_sentence_and_each_folder_of_tests_is_named() -> None:
    names, folders = [], set()
    for folder in ("tests", "testbed/tests"):
        for path in (paths.CHECKOUT / folder).rglob("test_*.py"):
            folders.add("/".join(path.relative_to(paths.CHECKOUT).parts[:2]))
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            names += [
                node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            ]
    assert len(names) > 1000
    assert [name for name in names if len(name.split("_")) < 4] == []
    checklist = TEXT.partition("### Add a test")[2].partition("###")[0]
    assert [folder for folder in folders if f"`{folder}`" not in checklist] == []


def test_ci_runs_no_more_tests_of_the_long_kinds_than_fit_into_ten_minutes() -> None:
    groups = {"tests/engine/": 60, "tests/docker/": 18, "testbed/tests/test_machine.py": 4}
    words = ["-m", "pytest", *groups, "-m", "not slow", "--collect-only", "-q", "-p", "no:cacheprovider"]
    found = subprocess.run([sys.executable, *words], cwd=paths.CHECKOUT, capture_output=True, text=True, check=True)
    counts = re.findall(r"^(\S+\.py): (\d+)$", found.stdout, re.MULTILINE)
    for group, most in groups.items():
        assert 0 < sum(int(count) for path, count in counts if path.startswith(group)) <= most, found.stdout


def test_the_way_back_is_tried_to_one_of_the_two_newest_releases() -> None:
    released = re.findall(r"^## (\d+\.\d+\.\d+)", (paths.CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)
    tried = (paths.CHECKOUT / "tests" / "engine" / "test_previous_release.py").read_text()
    # The commit of a release is known once it is made.
    assert any(f"#: The commit of release {release}.\n" in tried for release in released[:2])


def test_no_file_of_the_program_has_more_than_300_lines() -> None:
    folders = ("settings", "live", "survey", "components", "delivery", "package", "pipeline", "policy")
    files = [path for folder in folders for path in (paths.CHECKOUT / folder).rglob("*.py")]
    long = {str(path.relative_to(paths.CHECKOUT)) for path in files if len(path.read_text().splitlines()) > 300}
    assert long == set()


#: Each folder of the program, and those that it may import from.
MAY_IMPORT = {
    "settings": set(),
    "live": {"settings"},
    "survey": {"settings", "live"},
    "delivery": {"settings", "live"},
    "components": {"settings", "live", "survey", "delivery"},
    "package": {"settings", "live", "survey", "components", "delivery"},
}


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_imports_go_one_way(folder: str) -> None:
    found = {
        f"{path.name}: {name}"
        for path in (paths.CHECKOUT / folder).rglob("*.py")
        for name in _imported(path.read_text())
        if name in {*MAY_IMPORT, "tests", "testbed"} - MAY_IMPORT[folder] - {folder}
    }
    assert found == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    files = [path for folder in (*MAY_IMPORT, "pipeline", "policy") for path in (paths.CHECKOUT / folder).rglob("*.py")]
    # What runs on a host has modules of its own, beside those that it takes along.
    names = {_module(path): path for path in files if "instance" not in path.parts}
    graph = {name: _imported_modules(path.read_text()) & set(names) - {name} for name, path in names.items()}
    # Raises CycleError.
    assert set(TopologicalSorter(graph).static_order()) == set(names)


@pytest.mark.parametrize("folder", ["settings", "live"])
def test_what_knows_no_resources_does_not_import_pulumi(folder: str) -> None:
    found = {
        path.name
        for path in (paths.CHECKOUT / folder).rglob("*.py")
        if any(name.startswith("pulumi") for name in _imported(path.read_text()))
    }
    assert found == ({"loader.py"} if folder == "settings" else set())


def _imported(text: str) -> set[str]:
    """The top packages that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names


def _module(path: Path) -> str:
    """A module's name."""
    return ".".join(path.relative_to(paths.CHECKOUT).with_suffix("").parts).removesuffix(".__init__")


def _imported_modules(text: str) -> set[str]:
    """What a module imports, wherever in it: modules, and names that may be modules."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= submodules | {node.module}
    return names
