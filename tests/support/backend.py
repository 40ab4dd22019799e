"""Small HTTP servers to stand behind a proxy, and a steady load to put on it."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field


class Backend:
    """A keep-alive server that answers with its name; `status`, `delay` and `idle` may change any time."""

    def __init__(self, name: str, *, status: int = 200, delay: float = 0.0, idle: float = 60.0) -> None:
        self.name, self.status, self.delay, self.idle = name, status, delay, idle
        self.served = 0
        self.port = 0
        self.heads: list[str] = []
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self._busy = 0
        self._stopping = False

    async def start(self, address: str = "127.0.0.1", port: int = 0) -> Backend:
        self._server = await asyncio.start_server(self._serve, address, port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """As on SIGTERM: no new connections, finish what is in hand, close."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        while self._busy:
            await asyncio.sleep(0.005)
        self.kill()

    def kill(self) -> None:
        """As on SIGKILL: every connection is reset."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        for writer in list(self._clients):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            while not self._stopping:
                head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), self.idle)).decode()
                await reader.readexactly(_length(head))
                self._busy += 1
                try:
                    await self._answer(head, writer)
                finally:
                    self._busy -= 1
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        if "ELB-HealthChecker" not in head:
            self.served += 1
            self.heads.append(head)
        if self.delay:
            await asyncio.sleep(self.delay)
        if "upgrade: websocket" in head.lower():
            writer.write(b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nhello")
        else:
            body = self.name.encode()
            writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (self.status, len(body), body))
        await writer.drain()


@dataclass
class Reply:
    """A response."""

    status: int
    head: str
    body: str


class Client:
    """One keep-alive connection."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None = None, name: str = "") -> None:
        self.place, self.tls, self.name = (host, port), tls, name or None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, path: str = "/", method: str = "GET", host: str = "shop.test", more: str = ""
    ) -> Reply:
        """Send one request and read its response."""
        if self._streams is None:
            server_name = self.name if self.tls else None
            self._streams = await asyncio.open_connection(
                *self.place, ssl=self.tls, server_hostname=server_name
            )
        reader, writer = self._streams
        length = "content-length: 0\r\n" if method == "POST" else ""
        writer.write(f"{method} {path} HTTP/1.1\r\nhost: {host}\r\n{length}{more}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        body = await reader.readexactly(_length(head)) if method != "HEAD" else b""
        return Reply(int(head.split()[1]), head, body.decode())

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            with suppress(ConnectionError, ssl.SSLError):
                await self._streams[1].wait_closed()
        self._streams = None


async def ask(address: str, port: int, path: str = "/", **options: str) -> Reply:
    """One request on a connection of its own."""
    client = Client(address, port)
    try:
        return await client.ask(path, **options)
    finally:
        await client.close()


@dataclass
class Load:
    """Clients that ask without pause: some keep their connection, some take a new one each time."""

    host: str
    port: int
    kept: int = 4
    fresh: int = 2
    method: str = "GET"
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _over: bool = False

    async def __aenter__(self) -> Load:
        self._tasks = [
            asyncio.create_task(self._run(keep=i < self.kept)) for i in range(self.kept + self.fresh)
        ]
        await self.more(50)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over = True
        await asyncio.gather(*self._tasks)

    async def more(self, count: int) -> Counter[str]:
        """Wait for `count` more answers; what they were, by backend."""
        before, start = Counter(self.answers), self.total
        while self.total < start + count:
            await asyncio.sleep(0.005)
        return self.answers - before

    @property
    def total(self) -> int:
        return sum(self.answers.values()) + len(self.failures)

    async def _run(self, *, keep: bool) -> None:
        client = Client(self.host, self.port)
        while not self._over:
            try:
                reply = await client.ask(method=self.method)
            except (OSError, asyncio.IncompleteReadError) as error:
                self.failures.append(repr(error))
                await client.close()
                continue
            if reply.status == 200:
                self.answers[reply.body] += 1
            else:
                self.failures.append(f"{reply.status} {reply.body}")
            if not keep:
                await client.close()
        await client.close()


def _length(head: str) -> int:
    for line in head.lower().splitlines():
        if line.startswith("content-length:"):
            return int(line.partition(":")[2])
    return 0
