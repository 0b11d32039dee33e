"""Leads connections to one port of loopback into a machine's network, or out of it.

``python -m testbed.docker.relay PID in|out PORT TARGET``: ``in`` listens in the network of the process PID and connects
outside of it; ``out`` the other way round. Both ends are on loopback.
"""

from __future__ import annotations

import socket
import sys

from testbed.docker.namespaces import socket_in
from testbed.relay import serve_relay


def main(pid: int, way: str, port: int, target: int) -> None:
    """Runs until it is ended."""
    listens_in, connects_in = (pid, None) if way == "in" else (None, pid)
    listener = socket_in(listens_in)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    serve_relay(listener, target, lambda: socket_in(connects_in))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
