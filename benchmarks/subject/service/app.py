"""The service whose releases are measured: quick answers, slow ones, WebSockets, and a graceful stop.

GET or POST of any path answers "<version> <path> <what was posted>"; /slow/SECONDS answers after a while;
/echo is a WebSocket that sends back what it gets with the version in front. After SIGTERM it accepts
nothing new, finishes what is in flight and says goodbye (1001) on its WebSockets. VERSION names it;
FAULT=crash has it end at once with status 1.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import signal
import struct
import sys

VERSION = os.environ.get("VERSION", "a")
PORT = int(os.environ.get("PORT", "8080"))
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
GOING_AWAY = 1001
PATIENCE = 20.0


class Service:
    """What is in flight, and whether it is to stop."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.busy = 0
        self.sockets: set[asyncio.StreamWriter] = set()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while await self.request(reader, writer):
                pass
        writer.close()

    async def request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether the connection stays."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.busy += 1
        try:
            line, *fields = head.split("\r\n")
            path = line.split()[1]
            headers = {
                name.lower(): value.strip() for name, _, value in (one.partition(":") for one in fields)
            }
            if headers.get("upgrade", "").lower() == "websocket":
                await self.websocket(headers["sec-websocket-key"], reader, writer)
                return False
            posted = (await reader.readexactly(int(headers.get("content-length") or 0))).decode()
            if path.startswith("/slow/"):
                await asyncio.sleep(min(10.0, float(path.rpartition("/")[2])))
            await self.answer(writer, f"{VERSION} {path} {posted}".encode())
            return not self.stop.is_set()
        finally:
            self.busy -= 1

    async def answer(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        connection = "close" if self.stop.is_set() else "keep-alive"
        head = (
            f"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\n"
            f"x-version: {VERSION}\r\nconnection: {connection}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()

    async def websocket(self, key: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        digest = base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()
        writer.write(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            f"x-version: {VERSION}\r\nsec-websocket-accept: {digest}\r\n\r\n".encode()
        )
        self.sockets.add(writer)
        try:
            if self.stop.is_set():
                goodbye(writer)
            while await self.frame(reader, writer):
                await writer.drain()
        finally:
            self.sockets.discard(writer)

    async def frame(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One frame of the client's (RFC 6455, 5.2); whether more may come."""
        kind, size = await reader.readexactly(2)
        length = size & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
        mask = await reader.readexactly(4)
        data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(await reader.readexactly(length)))
        if kind & 0x0F == CLOSE:
            if not self.stop.is_set():
                send(writer, CLOSE, data)
            return False
        if not self.stop.is_set():  # after our own goodbye nothing may follow
            if kind & 0x0F == PING:
                send(writer, PONG, data)
            elif kind & 0x0F == TEXT:
                send(writer, TEXT, f"{VERSION} ".encode() + data)
        return True


def send(writer: asyncio.StreamWriter, kind: int, data: bytes) -> None:
    size = struct.pack("!B", len(data)) if len(data) < 126 else struct.pack("!BH", 126, len(data))
    writer.write(bytes([0x80 | kind]) + size + data)


def goodbye(writer: asyncio.StreamWriter) -> None:
    send(writer, CLOSE, struct.pack("!H", GOING_AWAY))


async def main() -> None:
    if os.environ.get("FAULT") == "crash":
        sys.exit("crashes, as it was told to")
    service, loop = Service(), asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, service.stop.set)
    server = await asyncio.start_server(service.connection, "", PORT, backlog=256)
    print(f"{VERSION} listens on {PORT}", flush=True)
    await service.stop.wait()
    server.close()
    for writer in tuple(service.sockets):
        goodbye(writer)
    until = loop.time() + PATIENCE
    while service.busy and loop.time() < until:
        await asyncio.sleep(0.02)
    print(f"{VERSION} has finished", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
