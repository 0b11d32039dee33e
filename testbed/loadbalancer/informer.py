"""Keeps up-to-date copies of Kubernetes objects by list and watch, also through a restart of the API server."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Any

import urllib3
from kubernetes import watch
from kubernetes.client import ApiException

from testbed.loadbalancer.objects import Json

log = logging.getLogger(__name__)
_RETRY_SECONDS = 1.0
#: The API server ends a watch after this long; the client gives up a little later if it doesn't.
_WATCH_SECONDS = 240
#: Connect and read, in seconds.
_LIST_TIMEOUT = (5, 30)
_WATCH_TIMEOUT = (5, _WATCH_SECONDS + 30)


class Informer(Thread):
    """All objects of one kind.

    Args:
        name: of the kind, for the log.
        list_function: a list function of the Kubernetes client.
        changed: set whenever an object was added, changed or removed.
        stop: ends the thread.
    """

    def __init__(self, name: str, list_function: Callable[..., Any], changed: Event, stop: Event) -> None:
        super().__init__(name=f"informer-{name}", daemon=True)
        self._kind = name
        self._list_function = list_function
        self._changed = changed
        self._end = stop
        self._lock = Lock()
        self._objects: dict[str, Json] = {}
        self._synced = Event()

    @property
    def synced(self) -> bool:
        """Whether the objects have been listed once."""
        return self._synced.is_set()

    def objects(self) -> list[Json]:
        """The copies, as the API's JSON."""
        with self._lock:
            return list(self._objects.values())

    def run(self) -> None:
        """Lists, watches, and begins anew when the watch ends, until it is told to stop."""
        while not self._end.is_set():
            try:
                self._watch(self._list())
            except (ApiException, urllib3.exceptions.HTTPError, OSError, ValueError, KeyError) as error:
                log.info("watching %s: %s; beginning anew", self._kind, _summary(error))
                self._end.wait(_RETRY_SECONDS)

    def _list(self) -> str:
        response = self._list_function(_preload_content=False, _request_timeout=_LIST_TIMEOUT)
        listing = json.loads(response.data)
        with self._lock:
            self._objects = {item["metadata"]["uid"]: item for item in listing["items"]}
        self._synced.set()
        self._changed.set()
        return str(listing["metadata"]["resourceVersion"])

    def _watch(self, resource_version: str) -> None:
        events = watch.Watch().stream(
            self._list_function,
            resource_version=resource_version,
            timeout_seconds=_WATCH_SECONDS,
            _request_timeout=_WATCH_TIMEOUT,
            deserialize=False,
        )
        for event in events:
            if self._end.is_set():
                return
            uid = event["object"]["metadata"]["uid"]
            with self._lock:
                if event["type"] == "DELETED":
                    self._objects.pop(uid, None)
                else:
                    self._objects[uid] = event["object"]
            self._changed.set()


def _summary(error: Exception) -> str:
    """One line; an ApiException's own text is the whole answer with its headers."""
    if isinstance(error, ApiException):
        return f"{error.status} {error.reason}"
    return f"{type(error).__name__}: {error}".splitlines()[0]
