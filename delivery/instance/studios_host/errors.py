"""How a run ends that does nothing more."""

from __future__ import annotations


class RefusedError(Exception):
    """The run stops here; the message says why, and what to do."""


class PutBackError(RefusedError):
    """The run had begun to change something; the message says what became of it."""
