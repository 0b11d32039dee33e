"""What previews cost, on the testbed with kwok's nodes: no pod has to start there."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from testbed import lifecycle, paths
from tests.bench import rows
from tests.bench.programs import PLAIN, Project, empty, plain
from tests.bench.rows import Measured, paired
from tests.engine.install import Install
from tests.engine.stack import Stack

#: What the program that only declares the same resources loads of Pulumi's SDK.
_SDK = "\n".join(line for line in PLAIN.read_text().splitlines() if line.startswith("import pulumi"))
#: The SDK loads on demand what a program uses; here it is all loaded, as it is in a run.
_OURS = f"import components.studios, components.studios_on_kubernetes, settings.loader\n{_SDK}"
_TEMPLATE = "public.cr.seqera.io/platform/data-studio-jupyter:4.2.5-0.9"


def load(rounds: int) -> list[Measured]:
    """How long Python takes to import the program."""

    def importing(what: str) -> Callable[[], float]:
        def measure() -> float:
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", what], cwd=paths.CHECKOUT, check=True)
            return time.perf_counter() - began

        return measure

    ours = importing(_OURS)
    return [
        rows.LOAD_SDK.of(paired(ours, importing(_SDK), 2 * rounds)),
        rows.LOAD_PULUMI.of(paired(ours, importing("import pulumi"), 2 * rounds)),
    ]


def preview(rounds: int, folder: Path) -> list[Measured]:
    """A preview that finds nothing to change, beside the least that any program costs."""
    with _studios("bench", folder) as stack:
        ours = _project(stack)
        nothing = empty(folder / "empty", ours.variables)
        same = plain(folder / "plain", ours)
        return [
            rows.PREVIEW_EMPTY.of(paired(ours.preview, nothing.preview, rounds)),
            rows.PREVIEW_PLAIN.of(paired(ours.preview, same.preview, rounds)),
            rows.OWN_CODE.of([ours.own_share() for _ in range(rounds)]),
            rows.MEMORY.of(paired(ours.megabytes, same.megabytes, rounds)),
        ]


def stacks(rounds: int, folder: Path) -> list[Measured]:
    """A preview of a stack before and after four others are beside it, two of which have many templates."""
    with ExitStack() as made:

        def studios(name: str, **settings: object) -> Project:
            return _project(made.enter_context(_studios(name, folder, **settings)))

        few = studios("bench-4", studioTemplates=_templates(4))
        few.preview()
        only = [few.preview() for _ in range(rounds)]
        some, many = (studios(f"bench-{count}", studioTemplates=_templates(count)) for count in (40, 400))
        for number in range(2):
            studios(f"bench-beside-{number}")
        few.preview()
        beside = [few.preview() for _ in range(rounds)]
        return [
            rows.TEMPLATES_40.of(paired(some.preview, few.preview, rounds)),
            rows.TEMPLATES_400.of(paired(many.preview, few.preview, rounds)),
            rows.STACKS.of(list(zip(beside, only, strict=True))),
        ]


def _templates(count: int) -> dict[str, dict[str, str]]:
    return {f"T{number:03}": {"repository": _TEMPLATE, "tool": "jupyter"} for number in range(count)}


@contextmanager
def _studios(name: str, folder: Path, **settings: object) -> Iterator[Stack]:
    """Studios beside a Platform install of its own."""
    variables = lifecycle.environment()
    install = Install(name, variables)
    lifecycle.platform(install.namespace, install.host)
    stack = Stack(name, folder / name, variables, {**install.settings(), **settings}).create()
    try:
        stack.up().ok()
        yield stack
    finally:
        stack.destroy()
        stack.remove()
        install.remove()


def _project(stack: Stack) -> Project:
    variables: Mapping[str, str] = stack.environment
    return Project(stack.folder, stack.name, variables)
