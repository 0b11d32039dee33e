"""Calls that take as long as they take at AWS, and when which call came: for tests of what happens in between.

``PUT /_testbed/pace`` with ``{"CreateLoadBalancer": 5.0}`` makes each such call wait for five seconds, with
``{"CreateLoadBalancer prod": 5.0}`` only those in which "prod" is sent, and forgets the calls so far. ``GET`` returns
those since: of each a time, an operation, and what was sent, which tells the calls of one install from others'. Other
calls go on meanwhile.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from io import BytesIO
from threading import Lock
from typing import Any, Final
from urllib.parse import parse_qs

PACE: Final = "/_testbed/pace"
_KEPT: Final = 10_000
_RECORDS: Final = re.compile(r"/2013-04-01/hostedzone/[^/]+/rrset/?")


class Pace:
    """The calls of one emulator."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seconds: Mapping[str, float] = {}
        self._calls: list[tuple[float, str, str]] = []

    def set(self, seconds: Mapping[str, float]) -> None:
        """Lets operations take so many seconds, and all others none."""
        with self._lock:
            self._seconds, self._calls = dict(seconds), []

    def calls(self) -> list[tuple[float, str, str]]:
        """The calls so far."""
        with self._lock:
            return list(self._calls)

    def take(self, environ: dict[str, Any]) -> str | None:
        """Notes a call, waits for as long as it takes, and returns its operation, if it is known."""
        operation = operation_of(environ)
        if operation is None:
            return None
        call = (time.time(), operation, _sent(environ))
        with self._lock:
            self._calls = [*self._calls[-_KEPT:], call]
            paced = self._seconds
        seconds = max((each for key, each in paced.items() if _concerns(key, call)), default=0.0)
        if seconds:
            time.sleep(seconds)
        return operation


def _concerns(key: str, call: tuple[float, str, str]) -> bool:
    operation, _, word = key.partition(" ")
    return operation == call[1] and word in call[2]


def operation_of(environ: dict[str, Any]) -> str | None:
    """What a request asks of AWS, where that stands in a form (ELB, EC2, STS), or is a change of a zone's records."""
    if environ["REQUEST_METHOD"] != "POST":
        return None
    if _RECORDS.fullmatch(environ["PATH_INFO"]):
        return "ChangeResourceRecordSets"
    if not str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded"):
        return None
    return next(iter(parse_qs(_sent(environ)).get("Action", [])), None)


def _sent(environ: dict[str, Any]) -> str:
    """The body of a request, which stays to be read."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    return str(body.decode("utf-8", "replace"))


def answer(pace: Pace, environ: dict[str, Any]) -> str:
    """The body of an answer under :data:`PACE`."""
    if environ["REQUEST_METHOD"] == "PUT":
        pace.set(json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}"))
    return json.dumps({"calls": pace.calls()})
