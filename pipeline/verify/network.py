"""How `verify` reaches a host: by the system's resolver and trust, or by what stands in for them."""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pipeline.verify.findings import CannotAskError

TIMEOUT = 10.0
_CONNECT_TO = re.compile(r"(\[[^\]]*\]|[^:]*):(\d*):(\[[^\]]*\]|[^:]*):(\d*)")
_MAKE_IT = "make a record for it, or correct what leads to this name"
_ADDRESS = re.compile(r"(?P<host>\[[^\]]+\]|[^:]+)(:(?P<port>\d+))?")


@dataclass(frozen=True)
class Detour:
    """Another place for connections to a host and port, as curl's option ``--connect-to`` names it."""

    host: str
    port: int | None
    to_host: str
    to_port: int | None

    @classmethod
    def parse(cls, text: str) -> Detour:
        """Reads ``HOST1:PORT1:HOST2:PORT2``; an empty part means any, or the same.

        Raises:
            ValueError: the text has another form.
        """
        match = _CONNECT_TO.fullmatch(text)
        host, port, to_host, to_port = match.groups() if match else ("", "0", "", "0")
        if not all(each == "" or _is_port(each) for each in (port, to_port)):
            raise ValueError(f'"{text}" must be HOST1:PORT1:HOST2:PORT2, for example :443::8443')
        return cls(_bare(host).lower(), _number(port), _bare(to_host), _number(to_port))

    def meets(self, host: str, port: int) -> bool:
        """Whether it is for connections to this host and port."""
        return self.host in ("", host.lower()) and self.port in (None, port)


