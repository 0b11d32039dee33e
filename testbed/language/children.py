"""The processes that the language host starts for the engine, and their output as it comes."""

from __future__ import annotations

import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Final

_SECONDS_TO_END: Final = 3.0
_CHUNK: Final = 64 * 1024

STDOUT: Final = "stdout"
STDERR: Final = "stderr"


class Children:
    """Starts processes and knows those that are still running."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def start(
        self, command: Sequence[str], directory: str, environment: Mapping[str, str], piped: bool = False
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Starts a process without input, which ends with the block. Its output goes to this process's own, from
        where the engine takes it, or with ``piped`` to pipes.

        Raises:
            OSError: it can't be started.
        """
        pipe = subprocess.PIPE if piped else None
        process = subprocess.Popen(
            list(command), cwd=directory, env=dict(environment), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
        with self._lock:
            self._running.add(process)
        try:
            yield process
        finally:
            end_process(process)
            with self._lock:
                self._running.discard(process)

    def end(self, number: int = signal.SIGTERM) -> None:
        """Ends all that still run, with this signal first."""
        with self._lock:
            running = list(self._running)
        for process in running:
            process.send_signal(number)
        # Once: a second interrupt would end what a program does about the first.
        for process in running:
            _wait_for(process)


def end_process(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """Asks a process to end, waits for a moment, then makes it."""
    process.send_signal(number)
    _wait_for(process)


def _wait_for(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def output_of(process: subprocess.Popen[bytes]) -> Iterator[tuple[str, bytes]]:
    """What a process with pipes writes, as it writes it: the stream's name and some bytes, until it closes both."""
    chunks: queue.Queue[tuple[str, bytes] | None] = queue.Queue()

    def read(name: str, stream: IO[bytes]) -> None:
        with stream:
            # `read1` gives what has come, where `read` would wait for more.
            while data := stream.read1(_CHUNK):  # type: ignore[attr-defined]
                chunks.put((name, data))
        chunks.put(None)

    streams = {STDOUT: process.stdout, STDERR: process.stderr}
    open_streams = {name: stream for name, stream in streams.items() if stream is not None}
    for name, stream in open_streams.items():
        threading.Thread(target=read, args=(name, stream), daemon=True).start()
    for _ in open_streams:
        while (chunk := chunks.get()) is not None:
            yield chunk
