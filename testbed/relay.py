"""Passes TCP connections on, as they are, to a port of loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable


def serve_relay(listener: socket.socket, port: int, socket_of_end: Callable[[], socket.socket] = socket.socket) -> None:
    """Passes each connection on, until the process ends.

    Args:
        listener: accepts the connections.
        port: where they lead to, on loopback.
        socket_of_end: makes a socket in the network where that port is.
    """
    while True:
        client, _ = listener.accept()
        threading.Thread(target=_carry, args=(client, socket_of_end, port), daemon=True).start()


def _carry(client: socket.socket, socket_of_end: Callable[[], socket.socket], port: int) -> None:
    with client, socket_of_end() as server:
        try:
            server.connect(("127.0.0.1", port))
        except OSError:
            return
        back = threading.Thread(target=_copy, args=(server, client), daemon=True)
        back.start()
        _copy(client, server)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copies until one side ends, and passes the end on."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
