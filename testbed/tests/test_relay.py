"""Connections that are passed on to a port of loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from testbed.relay import serve_relay


@pytest.fixture
def target() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield listening


def client_of(port: int) -> socket.socket:
    """A connection to a relay that leads to this port."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve_relay, args=(listener, port), daemon=True).start()
    return socket.create_connection(listener.getsockname(), timeout=10)


def test_what_either_side_says_arrives_and_its_end_too(target: socket.socket) -> None:
    with client_of(target.getsockname()[1]) as client:
        client.sendall(b"asked")
        client.shutdown(socket.SHUT_WR)
        server, _ = target.accept()
        with server:
            server.settimeout(10)
            assert server.makefile("rb").read() == b"asked"
            # The one end is closed, and the answer still arrives.
            server.sendall(b"answered")
        assert client.makefile("rb").read() == b"answered"


def test_a_connection_that_leads_nowhere_is_closed(target: socket.socket) -> None:
    port = target.getsockname()[1]
    target.close()
    with client_of(port) as client:
        assert client.recv(1) == b""
