"""One container as a local process: started, watched, started again, and told of as a kubelet does."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_connection
from typing import Any

from testbed.traffic.container import NotStartedError, Spec

Object = Mapping[str, Any]
_LONGEST_BACK_OFF, _GRACE = 8.0, 5.0
_SAID = 2000


@dataclass
class Running:
    """A container.

    Args:
        pod: its pod, as the API server has it.
        container: its entry in the pod's spec.
        command: the program in place of the image's.
        variables: what the program needs beside the pod's own environment, to run here.
        address: the pod's address here.
        root: the folder for its files and its log.
        spec: what a kubelet makes of the entry.
        ports: where on loopback a port is served by another number.
    """

    pod: Object
    container: Object
    command: Sequence[str]
    variables: Mapping[str, str]
    address: str
    root: Path
    spec: Spec
    ports: Mapping[int, int]
    restarts: int = 0
    ready: bool = False
    _process: subprocess.Popen[bytes] | None = None
    _waiting: dict[str, str] = field(default_factory=dict)
    _last: dict[str, Any] = field(default_factory=dict)
    _not_before: float = 0.0
    _began: str = ""

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.root.with_suffix(".log")

    def step(self) -> None:
        """Starts it if it is due, notices its end, and probes it."""
        if self._process is not None and self._process.poll() is not None:
            self._note_end(self._process.returncode)
        if self._process is None and time.monotonic() >= self._not_before:
            self._start()
        self.ready = self._process is not None and self._probe()

    def _start(self) -> None:
        try:
            environment = self.spec.environment()
            shutil.rmtree(self.root, ignore_errors=True)
            self.root.mkdir(parents=True)
            self.spec.write_files(self.root)
        except NotStartedError as error:
            self._waiting = {"reason": "CreateContainerConfigError", "message": str(error)}
            self._not_before = time.monotonic() + 1
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.command, *self.container.get("args", [])],
                env={"PATH": os.environ.get("PATH", ""), **environment, **self.variables},
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._waiting, self._began = {}, _now()

    def _note_end(self, code: int) -> None:
        self._process = None
        self.restarts += 1
        self._last = {
            "exitCode": code if code >= 0 else 128 - code,
            "reason": "Completed" if code == 0 else "Error",
            "startedAt": self._began,
            "finishedAt": _now(),
            "message": self._said(),
        }
        wait = min(2.0 ** (self.restarts - 1), _LONGEST_BACK_OFF)
        self._not_before = time.monotonic() + wait
        name, pod = self.container["name"], self.pod["metadata"]["name"]
        message = f"back-off {wait:.0f}s restarting failed container={name} pod={pod}"
        self._waiting = {"reason": "CrashLoopBackOff", "message": message}

    def _said(self) -> str:
        return self.log.read_text(errors="replace")[-_SAID:]

    def _probe(self) -> bool:
        probe = self.container.get("readinessProbe") or {}
        try:
            if check := probe.get("tcpSocket"):
                create_connection((self.address, self.port(check["port"])), timeout=1).close()
            elif check := probe.get("httpGet"):
                url = f"http://{self.address}:{self.port(check['port'])}{check.get('path', '/')}"
                urllib.request.urlopen(url, timeout=2).close()
        except (OSError, urllib.error.URLError):
            return False
        return True

    def port(self, given: int | str) -> int:
        """Where a port of the container, by its number or its name, is served here."""
        named = {each.get("name"): each["containerPort"] for each in self.container.get("ports", [])}
        number = int(named.get(given, given))
        return self.ports.get(number, number)

    def status(self) -> dict[str, Any]:
        """The container's status, as the API has it."""
        state = {"running": {"startedAt": self._began}} if self._process else {"waiting": self._waiting}
        return {
            "name": self.container["name"],
            "image": self.container["image"],
            "imageID": self.container["image"],
            "ready": self.ready,
            "started": self._process is not None,
            "restartCount": self.restarts,
            "state": state,
            "lastState": {"terminated": self._last} if self._last else {},
        }

    def stop(self) -> None:
        """Ends it as a kubelet does, and removes its files."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.root, ignore_errors=True)


def place(address: str, hostname: str, resolver: str, root: Path | None, ports: Mapping[int, int]) -> str:
    """The variable with which the stand-in program finds its way as a plain process."""
    return json.dumps(
        {
            "Address": address,
            "Hostname": hostname,
            "Resolver": resolver,
            "Root": str(root or ""),
            "Ports": {str(port): str(other) for port, other in ports.items()},
        }
    )


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
