"""The commands of the documents, run as they are printed, at a terminal, as a new user does."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbed import paths
from testbed.platform.shapes import GUIDE
from testbed.traffic.process import missing
from testbed.traffic.site import Site
from tests.engine.conftest import NewInstall
from tests.engine.install import Install
from tests.engine.stack import PROGRAM, Stack
from tests.unit.test_commands_in_documents import blocks

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=f"this machine lacks {missing()}")]

#: What a clone has besides the program that Pulumi runs.
CLONED = ("Makefile", "Pulumi.dev.yaml", "pipeline", "requirements-test.txt")
#: The first commands of a route make the clone and its virtualenv: both exist here.
MADE = re.compile(r"^ *(git clone|pulumi install).*\n", re.MULTILINE)
#: An editor that gives the keys of a stack's file their values, and takes out those that this install does without.
EDITOR = """#!{python}
import json, sys
from ruamel.yaml import YAML
yaml, path = YAML(), sys.argv[1]
document = yaml.load(open(path))
for key, value in json.loads({values!r}).items():
    document["config"][key] = value
document["config"].pop("seqera-studios:eksCluster")
yaml.dump(document, open(path, "w"))
"""


@dataclass
class Route:
    """A folder like a clone, and a terminal in it."""

    install: Install
    stack: Stack
    variables: dict[str, str]
    #: The install before anything was done.
    before: dict[str, Any]

    def run(self, document: str, containing: str) -> str:
        """Runs the commands of the one block of a document that has this text, and returns what was printed."""
        found = [each for each in blocks(paths.CHECKOUT / document, "") if containing in each]
        assert len(found) == 1, f"{document} has {len(found)} blocks with {containing}"
        script = self.stack.folder / "block.sh"
        script.write_text(MADE.sub("", found[0]))
        # Pulumi asks at a terminal: who reads a document answers yes.
        environment = {**os.environ, **self.variables, "PULUMI_SKIP_CONFIRMATIONS": "true"}
        finished = subprocess.run(
            ["script", "-qec", f"stty rows 40 cols 80; bash -e {script}", "/dev/null"],
            cwd=self.stack.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert finished.returncode == 0, f"{found[0]}\n{finished.stdout[-4000:]}"
        return finished.stdout


@pytest.fixture(scope="module")
def route(
    new_install: NewInstall, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Route]:
    install, folder = new_install("documents", shape=GUIDE), tmp_path_factory.mktemp("clone")
    entries = {name: paths.CHECKOUT / name for name in (*PROGRAM, *CLONED)}
    stack = Stack("prod", folder, environment, program=entries)
    stack.link_program()
    for name in ("requirements.txt", "requirements-test.txt"):
        # Older than the virtualenv, so that make doesn't install it again.
        (folder / name).unlink()
        (folder / name).write_bytes((paths.CHECKOUT / name).read_bytes())
        os.utime(folder / name, (0, 0))
    editor = folder / "editor"
    settings = install.settings().items()
    values = {key if ":" in key else f"seqera-studios:{key}": value for key, value in settings}
    editor.write_text(EDITOR.format(python=paths.PYTHON, values=json.dumps(values)))
    editor.chmod(0o755)
    site = Site(environment, install.namespace, tmp_path_factory.mktemp("traffic"), f"https://connect.{install.host}")
    try:
        variables = {**environment, **site.verify_variables(), "EDITOR": str(editor)}
        yield Route(install, stack, variables, install.objects())
    finally:
        site.close()
        stack.destroy()
        stack.pulumi("stack", "rm", "prod", "--yes", "--force", "--preserve-config")


# The tests of this file are steps of one life, in this order.


def test_the_readme_leads_from_nothing_to_a_stack_that_works(route: Route) -> None:
    route.run("README.md", "cp Pulumi.dev.yaml")
    shown = route.run("README.md", "pulumi up")
    assert "Everything that was asked holds: 23 hold, 0 do not" in shown
    # At a terminal, and as wide as one.
    assert "\x1b[32m✓\x1b[0m WebSocket echo" in shown


def test_each_task_on_a_stack_is_done_by_the_commands_of_its_document(route: Route) -> None:
    route.run("docs/rotate.md", "pulumi config set rsaRotation")
    assert "26.1" in route.run("docs/upgrade.md", "platformVersion")
    route.run("docs/upgrade.md", "connectVersion")
    assert route.stack.outputs()["connectVersion"] == "0.11.1"


def test_what_the_readme_made_is_removed_by_the_commands_of_its_document(route: Route) -> None:
    shown = route.run("docs/destroy.md", "make destroy")
    assert f"What the destroy restores in Platform, in namespace {route.install.namespace}:" in shown
    assert route.install.objects() == route.before
