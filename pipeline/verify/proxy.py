"""The proxy and what lies behind it, as a browser meets them."""

from __future__ import annotations

import http.cookies
import ssl
import time
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from pipeline.verify.deployment import Deployment
from pipeline.verify.findings import CannotAskError, Finding, bad, good, not_asked
from pipeline.verify.network import Response, bare_url, ssl_reason
from settings.fields import applies, name_of_variable
from settings.host_names import PROXY_TOKEN_VARIABLE
from settings.model.connect import TUNNEL_URL_VARIABLE

_LONGEST_WAY = 8
_WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "c3R1ZGlvcy12ZXJpZnkhIQ==",
}
_PLATFORM_URL = name_of_variable("platformUrl", "proxy")
_CONNECT_URL = name_of_variable("connectUrl", "proxy")
_LOGS = "look at the proxy's log"
#: What the proxy answers while a session has not connected to it: the session does so again by itself.
_NOT_CONNECTED = (502, 503, 504)
_BETWEEN_TRIES = 2
#: Beyond and before the idle timeout, in seconds.
_MARGIN = 5


def proxy_answers(deployment: Deployment) -> Finding:
    """The proxy answers at its URL."""
    response = deployment.network.request(f"{deployment.connect_url}/")
    return _refusal(response) or good(f"{response.url} answers {response.status}")


def _refusal(response: Response) -> Finding | None:
    """What is wrong with an answer: that the load balancer gave it, or that it is an error of the proxy."""
    if response.by_load_balancer:
        return bad(
            f"{response.place} is answered by the load balancer, {response.status}, and not by the proxy",
            "look at the listener's rules and targets",
        )
    if response.status >= 500:
        return bad(f"{response.place} answers {response.status}: {_said(response)}", _LOGS)
    return None


def _said(response: Response) -> str:
    return " ".join(response.body[:200].decode(errors="replace").split()) or "nothing more"


def sign_in_leads_to_platform(deployment: Deployment) -> Finding:
    """Who opens a session without being signed in is sent to Platform."""
    responses = _visit(deployment, deployment.session_url, _Cookies())
    last = responses[-1]
    for response in responses:
        if refusal := _refusal(response):
            return refusal if response.by_load_balancer else replace(refusal, mend=_registration(deployment))
    platform = urlsplit(deployment.platform_url).hostname
    if any(urlsplit(each.url).hostname == platform for each in responses):
        return good(f"a session's page leads to {deployment.platform_url}")
    if last.status in (401, 403, 404):
        return good(f"the proxy answers {last.status} for a session that does not exist")
    return bad(f"{deployment.session_url} answers {last.status}, and does not lead to Platform", _LOGS)


def _registration(deployment: Deployment) -> str:
    """Where the proxy reads what it registers with at Platform."""
    settings = deployment.settings
    if applies("tokenSecret", settings.target):
        return (
            f"{_LOGS}; check {_PLATFORM_URL} in ConfigMap {settings.proxy_name}, and key {settings.token_key_in_use} "
            f"of Secret {settings.token_secret_in_use}, which proxy and backend read"
        )
    return f"{_LOGS}; {_PLATFORM_URL} and {PROXY_TOKEN_VARIABLE} in its environment lead it to Platform"


class _Cookies:
    """The cookies of a browser, by name: all hosts here belong to one install."""

    def __init__(self, given: str | None = None) -> None:
        self._jar = http.cookies.SimpleCookie(given or "")

    def take(self, response: Response) -> None:
        for each in response.cookies:
            self._jar.load(each)

    def header(self) -> dict[str, str]:
        pairs = "; ".join(f"{name}={each.coded_value}" for name, each in self._jar.items())
        return {"Cookie": pairs} if pairs else {}


def _visit(deployment: Deployment, url: str, cookies: _Cookies) -> list[Response]:
    """Follows redirects, within the install: each answer on the way, the last one at the end."""
    ours = {*deployment.hosts, urlsplit(deployment.platform_url).hostname, urlsplit(url).hostname}
    responses = []
    for _ in range(_LONGEST_WAY):
        response = deployment.network.request(url, cookies.header())
        cookies.take(response)
        responses.append(response)
        location = response.headers.get("location")
        if response.status // 100 != 3 or not location:
            return responses
        url = urljoin(url, location)
        if urlsplit(url).hostname not in ours:
            return responses
    raise CannotAskError(f"{responses[0].place} leads in a circle, over {responses[-1].place}", _LOGS)


def upgrade_reaches_proxy(deployment: Deployment) -> Finding:
    """A request for a WebSocket reaches the proxy as one."""
    response = deployment.network.request(deployment.session_url, _WEBSOCKET, upgrade=True)
    if refusal := _refusal(response):
        return refusal
    if response.status == 400 or response.status // 100 == 3:
        # Without its headers, an upgrade is a plain request for the page.
        return bad(
            f"{response.place} answers {response.status} to an upgrade: it lost its headers on the way",
            "let the load balancer speak HTTP/1.1 to the proxy (target group's protocol version)",
        )
    if response.status == 200:
        return bad(
            f"{response.place} answers 200 to an upgrade of a session that does not exist: that is not the proxy",
            "look at the listener's rules and targets, and at what stands between them and the proxy",
        )
    return good(f"an upgrade reaches the proxy, which answers {response.status}")


