"""Which workspaces have Studios today: an adoption opens it to no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from live.tower_yml_place import path_of
from live.tower_yml_text import Entry, TowerYmlError, read_entry
from settings.errors import Problem, SettingsError
from settings.host_names import ALLOWED_WORKSPACES_ENTRY
from settings.model import Settings
from survey.effective_environment import Value

_ALL, _NONE = "all", "none"
_HAS_IT = "has it"


@dataclass(frozen=True)
class Restriction:
    """What Platform does today, in the form of `allowedWorkspaces`.

    Args:
        workspaces: ``all``, ``none`` or ids; None where it can't be told.
        source: where that is: ``tower.yml in ConfigMap/tower-yml``.
        how: what the source says, or why it tells nothing.
    """

    workspaces: str | list[int] | None
    source: str
    how: str

    def setting(self) -> str | list[int]:
        """What keeps it.

        Raises:
            SettingsError: it can't be told.
        """
        if self.workspaces is None:
            message = (
                "must say which workspaces have Studios, for example [1, 2] or none, since "
                f"{self.source} {self.how}; for all of them, write that in Platform"
            )
            raise SettingsError([Problem("allowedWorkspaces", None, message)])
        return self.workspaces


def restriction(variable: Value | None, tower_yml: str, file: str, backend: str, given: Settings) -> Restriction:
    """The restriction that is in force: the variable wins over tower.yml, which Platform reads up to 25.3.

    Args:
        variable: as backend has it; None where it has none.
        tower_yml: the text of the file.
        file: what the file is called in the table.
        backend: what backend is called there.
        given: the stack's settings.
    """
    if variable is not None:
        if variable.text is None:
            return Restriction(None, variable.source, "has a value that is not read")
        return _of_text(variable.text, variable.source)
    if given.tower_yml_workspaces is None:
        return Restriction(_ALL, backend, "has no variable for it")
    try:
        return _of_entry(read_entry(tower_yml, path_of(ALLOWED_WORKSPACES_ENTRY)), file)
    except TowerYmlError as error:
        return Restriction(None, file, str(error))


def _of_entry(entry: Entry, file: str) -> Restriction:
    if not entry.present or entry.value == []:
        # Up to 25.3, no workspace has Studios until one is named.
        return Restriction(_NONE, file, "names none")
    if entry.value is None:
        return Restriction(_ALL, file, _HAS_IT)
    items = entry.value if isinstance(entry.value, list) else [entry.value]
    return _of_text(",".join(map(str, items)), file)


def _of_text(text: str, source: str) -> Restriction:
    items = [each.strip() for each in text.split(",")] if text.strip() else []
    if not all(each.isascii() and each.isdigit() for each in items):
        return Restriction(None, source, "has a value that is not a list of ids")
    return Restriction([int(each) for each in items] or _NONE, source, _HAS_IT)


def told(found: Restriction, decided: Settings, *, is_given: bool) -> tuple[bool, str]:
    """Whether it stays, and what the table says of it.

    Args:
        found: what is in force.
        decided: the settings with what the adoption adds.
        is_given: whether the stack's file says it.
    """
    ours, theirs = _shown(decided.allowed_workspaces), _shown(found.workspaces)
    if is_given and ours != theirs:
        there = f"what {found.source} has" if found.workspaces is None else f"{theirs} of {found.source}"
        return False, f"{there} becomes {ours}, as allowedWorkspaces says"
    return True, f"{theirs}, {'as' if found.how == _HAS_IT else 'since'} {found.source} {found.how}"


def _shown(workspaces: str | Sequence[int] | None) -> str:
    if workspaces is None or isinstance(workspaces, str):
        return workspaces or "unknown"
    return ", ".join(map(str, sorted(workspaces)))
