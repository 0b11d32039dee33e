"""Hosts are found and reached as a browser does, or by what stands in for resolver, trust and ports."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.verify.findings import CannotAskError
from pipeline.verify.network import Detour, Network, address_of, bare_url, ssl_reason


@pytest.mark.parametrize(
    ("text", "detour"),
    [
        (":443::40443", Detour("", 443, "", 40443)),
        ("a.example:443:127.0.0.1:8443", Detour("a.example", 443, "127.0.0.1", 8443)),
        ("A.example::[::1]:", Detour("a.example", None, "::1", None)),
        (":::", Detour("", None, "", None)),
    ],
)
def test_a_detour_is_written_as_for_curl(text: str, detour: Detour) -> None:
    assert Detour.parse(text) == detour


@pytest.mark.parametrize("text", ["", "443:40443", "a:443:b", "a:x:b:1", ":443::99999", ":0::8443"])
def test_a_detour_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be HOST1:PORT1:HOST2:PORT2, for example :443::8443"):
        Detour.parse(text)


def test_the_first_detour_that_meets_host_and_port_counts() -> None:
    detours = tuple(map(Detour.parse, ["a.example:443:b.example:", ":443::8443", ":80::8080"]))
    network = Network(detours=detours)
    assert network.place("A.example", 443) == ("b.example", 443)
    assert network.place("c.example", 443) == ("c.example", 8443)
    assert network.place("a.example", 22) == ("a.example", 22)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:40053", ("192.0.2.53", 40053)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]:40053", ("2001:db8::1", 40053)),
    ],
)
def test_a_resolver_is_an_address_with_or_without_a_port(text: str, address: tuple[str, int]) -> None:
    assert address_of(text, 53) == address


@pytest.mark.parametrize("text", ["", "foo", "a:b", "192.0.2.53:99999", "192.0.2.53:0", "[2001:db8::1", "1:2:3"])
def test_a_resolver_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        address_of(text, 53)
    assert str(caught.value) == f'"{text}" must be ADDRESS[:PORT], for example 127.0.0.1:53'


def test_a_url_is_told_without_its_query_and_its_user() -> None:
    assert bare_url("https://me:pass@a.example:8443/x@y?token=secret#more") == "https://a.example:8443/x@y"
    assert bare_url("https://a.example?token=secret") == "https://a.example"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/closed"):
            self.connection.close()
            return
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Server-Host", self.headers["Host"])
        self.end_headers()
        self.wfile.write(b"moved")

    def version_string(self) -> str:
        return "awselb/2.0"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def reaching(port: int) -> Network:
    return Network(detours=(Detour("connect.example", 80, "127.0.0.1", port),))


def test_a_url_that_can_not_be_sent_is_told_without_its_query(port: int) -> None:
    with pytest.raises(CannotAskError) as caught:
        reaching(port).request("http://connect.example/x?token=SEKRET and more")
    assert str(caught.value) == "http://connect.example/x has a character that a URL can't hold"


def test_a_redirect_is_told_and_not_followed(port: int) -> None:
    answer = reaching(port).request("http://connect.example/a?code=secret")
    assert (answer.status, answer.headers["location"], answer.body) == (302, "/elsewhere", b"moved")
    assert answer.cookies == ("a=1", "b=2")
    assert answer.headers["server-host"] == "connect.example"
    assert answer.by_load_balancer
    assert answer.place == "http://connect.example/a"


def test_a_server_that_hangs_up_is_told_without_the_query(port: int) -> None:
    with pytest.raises(CannotAskError) as caught:
        reaching(port).request("http://connect.example/closed?code=secret")
    assert str(caught.value).startswith("http://connect.example/closed does not answer: ")


def test_a_port_that_takes_no_connection_is_told() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        network = Network(detours=(Detour("connect.example", 443, "127.0.0.1", bound.getsockname()[1]),))
        with pytest.raises(CannotAskError) as caught:
            network.connect("connect.example", 443)
    assert str(caught.value) == "connect.example, port 443, takes no connection: Connection refused"
    assert caught.value.mend == "check security groups, and the way from here"


def test_a_server_without_tls_is_told(port: int) -> None:
    network = Network(detours=(Detour("connect.example", 443, "127.0.0.1", port),))
    with pytest.raises(CannotAskError, match=r"https://connect\.example/: no TLS: "):
        network.request("https://connect.example/")


def received(bound: socket.socket) -> bytes:
    """A datagram that has come; nothing where there is none."""
    with suppress(BlockingIOError):
        return bound.recv(512)
    return b""


def test_a_resolver_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.verify.network.TIMEOUT", 0.5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        resolver = f"127.0.0.1:{bound.getsockname()[1]}"
        network = Network(resolver)
        with pytest.raises(CannotAskError) as caught:
            network.addresses("connect.example")
        assert str(caught.value) == f"the resolver {resolver} does not answer"
        assert caught.value.mend == "name another one with --resolver, or leave it out"
        assert b"connect" in bound.recv(512)
        with pytest.raises(CannotAskError, match=f"^the resolver {resolver} does not answer$"):
            network.addresses("other.example")
        # What has come is read to the end: the second question was not asked, and so not waited for.
        asked = list(iter(partial(received, bound), b""))
        assert not any(b"other" in question for question in asked)


def test_a_file_of_authorities_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotAskError) as caught:
        Network(ca_file=str(tmp_path / "none.pem")).context()
    assert str(caught.value) == f"{tmp_path / 'none.pem'} can't be read: No such file or directory"


def test_a_failed_handshake_is_told_without_openssl_s_numbers() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    one, other = socket.socketpair()
    other.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ssl.SSLError) as caught:
        context.wrap_socket(one, server_hostname="a.example")
    other.close()
    assert ssl_reason(caught.value) in ("wrong version number", "record layer failure")
