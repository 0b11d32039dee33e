"""What a check finds."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

RECENT_MINUTES: Final = 10
"""A container that restarted within this time is not taken for one that stays up."""


class CannotAskError(Exception):
    """The network, or who was asked, keeps a check from its answer. The message is the finding.

    Args:
        message: what failed, and at which address.
        mend: what to do about it.
        unknown: whether the one who was asked is not on a browser's way, such as the API of AWS or of the cluster: what
            a browser meets is checked all the same.
    """

    def __init__(self, message: str, mend: str = "", *, unknown: bool = False) -> None:
        super().__init__(message)
        self.mend, self.unknown = mend, unknown


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Args:
        holds: whether everything is as it should be; None where the check was not asked for.
        text: what was found.
        mend: what to do about it, where it doesn't hold.
        stops: whether the checks that need this one can't be made, where it doesn't hold.
        unknown: whether it doesn't hold only as the one to ask gives no answer.
    """

    holds: bool | None
    text: str
    mend: str = ""
    stops: bool = True
    unknown: bool = False


def good(text: str) -> Finding:
    """A finding that is as it should be."""
    return Finding(True, text)


def bad(text: str, mend: str, *, stops: bool = True) -> Finding:
    """A finding that has to be mended; without ``stops``, the checks that need it are made all the same."""
    return Finding(False, text, mend, stops)


def not_asked(text: str) -> Finding:
    """The check was not made, since it was not asked for; the text says how to ask."""
    return Finding(None, text)


def restarted(count: int) -> str:
    """How often a container restarted that has just done so, in words."""
    return f"{count} times, the last time just now" if count > 1 else "once, just now"


def is_recent(moment: object) -> bool:
    """Whether a moment, as Docker and Kubernetes write it in UTC, is less than that time ago; False for none."""
    try:
        then = datetime.datetime.fromisoformat(f"{str(moment)[:19]}+00:00")
    except ValueError:
        return False
    return datetime.datetime.now(datetime.timezone.utc) - then < datetime.timedelta(minutes=RECENT_MINUTES)
