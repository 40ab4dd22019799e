"""uvicorn's HTTP/1.1 protocol with a short way for AWS requests.

An AWS request is small and its answer is made in one piece, so everything ASGI needs for streams
(scope, events, three messages a request) is overhead there: without it one process answers about
three times as many. A mount's requests, and what arrives while another request of the same
connection is still being answered, go uvicorn's way.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from bambe.edge.app import MAX_BODY, App
from bambe.edge.plain import join_headers
from bambe.wire import Request, Response

_STATUS: dict[int, bytes] = STATUS_LINE


class Exchange:
    """One request on the short way; uvicorn sees it as the cycle under way on this connection."""

    __slots__ = ("body", "disconnected", "keep_alive", "more_body", "response_complete", "size", "task")
    message_event = asyncio.Event()  # uvicorn sets it when a client hangs up; nobody waits for it

    def __init__(self, keep_alive: bool) -> None:
        self.body: list[bytes] = []
        self.size = 0
        self.keep_alive = keep_alive
        self.more_body = True
        self.response_complete = False
        self.disconnected = False
        self.task: asyncio.Task[None] | None = None


class EdgeProtocol(HttpToolsProtocol):
    """One connection."""

    app: App
    exchange: Exchange | None = None
    _idle_since = 0.0
    _idle_check: asyncio.TimerHandle | None = None

    @property
    def under_way(self) -> asyncio.Task[None] | None:
        """The request being answered on the short way, if one is."""
        exchange = self.cycle
        return exchange.task if isinstance(exchange, Exchange) and not exchange.response_complete else None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._idle_check is not None:
            self._idle_check.cancel()

    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self.exchange = None

    def on_headers_complete(self) -> None:
        busy = self.cycle is not None and not self.cycle.response_complete
        path, _, _ = self.url.partition(b"?")
        mounted = path != b"/" and (path[:1] != b"/" or self.app.mount(path.decode("latin-1")) is not None)
        if busy or mounted or self.expect_100_continue or self.parser.should_upgrade():
            self._uvicorns_way()
            return
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        self.exchange = self.cycle = Exchange(keep_alive)  # type: ignore[assignment]

    def _uvicorns_way(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        exchange = self.exchange
        if exchange is None:
            super().on_body(body)
            return
        exchange.size += len(body)
        if exchange.size <= MAX_BODY:
            exchange.body.append(body)
        else:
            exchange.body.clear()

    def on_message_complete(self) -> None:
        exchange = self.exchange
        if exchange is None:
            super().on_message_complete()
            return
        if exchange.size > MAX_BODY:
            self._too_large(exchange)
            return
        path, _, query = self.url.partition(b"?")
        request = Request(
            self.parser.get_method().decode("latin-1"),
            path.decode("latin-1"),
            query.decode("latin-1"),
            join_headers(self.headers),
            b"".join(exchange.body),
        )
        exchange.task = self.loop.create_task(self._answer(exchange, request))

    async def _answer(self, exchange: Exchange, request: Request) -> None:
        self._respond(exchange, request.method, await self.app.answer(request))

    def _respond(self, exchange: Exchange, method: str, response: Response) -> None:
        exchange.response_complete = True
        if exchange.disconnected or self.transport.is_closing():
            return
        out = [_STATUS[response.status]]
        for name, value in response.headers:
            out += (name, b": ", value.translate(None, b"\r\n"), b"\r\n")
        if not exchange.keep_alive:
            out.append(b"connection: close\r\n")
        out.append(b"content-length: %d\r\n\r\n" % len(response.body))
        if method != "HEAD":
            out.append(response.body)
        self.transport.write(b"".join(out))
        if not exchange.keep_alive:
            self.transport.close()
        elif self.pipeline:
            self.on_response_complete()
        else:
            self._idle_since = self.loop.time()
            if self._idle_check is None:
                self._watch_idleness()

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def _watch_idleness(self) -> None:
        """One timer per connection, not one per request: it looks at the time when it goes off."""
        busy = self.cycle is not None and not self.cycle.response_complete
        left = (
            self.timeout_keep_alive if busy else self._idle_since + self.timeout_keep_alive - self.loop.time()
        )
        if left <= 0:
            self.timeout_keep_alive_handler()
        else:
            self._idle_check = self.loop.call_later(left, self._watch_idleness)

    def _too_large(self, exchange: Exchange) -> None:
        exchange.keep_alive = False
        self._respond(exchange, "POST", self.app.too_large())
