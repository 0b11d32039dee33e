"""The life of a plugin process: a gRPC server on loopback, its port on the first line, a quiet end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent import futures
from types import FrameType
from typing import Final

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS

# Threads are made when they are needed. Each call that waits for a resource to become ready holds one, and the engine
# makes as many calls as `--parallel` allows.
_MOST_CALLS_AT_ONCE: Final = 256

_SECONDS_BETWEEN_LOOKS_AT_THE_PARENT: Final = 1.0


def listen_until_told_to_end(add_services: Callable[[grpc.Server], None], on_end: Callable[[], None]) -> None:
    """Serves on a free port of 127.0.0.1 until SIGINT, SIGTERM, or the end of the process that started this one.

    ``add_services`` registers the servicers. ``on_end`` is called before the process ends, which it does here, with
    exit code 0, without waiting for calls that are under way.
    """
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    threading.Thread(target=_end_with_the_parent, args=(os.getppid(), ended), daemon=True).start()

    server = grpc.server(futures.ThreadPoolExecutor(_MOST_CALLS_AT_ONCE), options=_GRPC_CHANNEL_OPTIONS)
    add_services(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()

    ended.wait()
    on_end()
    server.stop(grace=None).wait(timeout=1)
    sys.stdout.flush()
    sys.stderr.flush()
    # An ordinary exit would join the threads of calls that still wait for something.
    os._exit(0)


def _end_with_the_parent(parent: int, ended: threading.Event) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS_AT_THE_PARENT)
    ended.set()
