"""Passes TCP connections on, as they are: the API server listens on loopback, where a node can't reach it."""

from __future__ import annotations

import asyncio
import contextlib

_PIECE = 65536


async def serve_relay(host: str, port: int, target_port: int) -> None:
    """Passes each connection to ``host:port`` on to that port of loopback, until cancelled."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", target_port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, upstream_writer), _copy(upstream_reader, writer))

    server = await asyncio.start_server(pass_on, host, port)
    async with server:
        await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    # What one end has closed, or lost, is closed at the other.
    writer.close()
