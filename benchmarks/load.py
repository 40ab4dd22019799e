"""A load generator that costs less than what it measures: one signed request, sent again and again.

python benchmarks/load.py PORT CONNECTIONS SECONDS < request > result

The request comes in on standard input, byte for byte; the result is one JSON line. Run it as a
process of its own, so that it shares no event loop and no interpreter with a server.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Coroutine
from typing import Any, cast

CLOSES = re.compile(rb"connection: *close", re.IGNORECASE)
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Client(asyncio.Protocol):
    """One connection with one request under way at a time; made anew where the server closes it."""

    def __init__(self, request: bytes, score: Score, port: int) -> None:
        self._request = request
        self._score = score
        self._port = port
        self._received = b""

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = LENGTH.search(received, 0, end)
        whole = len(received) >= end + 4 + int(length[1]) if length else received.endswith(b"0\r\n\r\n")
        if not whole:
            return
        self._received = b""
        self._score.count(received)
        if not self._score.running:
            self._transport.close()
        elif not CLOSES.search(received, 0, end):
            self._transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._score.running:
            return
        received, self._received = self._received, b""
        end = received.find(b"\r\n\r\n")
        if end > 0 and not LENGTH.search(received, 0, end):
            self._score.count(received)  # a body that ends where the connection does
        else:
            self._score.lost += bool(received)
        self._score.again(self.connect())


class Score:
    """What the connections did together."""

    def __init__(self) -> None:
        self.running = True
        self.answered = 0
        self.failed = 0
        self.lost = 0
        self.sample = b""
        self._connecting: set[asyncio.Task[None]] = set()

    def again(self, connect: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(connect)
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def count(self, response: bytes) -> None:
        self.answered += 1
        if response[9:12] != b"200":
            self.failed += 1
            self.sample = response


async def run(request: bytes, port: int, connections: int, seconds: float) -> dict[str, object]:
    """Keep `connections` busy for `seconds`."""
    score = Score()
    clients = [Client(request, score, port) for _ in range(connections)]
    started = time.perf_counter()
    await asyncio.gather(*(client.connect() for client in clients))
    await asyncio.sleep(seconds)
    elapsed = time.perf_counter() - started
    score.running = False
    return {
        "rate": score.answered / elapsed,
        "failed": score.failed,
        "lost": score.lost,
        "sample": score.sample[:2000].decode("latin-1"),
    }


def main() -> None:
    port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    request = sys.stdin.buffer.read()
    try:
        import uvloop

        result = uvloop.run(run(request, port, connections, seconds))
    except ImportError:
        result = asyncio.run(run(request, port, connections, seconds))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
