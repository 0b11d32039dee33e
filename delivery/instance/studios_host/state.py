"""What the script remembers between its runs."""

from __future__ import annotations

from dataclasses import dataclass, field

LEAVING = "leaving"
"""Stands for the backup in the state of a run that takes away."""


@dataclass
class State:
    """What is installed: `files` are paths, relative to the folder where they are in it.

    `backup` is the copy to put back if a run did not come to its end; empty where the last one did. `running` are then
    the services of Platform that ran when it began. While a run takes away, `backup` is `LEAVING`.
    """

    files: list[str] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)
    backup: str = ""
    interrupted: bool = False
    tower_yml: str = ""
    running: list[str] = field(default_factory=list)

    @property
    def is_leaving(self) -> bool:
        """Whether a run that takes away did not come to its end."""
        return self.backup == LEAVING

    @property
    def platform(self) -> tuple[str, ...]:
        """The names of cron and backend, where something is installed."""
        return tuple(self.parameters["platform_services"].split())

    @property
    def studios(self) -> tuple[str, ...]:
        """The names of Connect's services, where something is installed."""
        return tuple(self.parameters["studios_services"].split())
