"""A preview as a reviewer reads it: Markdown, with the values that changed and a warning for what is replaced."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.changes import NOT_SHOWN, Change

_PAST = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
#: GitHub refuses a comment of more than 65536 characters.
_MOST_CHARACTERS = 60_000
_MOST_PROPERTIES = 8


def report(stack: str, changes: Sequence[Change]) -> str:
    """The report on a preview that went well."""
    if not changes:
        return f"### `{stack}`: nothing changes\n"
    lines = [f"### `{stack}`: {_summary(changes)}", ""]
    lines += [f"> ⚠️ `{change.name}` is replaced: {change.warning}." for change in changes if change.warning]
    lines += ["", *_HEADER] if len(lines) > 2 else _HEADER
    lines += [_row(change) for change in changes]
    return _fitting("\n".join(lines) + "\n")


def plain(stack: str, changes: Sequence[Change]) -> str:
    """What the report says, for a terminal."""
    if not changes:
        return f"{stack}: nothing changes"
    lines = [f"{stack}: {_summary(changes)}"]
    for change in changes:
        first, *others = _listed(change, _ASKED_FOR) or [""]
        warning = [f"⚠ {change.warning}"] if change.warning else []
        warning += [change.meaning] if change.meaning else []
        lines += [f"  {change.operation:<8}{first}", *(" " * 10 + line for line in [*others, *warning])]
    return "\n".join(lines)


def _summary(changes: Sequence[Change]) -> str:
    counts = Counter(change.operation for change in changes)
    return ", ".join(f"{counts[kind]} {_PAST.get(kind, kind)}" for kind in sorted(counts))


def listed(changes: Sequence[Change]) -> str:
    """What differs between what runs and the program, a line for each: what runs first, then what the program says."""
    # The record of what was found differs only together with the edits, which tell of it in words.
    told = [change for change in changes if not change.type.endswith(":PlatformAsFound")] or changes
    return "\n".join(line for change in told for line in _listed(change))


def failure(stack: str, output: str) -> str:
    """The report on a preview that failed, with all that the engine printed."""
    # A fence longer than any in the text can't be ended by it.
    longest = max(map(len, re.findall("`+", output)), default=0)
    fence = "`" * max(6, longest + 1)
    return _fitting(f"### `{stack}`: the preview failed\n\n{fence}text\n{output.strip()}\n{fence}\n", f"\n{fence}\n")


PUT_BACK = "what was changed outside of the stack"
"""What an update of unchanged inputs does."""
_MISSING = {"create": "does not exist", "delete": "is no longer in the program"}
_ASKED_FOR = {"create": "", "delete": "", "replace": ""}
"""The same where it is what a preview is asked for, which its operation says."""
_HEADER = ["| operation | resource | type | what changes |", "|-|-|-|-|"]


def _row(change: Change) -> str:
    return f"| {change.operation} | `{change.name}` | `{short_type(change.type)}` | {'<br>'.join(_cell(change))} |"


def _cell(change: Change) -> list[str]:
    if change.words:
        return [_code(line) for line in change.words.splitlines()]
    shown = [_property(path, *values) for path, values in list(change.properties.items())[:_MOST_PROPERTIES]]
    left_out = len(change.properties) - len(shown)
    if left_out > 0:
        shown.append(f"and {left_out} more")
    if change.meaning is not None:
        return [*shown, change.meaning]
    if not shown and change.operation == "update":
        return [PUT_BACK]
    return shown


def short_type(token: str) -> str:
    """A type token without what it says twice: ``aws:route53:Record`` for ``aws:route53/record:Record``."""
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    folder, _, file = module.rpartition("/")
    if file.lower() != name.lower():
        return token
    return ":".join([package, *([folder] if folder not in ("", "index") else []), name])


def _property(path: str, before: str, after: str) -> str:
    if not _tells(before, after):
        return _code(path)
    was, becomes = (each or "none" if each in {"", *NOT_SHOWN} else _code(each) for each in (before, after))
    return f"{_code(path)}: {was} → {becomes}"


def _tells(before: str, after: str) -> bool:
    """Whether one of two values is shown."""
    return not {before, after} <= {"", *NOT_SHOWN}


def _code(text: str) -> str:
    """Text that Markdown takes literally, also within a table."""
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`"


def _fitting(text: str, ending: str = "") -> str:
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[:_MOST_CHARACTERS]}{ending}\nThe rest is in the workflow's log.\n"


def _listed(change: Change, missing: Mapping[str, str] = _MISSING) -> list[str]:
    kind = short_type(change.type)
    if change.words:
        return change.words.splitlines()
    if change.operation in missing:
        return [f"{change.name} ({kind}) {missing[change.operation]}".rstrip()]
    values = [
        f"{change.name} ({kind}): {path}" + (f" {before or 'none'} → {after or 'none'}" * _tells(before, after))
        for path, (before, after) in change.properties.items()
    ]
    return values or [f"{change.name} ({kind}): {PUT_BACK}"]
