"""Programs that use the components through their package."""

from __future__ import annotations

from pathlib import Path

from testbed import paths
from tests.engine.stack import Stack, program_in

PACKAGE = paths.CHECKOUT / "package"
EXAMPLES = paths.CHECKOUT / "examples"


def plugin_in(folder: Path) -> Path:
    """The plugin's folder, by links, to run on the checkout's virtualenv."""
    for name, entry in program_in(PACKAGE).items():
        # What the virtualenv lacks would be installed into it: it lacks nothing.
        if name != "requirements.txt":
            (folder / name).symlink_to(entry)
    return folder


def packaged_stack(
    example: str, folder: Path, plugin: Path, name: str, environment: dict[str, str], config: dict[str, str]
) -> Stack:
    """A stack of an example; its Pulumi.yaml names the plugin's folder."""
    program = program_in(EXAMPLES / example)
    project = program.pop("Pulumi.yaml").read_text()
    assert "studios: ../../package\n" in project
    (folder / "Pulumi.yaml").write_text(project.replace("../../package", str(plugin)))
    return Stack(name, folder, environment, config, program=program).create()
