"""The data plane's process: it gets plans, and tells what became of them and of the targets."""

from __future__ import annotations

import json
import logging
import queue
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Any

from testbed.errors import TestbedError

log = logging.getLogger(__name__)
_SECONDS_TO_APPLY = 60

Health = dict[str, Any]


class DataPlane:
    """The program ``dataplane``, running.

    Args:
        command: its command line.
        on_health: is called for each change of a target's state, from another thread.
    """

    def __init__(self, command: Sequence[str], on_health: Callable[[Health], None]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._on_health = on_health
        self._applied: queue.Queue[dict[str, Any]] = queue.Queue()
        self._serial = 0
        threading.Thread(target=self._read, daemon=True).start()

    def apply(self, plan: dict[str, Any]) -> list[str]:
        """Puts a plan in force, checks each target once, and returns what of the plan could not be done.

        Raises:
            TestbedError: the data plane has ended, or doesn't answer.
        """
        self._serial += 1
        try:
            print(json.dumps({"Serial": self._serial, **plan}), file=self._stdin, flush=True)
            event = self._applied.get(timeout=_SECONDS_TO_APPLY)
        except (BrokenPipeError, queue.Empty):
            raise TestbedError("the load balancers' data plane does not answer; its log says why") from None
        problems: list[str] = event.get("problems", [])
        return problems

    def _read(self) -> None:
        for line in self._stdout or ():
            event = json.loads(line)
            if "health" in event:
                try:
                    self._on_health(event["health"])
                except Exception:
                    log.exception("no target group was told of %s", event["health"])
            else:
                self._applied.put(event)

    def close(self) -> None:
        """Ends it."""
        if self._stdin:
            self._stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
