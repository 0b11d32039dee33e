"""What a person reads while something takes long."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_TICK_SECONDS = 20


@contextmanager
def progress(title: str, usual_seconds: int) -> Iterator[None]:
    """Says what is going on, how long it usually takes, and every so often how far that has come."""
    began = time.monotonic()
    done = threading.Event()

    def tick() -> None:
        while not done.wait(_TICK_SECONDS):
            say(f"  … {time.monotonic() - began:.0f} s of some {usual_seconds} s")

    say(f"{title} (some {usual_seconds} s on 2 cores) …")
    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()
    say(f"  done in {time.monotonic() - began:.0f} s")


def say(line: str) -> None:
    """One line, apart from what a command prints."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
