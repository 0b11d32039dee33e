"""The script with all that it brings along: as a folder, and as one text for Systems Manager."""

from __future__ import annotations

import ast
import base64
import bz2
import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from components.compose_delivery import document_content
from delivery.package import folder_argument, launcher, tools, write_tools
from testbed import paths
from tests.compose_bundle import bundle_of
from tests.delivery.conftest import Installer

LARGEST_DOCUMENT = 65536
"""Bytes, the quota of Systems Manager."""


def write_for_host(folder: Path, bundle: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command that writes script and bundle into a folder."""
    return subprocess.run(
        # Without the program's packages, as a user's own python3 is.
        [paths.PYTHON, "-S", "-m", "delivery", str(folder)],
        input=bundle_of() if bundle is None else bundle,
        capture_output=True,
        text=True,
        check=False,
        cwd=paths.CHECKOUT,
        timeout=30,
    )


def test_the_scripts_are_clean_for_shellcheck(tmp_path: Path) -> None:
    script = tmp_path / "launcher.sh"
    script.write_text(launcher('"$1" --folder x'))
    checker = paths.PYTHON.parent / "shellcheck"
    for path in (paths.CHECKOUT / "delivery/instance/install.sh", script):
        found = subprocess.run([checker, "-s", "sh", path], capture_output=True, text=True, check=False)
        assert found.stdout == "", found.stdout


def test_the_document_is_within_the_quota() -> None:
    assert len(document_content(900)) < LARGEST_DOCUMENT


def test_the_document_brings_each_module_without_its_comments_and_docstrings_and_otherwise_as_it_is() -> None:
    text = launcher("")
    packed = text.split("packed = '''\n")[1].split("'''")[0]
    files = json.loads(bz2.decompress(base64.b64decode(packed)))
    assert files.keys() == tools().keys()
    for name, whole in tools().items():
        if name.endswith(".py"):
            assert ast.unparse(ast.parse(files[name])) == ast.unparse(_without_docstrings(ast.parse(whole))), name
            assert not any(line.lstrip().startswith("#") for line in files[name].splitlines()), name


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for each in ast.walk(tree):
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) and isinstance(each.value.value, str):
            each.value.value = ""
    return tree


def test_the_launcher_runs_the_script_from_anywhere(installer: Installer, tmp_path: Path) -> None:
    script = tmp_path / "launcher.sh"
    script.write_text(launcher(f"uninstall --folder '{tmp_path}/no-such-folder'"))
    finished = subprocess.run(
        ["/bin/sh", script],
        env={
            "PATH": f"{installer.programs}:/usr/bin:/bin",
            "DOCKER_HOST": "unix:///nothing.sock",
            **installer.environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert finished.returncode == 1
    assert "docker" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_folder_with_any_character_reaches_the_script(installer: Installer, tmp_path: Path) -> None:
    folder = f"{tmp_path}/it's {{{{ not }}}} there"
    script = tmp_path / "launcher.sh"
    script.write_text(launcher(f"install --folder '{folder_argument(folder)}' --bundle x"))
    finished = subprocess.run(
        ["/bin/sh", script],
        env={"PATH": f"{installer.programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert f"there is no folder {folder}; write the one with docker-compose.yml" in finished.stderr


def test_what_edits_tower_yml_comes_along_whole(tmp_path: Path) -> None:
    write_tools(tmp_path)
    program = (
        "from live.tower_yml_text import read_entry, restore, set_entry\n"
        "path = ('tower', 'data-studio', 'allowed-workspaces')\n"
        "text = 'mail: {}\\n---\\ntower:\\n  admin: {}\\n'\n"
        "edited = set_entry(text, path, [7])\n"
        "print(edited, restore(edited, read_entry(text, path)) == text)"
    )
    # As the script runs it: no package of this machine's is found.
    command = [sys.executable, "-E", "-s", "-S", "-c", program]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    edited = "mail: {}\n---\ntower:\n  data-studio:\n    allowed-workspaces: [7]\n  admin: {}\n"
    assert finished.stdout == f"{edited} True\n"


def test_words_that_are_wrong_are_named(installer: Installer) -> None:
    for words, said in (
        ((), "write install or uninstall first"),
        (("install", "--colour", "red"), "--colour is not an option"),
        (("install", "--secret", "x"), "write --bundle, or --secret, --version and --region"),
        (("install", "--bundle", "/nowhere"), "/nowhere holds no bundle"),
    ):
        finished = installer.run(*words)
        assert finished.returncode == 1
        assert said in finished.stderr


def test_the_command_writes_the_same_bundle_for_a_host_without_systems_manager(
    installer: Installer, tmp_path: Path
) -> None:
    folder = tmp_path / "written"
    written = write_for_host(folder)
    assert written.returncode == 0, written.stderr
    assert f"sudo sh {folder.name}/install.sh install" in written.stdout
    assert stat.S_IMODE((folder / "bundle/files/data-studios.env").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    shutil.rmtree(installer.tools)
    folder.rename(installer.tools)
    # It is read: what is missing is Docker.
    finished = installer.run("install", "--bundle", str(installer.tools / "bundle"))
    assert "docker" in finished.stderr
    assert "bundle" not in finished.stderr
    for name, text in json.loads(bundle_of())["files"].items():
        assert (installer.tools / "bundle/files" / name).read_text() == text


def test_the_command_refuses_what_is_no_bundle(tmp_path: Path) -> None:
    refused = write_for_host(tmp_path / "written", "")
    assert refused.returncode == 1
    assert "pulumi stack output bundle --show-secrets | python -m delivery FOLDER" in refused.stderr
    assert not (tmp_path / "written").exists()


def test_the_command_says_where_no_folder_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder, path in ((tmp_path / "file", tmp_path / "file"), (tmp_path / "file/x", tmp_path / "file/x/bundle")):
        refused = write_for_host(folder)
        assert refused.stderr.startswith(f"{path}"), refused.stderr
        assert refused.stderr.endswith("Not a directory; write another folder\n"), refused.stderr
        assert refused.returncode == 1


def test_the_command_prints_a_command_for_a_folder_with_spaces(tmp_path: Path) -> None:
    written = write_for_host(tmp_path / "my studios")
    assert written.returncode == 0, written.stderr
    assert "sudo sh 'my studios/install.sh' install --folder <folder of docker-compose.yml> " in written.stdout
    assert written.stdout.endswith(" --bundle 'my studios/bundle'\n")
