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
    example: str,
    folder: Path,
    plugin: Path,
    name: str,
    environment: dict[str, str],
    config: dict[str, str],
    secrets: dict[str, str] | None = None,
) -> Stack:
    """A stack of an example as it lies in the checkout: its Pulumi.yaml finds the plugin two folders further up."""
    (folder / "package").symlink_to(plugin)
    place = folder / "examples" / example
    place.mkdir(parents=True)
    program = program_in(EXAMPLES / example)
    (place / "Pulumi.yaml").write_text(program.pop("Pulumi.yaml").read_text())
    return Stack(name, place, environment, config, secrets or {}, program=program).create()


def change_program(stack: Stack, old: str, new: str) -> None:
    """Changes the program of a stack, at the one place that has these words."""
    file = stack.folder / "Pulumi.yaml"
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
