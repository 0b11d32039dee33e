"""The stack's outputs: an interface for other programs, so each has a name, a type and a meaning that stay.

They are declared at the components: :class:`components.studios_base.Studios` has those of all targets.
"""

from __future__ import annotations

from typing import get_origin

from components.described import Described, described_fields
from components.studios import whole
from settings.targets import ALL_TITLES, TITLES


def outputs_of(target: str) -> list[Described]:
    """Returns the outputs of a stack for the target."""
    return described_fields(whole(target))


def kind_of(output: Described) -> str:
    """Returns what an output holds, in a word: ``string`` or ``object``."""
    return "object" if get_origin(output.type) is dict else "string"


def outputs_table() -> str:
    """Returns the outputs as a Markdown table: first those of all targets, then those of one."""
    of_target = {target: {output.name: output for output in outputs_of(target)} for target in TITLES}
    rows = {}
    for outputs in of_target.values():
        for name, output in outputs.items():
            targets = [title for target, title in TITLES.items() if name in of_target[target]]
            on = ALL_TITLES if len(targets) == len(TITLES) else " and ".join(targets)
            secret = ", secret" if output.secret else ""
            rows[name] = f"| `{name}` | {kind_of(output)}{secret} | {on} | {output.text} |"
    return "\n".join(["| output | type | on | meaning |", "|-|-|-|-|", *rows.values()])
