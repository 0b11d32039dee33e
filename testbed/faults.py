"""A server between a client and the API server or the emulator, that records what passes and answers in their stead.

So a test sees a program meet conflicts, refusals, throttling and slowness at the moment it chooses.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

from testbed import paths

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "host"}
_PIECE = 65536


class Request(NamedTuple):
    """What a client asked: the method, the path with its query, the body, and AWS' header with the action's name."""

    method: str
    path: str
    body: bytes
    aws_target: str = ""


@dataclass(frozen=True)
class Answer:
    """What it gets instead of the real answer; with ``status`` 0 the real one, after ``delay`` seconds."""

    status: int = 0
    body: bytes = b""
    content_type: str = "application/json"
    delay: float = 0.0
    #: After how many seconds the client may ask again; None for no word of it.
    retry_after: int | None = None


Fault = Callable[[Request], Answer | None]


@dataclass
class Relay:
    """The running server: its address, what passed, and the fault that is in force."""

    url: str
    requests: list[Request] = field(default_factory=list)
    fault: Fault | None = None
    #: Told of each request that the real server has answered, before the client gets the answer.
    answered: Callable[[Request], None] | None = None
    #: The requests that were not answered, or not at once, by the real server.
    disturbed: list[Request] = field(default_factory=list)


def kubernetes_status(code: int, reason: str, message: str) -> Answer:
    """An error in the form in which the API server sends one; it tells those who ask too often when to ask again."""
    status = {
        "apiVersion": "v1",
        "kind": "Status",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return Answer(code, json.dumps(status).encode(), retry_after=1 if code == HTTPStatus.TOO_MANY_REQUESTS else None)


def first(times: int, answer: Answer, matches: Callable[[Request], bool]) -> Fault:
    """Gives ``answer`` to the first ``times`` requests that match."""
    left = [times]

    def fault(request: Request) -> Answer | None:
        if left[0] and matches(request):
            left[0] -= 1
            return answer
        return None

    return fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A client that opens several connections at once waits for a second for the sixth, by default.
    request_queue_size = 64


@contextmanager
def relay(upstream: str, context: ssl.SSLContext | None = None) -> Iterator[Relay]:
    """Serves on a free port of loopback and passes everything on to ``upstream``.

    Before the API server it speaks https as that does, with the same certificate: client-go sends no token without.

    Args:
        upstream: ``http://host:port`` or ``https://host:port``.
        context: whom to trust, and the client certificate, for https.
    """
    target = urlsplit(upstream)

    def connection() -> http.client.HTTPConnection:
        if target.scheme == "https":
            return http.client.HTTPSConnection(target.hostname or "", target.port, context=context, timeout=60)
        return http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, body, self.headers.get("X-Amz-Target") or "")
            running.requests.append(request)
            answer = running.fault(request) if running.fault else None
            if answer is not None:
                running.disturbed.append(request)
                time.sleep(answer.delay)
                if answer.status:
                    self._answer(answer)
                    return
            self._pass_on(request)

        # The names are those that http.server looks for.
        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any  # noqa: N815

        def _answer(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            if answer.retry_after is not None:
                self.send_header("Retry-After", str(answer.retry_after))
            self.end_headers()
            self.wfile.write(answer.body)

        def _pass_on(self, request: Request) -> None:
            upstream_connection = connection()
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
                upstream_connection.request(request.method, request.path, request.body or None, headers)
                got = upstream_connection.getresponse()
                if running.answered:
                    running.answered(request)
                self.send_response(got.status)
                for name, value in got.getheaders():
                    if name.lower() not in _HOP_BY_HOP:
                        self.send_header(name, value)
                # A watch has no length: what comes is passed on at once.
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                while piece := got.read1(_PIECE):
                    self.wfile.write(piece)
                    self.wfile.flush()
            except (OSError, http.client.HTTPException):
                # As a server that went away: the client sees its connection end.
                self.close_connection = True
            finally:
                upstream_connection.close()

        def log_message(self, *_: object) -> None:
            """Keeps quiet: what passed is recorded."""

    server = _Server(("127.0.0.1", 0), Handler)
    if target.scheme == "https":
        identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        identity.load_cert_chain(paths.PKI / "kube-apiserver.crt", paths.PKI / "kube-apiserver.key")
        # The thread that accepts must not wait for a client to say something.
        server.socket = identity.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    running = Relay(f"{target.scheme}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
