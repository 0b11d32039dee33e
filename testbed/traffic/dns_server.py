"""A DNS server on loopback, over UDP and TCP."""

from __future__ import annotations

import logging
import socketserver
import struct
import threading
from collections.abc import Callable

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
        class Datagram(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, socket = self.request
                if reply := _reply(data, ask, _LARGEST_DATAGRAM):
                    socket.sendto(reply, self.client_address)

        class Stream(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while len(size := self.rfile.read(2)) == 2:
                    reply = _reply(self.rfile.read(struct.unpack("!H", size)[0]), ask, 65535)
                    self.wfile.write(struct.pack("!H", len(reply)) + reply)

        # TCP chooses a free port, since connections hold many of its ports, and of UDP's hardly any is taken.
        streams = _Streams((address, port), Stream)
        self.address, self.port = address, int(streams.server_address[1])
        self._servers = (socketserver.ThreadingUDPServer((address, self.port), Datagram), streams)
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Ends it."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Streams(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


def _reply(data: bytes, ask: Ask, largest: int) -> bytes:
    try:
        query = dns.message.from_wire(data)
    except dns.exception.DNSException:
        return b""
    response = dns.message.make_response(query, recursion_available=True)
    try:
        for question in query.question:
            _fill(response, ask(question.name.to_text(), dns.rdatatype.to_text(question.rdtype)))
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
