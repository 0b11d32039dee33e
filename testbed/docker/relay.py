"""Leads connections to one port of loopback into a machine's network, or out of it.

``python -m testbed.docker.relay PID in|out PORT TARGET``: ``in`` listens in the network of the process PID and connects
outside of it; ``out`` the other way round. Both ends are on loopback.
"""

from __future__ import annotations

import socket
import sys
import threading

from testbed.docker.namespaces import socket_in


def main(pid: int, way: str, port: int, target: int) -> None:
    """Runs until it is ended."""
    listens_in, connects_in = (pid, None) if way == "in" else (None, pid)
    listener = socket_in(listens_in)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=_carry, args=(client, connects_in, target), daemon=True).start()


def _carry(client: socket.socket, network: int | None, port: int) -> None:
    with client, socket_in(network) as server:
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


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
