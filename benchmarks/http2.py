"""A client of HTTP/2: many requests at a time on one connection, made anew when it is lost.

A request that the server does not answer whole fails, whatever the reason. A body leaves with its end in one
frame: httpcore sends the end apart, so that an answer may overtake it, and then takes the server's
RST_STREAM (NO_ERROR), which tells it to save the rest (RFC 9113, 8.1), for a fault of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError


class Lost(OSError):
    """The server did not answer, or not to the end."""


@dataclass
class _Stream:
    """A request under way."""

    answered: asyncio.Future[None]
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)


class Connection(asyncio.Protocol):
    """One TLS connection that speaks HTTP/2."""

    def __init__(self, authority: str) -> None:
        self._authority = authority
        self._state = H2Connection(H2Configuration(header_encoding="utf-8"))
        self._streams: dict[int, _Stream] = {}
        self.is_open = False

    async def ask(self, method: str, path: str, body: bytes) -> tuple[int, str, str]:
        """Status, x-version and body of the answer."""
        number = self._state.get_next_available_stream_id()
        stream = self._streams[number] = _Stream(asyncio.get_running_loop().create_future())
        try:
            self._send(number, method, path, body)
            await stream.answered
        except ProtocolError as error:
            raise Lost(repr(error)) from error
        finally:
            del self._streams[number]
        return int(stream.headers[":status"]), stream.headers.get("x-version", ""), stream.body.decode()

    def _send(self, number: int, method: str, path: str, body: bytes) -> None:
        head = [
            (":method", method), (":scheme", "https"), (":authority", self._authority), (":path", path),
        ]  # fmt: skip
        if body:
            head.append(("content-length", str(len(body))))
        self._state.send_headers(number, head, end_stream=not body)
        if body:
            self._state.send_data(number, body, end_stream=True)
        self._flush()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._state.initiate_connection()
        self.is_open = True
        self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            events = self._state.receive_data(data)
        except ProtocolError as error:
            self._fail(Lost(repr(error)))
            self._transport.close()
            return
        for event in events:
            self._happened(event)
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(Lost(f"the connection is lost: {error!r}"))

    def close(self) -> None:
        self.is_open = False
        self._transport.close()

    def _happened(self, event: Event) -> None:
        if isinstance(event, ConnectionTerminated):
            self.is_open = False
            return
        stream = self._streams.get(getattr(event, "stream_id", None) or 0)
        if isinstance(event, DataReceived):
            self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        if stream is None or stream.answered.done():
            return
        if isinstance(event, ResponseReceived):
            stream.headers |= dict(cast(Any, event.headers))
        elif isinstance(event, DataReceived):
            stream.body += event.data
        elif isinstance(event, StreamEnded):
            stream.answered.set_result(None)
        elif isinstance(event, StreamReset):
            stream.answered.set_exception(Lost(f"reset with {event.error_code}"))

    def _flush(self) -> None:
        if data := self._state.data_to_send():
            self._transport.write(data)

    def _fail(self, error: Lost) -> None:
        self.is_open = False
        for stream in self._streams.values():
            if not stream.answered.done():
                stream.answered.set_exception(error)


class Client:
    """Asks on one connection for as long as it lasts."""

    def __init__(self, base: str, context: ssl.SSLContext) -> None:
        parts = urlsplit(base)
        self._host, self._port = parts.hostname or "", parts.port or 443
        self._context = context
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()

    async def ask(self, method: str, path: str, posted: str) -> tuple[int, str, str]:
        async with self._lock:
            if self._connection is None or not self._connection.is_open:
                self._connection = await self._connect()
        return await self._connection.ask(method, path, posted.encode())

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    async def _connect(self) -> Connection:
        transport, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(self._host), self._host, self._port, ssl=self._context
        )
        if transport.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
            transport.close()
            raise Lost("the server does not speak HTTP/2")
        return connection
