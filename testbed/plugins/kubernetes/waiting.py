"""Waiting until an object is as it should be: one loop for every kind of readiness."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from testbed.plugins.kubernetes.client import ApiError, Cluster
from testbed.plugins.kubernetes.kinds import Object
from testbed.plugins.kubernetes.metadata import TIMEOUT_SECONDS, annotation, name_of, namespace_of

#: Seconds, as the official provider has it.
DEFAULT_TIMEOUT: Final = 600.0
#: Seconds between two looks: quick enough that nobody notices, slow enough for a small API server.
_INTERVAL: Final = 0.25


class AwaitError(Exception):
    """The object did not become ready. ``reasons`` are what the user reads, one line each."""

    def __init__(self, summary: str, obj: Object, reasons: list[str]) -> None:
        super().__init__(summary)
        self.obj = obj
        self.reasons = list(dict.fromkeys(reasons))


@dataclass(frozen=True)
class Waiter:
    """Looks at live objects until they are as wanted.

    Args:
        cluster: where they live.
        cancelled: set when the engine goes away; every wait then ends with an :class:`AwaitError`.
    """

    cluster: Cluster
    cancelled: threading.Event

    def ready(
        self, obj: Object, is_ready: Callable[[Object], bool], explain: Callable[[Object], list[str]], timeout: float
    ) -> Object:
        """The live object, once ``is_ready`` of it.

        Raises:
            AwaitError: after ``timeout`` seconds, with what ``explain`` says of the last live object.
        """
        deadline = time.monotonic() + timeout
        while True:
            live = self._live(obj)
            if live is None:
                raise AwaitError(f"'{name_of(obj)}' was deleted while waiting for it to be Ready", obj, [])
            if is_ready(live):
                return live
            self._pause(live, explain, deadline)

    def gone(self, obj: Object, timeout: float) -> None:
        """Returns when the object, or at least the one with its uid, is no more."""
        deadline = time.monotonic() + timeout
        uid = obj.get("metadata", {}).get("uid")
        while (live := self._live(obj)) is not None and uid in (None, live["metadata"]["uid"]):
            self._pause(live, _why_still_there, deadline)

    def _live(self, obj: Object) -> Object | None:
        try:
            return self.cluster.get(obj["apiVersion"], obj["kind"], namespace_of(obj), name_of(obj))
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def _pause(self, live: Object, explain: Callable[[Object], list[str]], deadline: float) -> None:
        if self.cancelled.wait(_INTERVAL):
            raise AwaitError(f'Resource operation was cancelled for "{name_of(live)}"', live, explain(live))
        if time.monotonic() >= deadline:
            what = "deleted" if live["metadata"].get("deletionTimestamp") else "Ready"
            raise AwaitError(f"'{name_of(live)}' timed out waiting to be {what}", live, explain(live))


def timeout_of(obj: Object, custom: float) -> float:
    """Seconds to wait: the resource option, else the annotation, else ten minutes."""
    if custom:
        return custom
    annotated = annotation(obj, TIMEOUT_SECONDS)
    return float(annotated) if annotated.isdecimal() else DEFAULT_TIMEOUT


def _why_still_there(live: Object) -> list[str]:
    finalizers = live["metadata"].get("finalizers") or ()
    return [f"finalizer {finalizer} has not been removed" for finalizer in finalizers]
