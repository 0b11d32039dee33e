"""The system calls that Python 3.10 has no function for: leaving for new namespaces, entering others, and mounting."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEW_MOUNTS = 0x00020000
NEW_PIDS = 0x20000000
NEW_NETWORK = 0x40000000

_PRIVATE_BELOW = 0x4000 | 0x40000  # MS_REC | MS_PRIVATE
_BIND = 0x1000  # MS_BIND
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def leave(kinds: int) -> None:
    """Gives the calling thread new namespaces of these kinds; those of processes hold for its next child."""
    _checked(_libc.unshare(kinds), "unshare")


def die_with_parent(signal_number: int) -> None:
    """Has the kernel send this signal to the calling process when its parent ends, however it ends."""
    _checked(_libc.prctl(_DIE_WITH_PARENT, signal_number, 0, 0, 0), "prctl")


def keep_mounts_private() -> None:
    """Keeps what is mounted from now on out of the namespace that this one was copied from."""
    _checked(_libc.mount(b"none", b"/", None, _PRIVATE_BELOW, None), "mount --make-rprivate /")


def mount(kind: str, target: Path, options: str = "") -> None:
    """Mounts a file system without a device: ``tmpfs``, ``overlay`` or ``proc``."""
    _checked(_libc.mount(kind.encode(), str(target).encode(), kind.encode(), 0, options.encode()), f"mount {target}")


def bind(source: Path, target: Path) -> None:
    """Shows a file or folder at another path too, also to those who may not go the way to the first."""
    _checked(_libc.mount(str(source).encode(), str(target).encode(), None, _BIND, None), f"mount --bind {source}")


@contextmanager
def network_of(pid: int) -> Iterator[None]:
    """Lets the calling thread make sockets in the network of another process."""
    with open("/proc/thread-self/ns/net") as own, open(f"/proc/{pid}/ns/net") as other:
        _checked(_libc.setns(other.fileno(), NEW_NETWORK), "setns")
        try:
            yield
        finally:
            _checked(_libc.setns(own.fileno(), NEW_NETWORK), "setns")


def socket_in(pid: int | None) -> socket.socket:
    """A TCP socket in the network of a process, or in one's own; it stays there, whoever uses it."""
    if pid is None:
        return socket.socket()
    with network_of(pid):
        return socket.socket()