@dataclass(frozen=True)
class Response:
    """An answer over HTTP, with redirects left as they are."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Sequence[str] = ()

    @property
    def place(self) -> str:
        """The URL without its query, which may hold credentials."""
        return bare_url(self.url)

    @property
    def by_load_balancer(self) -> bool:
        """Whether a load balancer of AWS answered by itself, instead of a target."""
        return self.headers.get("server", "").lower().startswith("awselb")


@dataclass(frozen=True)
class Network:
    """The ways to a host.

    Args:
        resolver: ``ADDRESS[:PORT]`` of a DNS server to ask in place of the system's.
        ca_file: PEM file of the authorities to trust in place of the system's.
        detours: where connections go instead; the first that meets a host and port counts.
    """

    resolver: str | None = None
    ca_file: str | None = None
    detours: tuple[Detour, ...] = field(default=())
    _silent: list[CannotAskError] = field(default_factory=list, init=False, repr=False, compare=False)

    def addresses(self, host: str) -> list[str]:
        """The addresses of a host, as a browser here finds them.

        Raises:
            CannotAskError: it has none, or the resolver does not answer.
        """
        try:
            if self.resolver:
                return self._asked(host)
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            raise CannotAskError(f"{host} is not found: {_reason(error)}", _MAKE_IT) from None
        return sorted({str(each[4][0]) for each in found})

    def _asked(self, host: str) -> list[str]:
        import dns.exception
        import dns.resolver

        if self._silent:
            raise self._silent[0]
        try:
            answer = self.dns_resolver().resolve_name(host, socket.AF_INET, lifetime=TIMEOUT)
        except (dns.exception.Timeout, dns.resolver.NoNameservers) as error:
            raise self.unanswered(error) from None
        except dns.exception.DNSException as error:
            raise CannotAskError(f"{host} is not found: {first_line(error)}", _MAKE_IT) from None
        return sorted(str(address) for address in answer.addresses())

    def dns_resolver(self) -> Any:
        """A resolver of dnspython: the system's, or what stands in for it."""
        import dns.resolver

        if not self.resolver:
            return dns.resolver.Resolver()
        server, port = address_of(self.resolver, 53)
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [server], port
        return resolver

    def unanswered(self, error: Exception) -> CannotAskError:
        """What is told of a resolver that does not answer; it is not waited for again.

        Args:
            error: a Timeout or a NoNameservers of dnspython.
        """
        import dns.exception

        if not isinstance(error, dns.exception.Timeout):
            return CannotAskError(
                f"{self._asked_one} answers with an error", "ask another one with --resolver, or look at its log"
            )
        mend = "name another one with --resolver, or leave it out" if self.resolver else "check the network here"
        found = CannotAskError(f"{self._asked_one} does not answer", mend)
        self._silent.append(found)
        return found

    @property
    def _asked_one(self) -> str:
        return f"the resolver {self.resolver}" if self.resolver else "the resolver of this machine"

    def place(self, host: str, port: int) -> tuple[str, int]:
        """Where a connection to a host and port really goes."""
        for detour in self.detours:
            if detour.meets(host, port):
                return detour.to_host or host, detour.to_port or port
        return host, port

    def connect(self, host: str, port: int) -> socket.socket:
        """A TCP connection.

        Raises:
            CannotAskError: none of the host's addresses takes one.
        """
        to_host, to_port = self.place(host, port)
        failed: OSError | None = None
        for address in [to_host] if _is_address(to_host) else self.addresses(to_host):
            try:
                return socket.create_connection((address, to_port), timeout=TIMEOUT)
            except OSError as error:
                failed = error
        reason = _reason(failed) if failed else "it has no address"
        raise CannotAskError(
            f"{host}, port {port}, takes no connection: {reason}", "check security groups, and the way from here"
        )

    def context(self) -> ssl.SSLContext:
        """What a browser asks of a server's certificate."""
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise CannotAskError(
                f"{self.ca_file} can't be read: {_reason(error)}", "name a PEM file with --ca-file"
            ) from None

    def tls(self, host: str, port: int, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """A TLS connection.

        Raises:
            CannotAskError: there is none.
            ssl.SSLError: the handshake fails; SSLCertVerificationError where it is for the certificate.
        """
        plain = self.connect(host, port)
        try:
            return (context or self.context()).wrap_socket(plain, server_hostname=host)
        except ssl.SSLError:
            plain.close()
            raise
        except OSError as error:
            plain.close()
            raise CannotAskError(f"{host}, port {port}, ends the TLS handshake: {_reason(error)}") from None

    def request(self, url: str, headers: Mapping[str, str] | None = None, *, upgrade: bool = False) -> Response:
        """Sends GET and reads the answer; with ``upgrade``, its head only.

        Raises:
            CannotAskError: there is no answer.
        """
        parts, place = urlsplit(url), bare_url(url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
        connection.default_port = 443 if secure else 80  # which Host then leaves out
        try:
            connection.sock = self.tls(host, port) if secure else self.connect(host, port)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers={"User-Agent": "studios-verify", **(headers or {})})
            answer = connection.getresponse()
            body = b"" if upgrade else answer.read()
        except ssl.SSLError as error:
            raise CannotAskError(f"{place}: no TLS: {ssl_reason(error)}") from None
        except http.client.InvalidURL:
            # What it says has the query.
            raise CannotAskError(f"{place} has a character that a URL can't hold") from None
        except (OSError, http.client.HTTPException) as error:
            raise CannotAskError(f"{place} does not answer: {_reason(error)}") from None
        finally:
            connection.close()
        heads = {name.lower(): value for name, value in answer.getheaders()}
        return Response(url, answer.status, heads, body, tuple(answer.headers.get_all("Set-Cookie") or ()))


def address_of(text: str, default_port: int) -> tuple[str, int]:
    """Host and port of ``ADDRESS[:PORT]``; an IPv6 address with a port is in brackets.

    Raises:
        ValueError: the text has another form.
    """
    match = _ADDRESS.fullmatch(text)
    if text.count(":") > 1 and not text.startswith("["):
        host, port = text, str(default_port)
    else:
        host, port = (_bare(match["host"]), match["port"] or str(default_port)) if match else ("", "0")
    if not _is_address(host) or not _is_port(port):
        raise ValueError(f'"{text}" must be ADDRESS[:PORT], for example 127.0.0.1:53')
    return host, int(port)


def bare_url(url: str) -> str:
    """A URL without what may be secret in it: its query, its fragment and its user."""
    place = url.partition("?")[0].partition("#")[0]
    scheme, separator, rest = place.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def first_line(error: object) -> str:
    """The first line of what an error says."""
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def ssl_reason(error: ssl.SSLError) -> str:
    """What went wrong in a handshake, without OpenSSL's numbers and places."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message).rstrip(".")
    return (error.reason or first_line(error)).replace("_", " ").lower()


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (error.strerror if isinstance(error, OSError) else None) or first_line(error)


def _bare(host: str) -> str:
    return host.removeprefix("[").removesuffix("]")


def _is_port(text: str) -> bool:
    return len(text) <= 5 and 0 < int(text) <= 65535


def _number(text: str) -> int | None:
    return int(text) if text else None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
