"""The checklists of CONTRIBUTING.md: what they name exists, and a step that is forgotten is noticed here."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

import pulumi
import pytest

from components.described import described_fields
from components.own_resource import OwnResource
from components.studios import whole
from components.studios_base import Studios
from package.parts import PARTS
from package.provider import VERSION
from package.schema import arguments_of
from pipeline.adopt.command import module_of
from pipeline.adopt.stack import AdoptionError
from settings.targets import TARGETS
from testbed import paths
from tests.unit.imports import FOLDERS, files_in, graph, imported, imported_by

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
RELEASED = re.findall(r"^## (\d+\.\d+\.\d+)$", (paths.CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)
"""The releases of the program, the newest first."""


#: What tests/upgrade/make.py writes.
STATE_OF_A_RELEASE = (
    "package-schema.json",
    "kubernetes/state.json",
    "kubernetes/platform.json",
    "kubernetes/Pulumi.upgrade.yaml",
    "compose/state.json",
    "compose/Pulumi.upgrade.yaml",
)


def modules() -> Iterator[tuple[str, Any]]:
    for path in sorted(COMPONENTS.glob("*.py")):
        if path.stem != "__init__":
            yield path.stem, importlib.import_module(f"components.{path.stem}")


def classes(module: Any, base: type) -> list[type]:
    own = (each for _, each in inspect.getmembers(module, inspect.isclass) if each.__module__ == module.__name__)
    return [each for each in own if issubclass(each, base)]


def all_components() -> dict[str, type]:
    return {each.__name__: each for _, module in modules() for each in classes(module, pulumi.ComponentResource)}


def all_arguments() -> dict[str, type]:
    """The classes of arguments that are given to something: bases of them are not."""
    found = [each for _, module in modules() for each in classes(module, object) if each.__name__.endswith("Args")]
    return {each.__name__: each for each in found if not set(each.__subclasses__()) & set(found)}


def calls_of(name: str, files: Collection[str] = COMPOSITIONS) -> list[ast.Call]:
    """The calls of a class in the modules that put everything together, or in others."""
    trees = (ast.parse((COMPONENTS / file).read_text()) for file in files)
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [node for node in nodes if isinstance(node.func, ast.Name) and node.func.id == name]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([a-z_]+/[\w/.…]*)`", TEXT))))
def test_each_path_that_it_names_exists(path: str) -> None:
    pattern = path.rstrip("/").replace("…", "*")
    assert list(paths.CHECKOUT.glob(pattern)), (
        f"CONTRIBUTING.md names {path}, which does not exist: write where it is now"
    )


def test_each_target_of_make_that_it_names_exists() -> None:
    rules = set(re.findall(r"^([a-z-]+):", (paths.CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    named = {word for line in re.findall(r"make ([a-z -]+)", TEXT) for word in line.split()[:2]}
    assert {"test", "check", "unit", "docs"} <= named & rules


def test_a_file_has_at_most_one_component() -> None:
    several = [name for name, module in modules() if len(classes(module, pulumi.ComponentResource)) > 1]
    assert several == [], "move all but one component of these modules into files of their own"


def test_a_component_is_offered_by_the_package_or_it_is_said_why_not() -> None:
    told = {*PARTS, *NOT_OFFERED}
    assert set(all_components()) - told == set(), (
        "write these components into PARTS of package/parts.py and the table of docs/package.md, or into NOT_OFFERED "
        "of this test with the reason"
    )
    assert told - set(all_components()) == set(), "remove these from PARTS of package/parts.py or NOT_OFFERED"
    assert set(PARTS) & set(NOT_OFFERED) == set(), "the package offers these: remove them from NOT_OFFERED"


@pytest.mark.parametrize("name", [*PARTS, *sorted(WHOLES)])
def test_a_component_of_the_package_is_in_its_document(name: str) -> None:
    document = (paths.CHECKOUT / "docs" / "package.md").read_text()
    found = re.search(rf"^\|.*`{name}`.*\|", document, re.MULTILINE)
    assert found, f"write a row for {name} into the table of docs/package.md"


@pytest.mark.parametrize("name", sorted(set(all_components()) - WHOLES - {"Studios"}))
def test_a_component_has_its_place_and_a_test(name: str) -> None:
    assert calls_of(name), (
        f"nothing makes a {name}: give it its place in components/studios_on_kubernetes.py or studios_on_compose.py"
    )
    tests = (path.read_text() for path in (paths.CHECKOUT / "tests" / "unit" / "components").glob("test_*.py"))
    named = any(re.search(rf"\b{name}\b", text) for text in tests)
    assert named, f"no unit test names {name}: write one into tests/unit/components/"


@pytest.mark.parametrize("name", sorted(all_arguments()))
def test_an_argument_of_a_component_is_handed_over(name: str) -> None:
    of_a_part = name in {arguments_of(part).__name__ for part in PARTS.values()}
    files = COMPOSITIONS if of_a_part else [path.name for path in COMPONENTS.glob("*.py")]
    where = f": {', '.join(COMPOSITIONS)}" if of_a_part else ""
    given = {keyword.arg for call in calls_of(name, files) for keyword in call.keywords}
    left = {field.name for field in dataclasses.fields(all_arguments()[name])} - given
    assert left == set(), f"nothing sets these arguments: hand them over where components/ makes {name}{where}"


@pytest.mark.parametrize("name", sorted(PARTS))
def test_each_argument_and_each_output_of_a_component_has_its_meaning_beneath(name: str) -> None:
    fields = [*described_fields(arguments_of(PARTS[name])), *described_fields(PARTS[name])]
    without = [each.attribute for each in fields if not each.text.endswith(".")]
    assert without == [], f"write what these are as a sentence in quotes beneath each, at {name} or its arguments"


@pytest.mark.parametrize("target", TARGETS)
def test_each_target_has_a_component_and_a_way_to_deploy_it(target: str) -> None:
    assert (COMPONENTS / f"studios_on_{target}.py").exists(), (
        f"write components/studios_on_{target}.py with the class {TARGETS[target].component}, which surveys and deploys"
    )
    component = whole(target)
    assert issubclass(component, Studios)
    assert "deployed" in vars(component), f"write the class method deployed of {component.__name__}"


@pytest.mark.parametrize("target", ["kubernetes", "compose"])
def test_a_studios_that_exists_is_taken_into_a_stack(target: str) -> None:
    assert {"adopt", "remove_old"} <= vars(module_of(target)).keys()


def test_a_target_without_a_module_that_adopts_says_what_to_do_instead() -> None:
    with pytest.raises(AdoptionError, match=r'^target: "nomad" has no way to adopt an earlier Studios; deploy '):
        module_of("nomad")


def test_each_module_with_a_component_of_a_target_has_its_row() -> None:
    modules = {path.stem.removeprefix("studios_on_") for path in COMPONENTS.glob("studios_on_*.py")}
    assert modules - set(TARGETS) == set(), "write a row for these targets into TARGETS of settings/targets.py"


def test_each_resource_of_our_own_has_a_provider_that_states_know_by_its_name() -> None:
    pickled = {f"{each.__module__}.{each.__name__}Provider" for each in OwnResource.__subclasses__()}
    for name in pickled:
        module, _, provider = name.rpartition(".")
        assert hasattr(importlib.import_module(module), provider), f"call the provider {name}: states find it by that"
        assert module.rpartition(".")[2] in TEXT, f"name {module} in CONTRIBUTING.md: states refer to its provider"


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
    assert [name for name in names if len(name.split("_")) < 4] == [], "name these tests by a sentence"
    checklist = TEXT.partition("### Add a test")[2].partition("###")[0]
    unnamed = [folder for folder in folders if f"`{folder}`" not in checklist]
    assert unnamed == [], "name these folders under `Add a test` in CONTRIBUTING.md"


def test_ci_runs_no_more_tests_of_the_long_kinds_than_fit_into_ten_minutes() -> None:
    groups = {"tests/engine/": 60, "tests/docker/": 18, "testbed/tests/test_machine.py": 4}
    words = ["-m", "pytest", *groups, "-m", "not slow", "--collect-only", "-q", "-p", "no:cacheprovider"]
    found = subprocess.run([sys.executable, *words], cwd=paths.CHECKOUT, capture_output=True, text=True, check=True)
    counts = re.findall(r"^(\S+\.py): (\d+)$", found.stdout, re.MULTILINE)
    for group, most in groups.items():
        number = sum(int(count) for path, count in counts if path.startswith(group))
        assert 0 < number <= most, (
            f"mark {number - most} of the tests in {group} with pytest.mark.slow:\n{found.stdout}"
        )


def test_the_newest_release_of_the_changelog_is_the_version_of_the_package() -> None:
    assert RELEASED[0] == VERSION, (
        f"package/provider.py has version {VERSION}, and the newest release in CHANGELOG.md is {RELEASED[0]}: "
        "write the same into both"
    )


def test_each_release_of_the_changelog_has_the_state_that_it_leaves_behind() -> None:
    folder = paths.CHECKOUT / "tests" / "upgrade"
    for release in RELEASED:
        missing = [name for name in STATE_OF_A_RELEASE if not (folder / release / name).exists()]
        assert missing == [], (
            f"tests/upgrade/{release} lacks these: on the code of release {release}, as root, run "
            f"PYTHONPATH=. .venv/bin/python tests/upgrade/make.py tests/upgrade/{release}"
        )
    others = {path.name for path in folder.glob("[0-9]*")} - set(RELEASED)
    assert others == set(), (
        "write a heading `## …` for these releases into CHANGELOG.md: tests/upgrade/ has their states"
    )


def test_the_package_is_added_by_the_tag_of_the_newest_release() -> None:
    document = (paths.CHECKOUT / "docs" / "package.md").read_text()
    tags = set(re.findall(r"/package@v(\S+)", document))
    assert tags == {RELEASED[0]}, f"docs/package.md must add the package by the tag v{RELEASED[0]}"


def test_the_way_back_is_tried_to_one_of_the_two_newest_releases() -> None:
    tried = (paths.CHECKOUT / "tests" / "engine" / "test_previous_release.py").read_text()
    # The commit of a release is known once it is made.
    assert any(f"#: The commit of release {release}.\n" in tried for release in RELEASED[:2]), (
        f"write the commit of release {RELEASED[0]} into EARLIER of tests/engine/test_previous_release.py, with the "
        f"comment `#: The commit of release {RELEASED[0]}.`, and what it makes otherwise into ON and BACK"
    )


def test_no_file_of_the_program_or_the_testbed_has_more_than_300_lines() -> None:
    folders = ("settings", "live", "survey", "components", "delivery", "package", "pipeline", "policy", "testbed")
    tests = paths.CHECKOUT / "testbed" / "tests"
    files = [path for folder in folders for path in files_in(folder) if tests not in path.parents]
    long = {str(path.relative_to(paths.CHECKOUT)) for path in files if len(path.read_text().splitlines()) > 300}
    assert long == set()


#: Each folder of the program, and those that it may import from.
MAY_IMPORT: Mapping[str, set[str]] = {
    "settings": set(),
    "live": {"settings"},
    "survey": {"settings", "live"},
    "delivery": {"settings", "live"},
    "components": {"settings", "live", "survey", "delivery"},
    "package": {"settings", "live", "survey", "components", "delivery"},
    "pipeline": {"settings", "live", "survey", "components", "delivery"},
    "policy": set(),
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_go_one_way(folder: str) -> None:
    found = {
        f"{path.name}: {name}"
        for path in files_in(folder)
        for name in tops(imported_by(path))
        if name in {*FOLDERS, "tests", "testbed"} - MAY_IMPORT[folder] - {folder}
    }
    assert found == set(), (
        f"{folder}/ may import from {sorted(MAY_IMPORT[folder])}: move what these modules share there"
    )


def test_no_modules_import_each_other_in_a_circle() -> None:
    modules = graph()
    # Raises CycleError.
    assert set(TopologicalSorter(modules).static_order()) == set(modules)


@pytest.mark.parametrize(
    ("text", "module", "modules"),
    [
        ("import settings.releases", "settings.versions", {"settings.releases"}),
        ("import settings.releases as rows, live", "settings.versions", {"settings.releases", "live"}),
        (
            "def f():\n    from pipeline.text import shortened",
            "survey.quota",
            {"pipeline.text", "pipeline.text.shortened"},
        ),
        ("from .text import Word", "settings.types.aws", {"settings.types.text", "settings.types.text.Word"}),
        ("from . import text", "settings.types.aws", {"settings.types", "settings.types.text"}),
        ("from .. import hosts", "settings.types.aws", {"settings", "settings.hosts"}),
    ],
)
def test_an_import_is_found_in_each_of_its_forms(text: str, module: str, modules: set[str]) -> None:
    assert imported(text, module) == modules


def test_the_relative_imports_of_a_package_begin_from_itself() -> None:
    assert imported("from .rows import ROWS", "settings.rules", is_package=True) == {
        "settings.rules.rows",
        "settings.rules.rows.ROWS",
    }


@pytest.mark.parametrize("folder", ["settings", "live"])
def test_what_knows_no_resources_does_not_import_pulumi(folder: str) -> None:
    found = {
        path.name for path in files_in(folder) if any(name.startswith("pulumi") for name in tops(imported_by(path)))
    }
    assert found == ({"loader.py"} if folder == "settings" else set())


def tops(names: set[str]) -> set[str]:
    """The packages that modules are in."""
    return {name.partition(".")[0] for name in names}