def session_echoes(deployment: Deployment) -> Finding:
    """What is sent through a WebSocket into a session comes back."""
    url = deployment.options.session
    if not url:
        return not_asked("name the URL of a WebSocket that echoes, in a session that runs: --session")
    with _connected(deployment, url) as echo:
        began = time.monotonic()
        echo.send(f"verify {deployment.session_id}")
        return good(f"came back after {(time.monotonic() - began) * 1000:.0f} ms")


class _NotConnectedError(CannotAskError):
    """The proxy is reached, and the session has no connection to it."""


def _connected(deployment: Deployment, url: str) -> _Echo:
    """The WebSocket, tried for a while: after a restart of proxy or server, a session takes time to connect again."""
    seconds = deployment.options.reconnect_seconds
    deadline = time.monotonic() + seconds
    while True:
        try:
            return _Echo(deployment, url)
        except _NotConnectedError as error:
            if time.monotonic() >= deadline:
                raise CannotAskError(f"{error}{f', still after {seconds} s' * bool(seconds)}", error.mend) from None
        time.sleep(_BETWEEN_TRIES)


def silence_ends_connections(deployment: Deployment) -> Finding:
    """A silent connection lives as long as the idle timeout, and no longer."""
    if not deployment.options.long:
        return not_asked(f"wait beyond the {deployment.settings.idle_timeout} s: --long")
    idle = deployment.settings.idle_timeout
    if deployment.options.session:
        with _Echo(deployment, deployment.options.session) as echo:
            echo.send("before")
            time.sleep(idle - _MARGIN)
            echo.send("after")
            time.sleep(idle + _MARGIN)
            if not echo.is_closed():
                return _not_cut(idle)
        return good(f"a WebSocket lives through {idle - _MARGIN} s of silence, and ends after {idle} s")
    with deployment.network.tls(deployment.connect_host, deployment.connect_port) as connection:
        time.sleep(idle - _MARGIN)
        if _closed(connection):
            return bad(
                f"a silent connection ended before {idle} s", "look for proxies and firewalls between here and AWS"
            )
        time.sleep(2 * _MARGIN)
        if not _closed(connection):
            return _not_cut(idle)
    return good(f"a silent connection lives {idle - _MARGIN} s, and ends after {idle} s")


def _not_cut(idle: int) -> Finding:
    return bad(f"a silent connection outlives the {idle} s of idleTimeout", "look for proxies between here and AWS")


def _closed(connection: Any) -> bool:
    connection.settimeout(0.5)
    try:
        return not connection.recv(1)
    except TimeoutError:
        return False
    except OSError:
        return True


def _mend(status: int) -> str:
    """What to do about a WebSocket that is answered so."""
    if status in (401, 403):
        return "set STUDIOS_SESSION_COOKIE to the cookies of a browser that is signed in to the session"
    return (
        f"check that the session runs; then {TUNNEL_URL_VARIABLE} of the proxy, which leads to the server, "
        f"{_CONNECT_URL} of both, and their logs"
    )


class _Echo:
    """A WebSocket into a session, opened like a browser's: signed in first.

    Raises:
        CannotAskError: it can't be opened, or does not echo.
    """

    def __init__(self, deployment: Deployment, url: str) -> None:
        self._url = bare_url(url)
        parts = urlsplit(url)
        page = parts._replace(scheme="https").geturl()
        cookies = _Cookies(deployment.options.cookie)
        _visit(deployment, page, cookies)
        self._open(deployment, parts._replace(scheme="wss").geturl(), cookies)

    def _open(self, deployment: Deployment, url: str, cookies: _Cookies) -> None:
        import websocket

        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        try:
            self._socket = websocket.create_connection(
                url, socket=deployment.network.tls(host, port), cookie=cookies.header().get("Cookie"), timeout=10
            )
        except websocket.WebSocketBadStatusException as error:
            kind = _NotConnectedError if error.status_code in _NOT_CONNECTED else CannotAskError
            raise kind(f"{self._url} answers {error.status_code} to an upgrade", _mend(error.status_code)) from None
        except ssl.SSLError as error:
            raise CannotAskError(f"{self._url}: no TLS: {ssl_reason(error)}") from None
        except (websocket.WebSocketException, OSError) as error:
            raise CannotAskError(f"{self._url}: the WebSocket is not opened: {error}", _LOGS) from None

    def send(self, text: str) -> None:
        import websocket

        try:
            self._socket.send(text)
            back = self._socket.recv()
        except (websocket.WebSocketException, OSError) as error:
            raise CannotAskError(f"{self._url}: the WebSocket broke: {error}", _LOGS) from None
        if back != text:
            raise CannotAskError(f"{self._url} sends something else back", "name a WebSocket that echoes: --session")

    def is_closed(self) -> bool:
        return _closed(self._socket.sock)

    def __enter__(self) -> _Echo:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
