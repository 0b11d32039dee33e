"""The messages of the package's plugin, in a test."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from settings import remedies


def speaking_of_arguments() -> AbstractContextManager[Any]:
    """For a while, messages are for users who write arguments."""
    return mock.patch.object(remedies._interface, "arguments", True)
