"""A DNS server on loopback, over UDP and TCP."""

from __future__ import annotations

import logging
import socketserver
import struct
import threading
from collections.abc import Callable
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from testbed.traffic.names import Answer, RecordSet

log = logging.getLogger(__name__)
_LARGEST_DATAGRAM = 1232

Ask = Callable[[str, str], Answer]


class DnsServer:
    """Answers with what ``ask`` finds for a name and a type; it listens once it is made.

    Args:
        address: on loopback.
        port: 0 for a free one; UDP and TCP have the same.
        ask: is called for each question, from several threads.
    """

    def __init__(self, address: str, port: int, ask: Ask) -> None:
        datagrams = _Datagrams((address, port), _DatagramHandler, ask)
        self.address, self.port = address, int(datagrams.server_address[1])
        streams = _Streams((address, self.port), _StreamHandler, ask)
        self._servers: tuple[socketserver.BaseServer, ...] = (datagrams, streams)
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Ends it."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Datagrams(socketserver.ThreadingUDPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[socketserver.BaseRequestHandler], ask: Ask) -> None:
        super().__init__(address, handler)
        self.ask = ask


class _Streams(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[socketserver.BaseRequestHandler], ask: Ask) -> None:
        super().__init__(address, handler)
        self.ask = ask


class _DatagramHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, socket = self.request
        reply = _reply(data, self.server, _LARGEST_DATAGRAM)
        if reply:
            socket.sendto(reply, self.client_address)


class _StreamHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while len(size := self.rfile.read(2)) == 2:
            reply = _reply(self.rfile.read(struct.unpack("!H", size)[0]), self.server, 65535)
            self.wfile.write(struct.pack("!H", len(reply)) + reply)


def _reply(data: bytes, server: Any, largest: int) -> bytes:
    try:
        query = dns.message.from_wire(data)
    except dns.exception.DNSException:
        return b""
    response = dns.message.make_response(query, recursion_available=True)
    try:
        for question in query.question:
            _fill(response, server.ask(question.name.to_text(), dns.rdatatype.to_text(question.rdtype)))
    except Exception:
        log.exception("no answer to %s", query.question)
        response.set_rcode(dns.rcode.SERVFAIL)
    wire: bytes = response.to_wire(max_size=largest, prefer_truncation=True)
    return wire


def _fill(response: dns.message.Message, answer: Answer) -> None:
    response.set_rcode(dns.rcode.from_text(answer.code))
    response.answer += [_rrset(each) for each in answer.records]
    response.authority += [_rrset(each) for each in answer.authority]
    if answer.authoritative:
        response.flags |= dns.flags.AA


def _rrset(records: RecordSet) -> dns.rrset.RRset:
    return dns.rrset.from_text(records.name, records.ttl, "IN", records.type, *records.values)
