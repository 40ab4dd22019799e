"""Steady traffic of five kinds at once, from a process of its own; a line of JSON for every request.

python -m benchmarks.steady URL CA OUT [--rates kept=25,...] [--seconds 3600]

It ends when its standard input does, so that it never outlives who started it, and after --seconds.

kept        HTTP/1.1 on kept connections
fresh       HTTP/1.1, a connection and a TLS handshake for each request
http2       HTTP/2, many requests at a time on one connection
slow        HTTP/1.1, answered after 2 to 4 seconds
websocket   messages on WebSockets that stay open for as long as their server lets them

Every second request is a POST, which neither the proxy nor the client may send twice; the answer must
have come whole, with what was posted. The rate of a WebSocket is its messages a second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TextIO

import aiohttp

from benchmarks.http2 import Client
from benchmarks.talk import Talk

RATES = {"kept": 25.0, "fresh": 12.0, "http2": 30.0, "slow": 4.0, "websocket": 20.0}
TALKS = 4
SLOW = (2.0, 4.0)
ANSWERS_WITHIN = 15.0
SECONDS = 3600.0

Ask = Callable[[str, str, str], Awaitable[tuple[int, str, str]]]
"""Method, path and what to post in; status, version and body out."""


class Book:
    """Writes down every request."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def note(self, kind: str, sent: float, version: str, why: str = "") -> None:
        line = {"kind": kind, "sent": sent, "done": time.time(), "version": version, "why": why}
        self._out.write(json.dumps(line) + "\n")

    def flush(self) -> None:
        self._out.flush()


class Kind:
    """One kind of requests, at a rate."""

    def __init__(self, name: str, ask: Ask, rate: float, book: Book) -> None:
        self._name, self._ask, self._rate, self._book = name, ask, rate, book
        self._random = random.Random(name)
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send in time, whatever the answers take."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in itertools.count():
            wait = began + number / self._rate - loop.time()
            if wait > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), wait)
            if stop.is_set():
                break
            task = asyncio.create_task(self._send(number))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=ANSWERS_WITHIN + 1)

    async def _send(self, number: int) -> None:
        path = f"/slow/{self._random.uniform(*SLOW):.1f}" if self._name == "slow" else f"/{self._name}"
        method, posted = ("POST", f"{self._name}-{number}") if number % 2 else ("GET", "")
        sent, version = time.time(), ""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                status, version, body = await self._ask(method, path, posted)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = f"{method}: {type(error).__name__}: {error}"
        else:
            whole = status == 200 and body == f"{version} {path} {posted}"
            why = "" if whole else f"{method}: HTTP {status}: {body[:80]}"
        self._book.note(self._name, sent, version, why)


def by_aiohttp(session: aiohttp.ClientSession, base: str) -> Ask:
    async def ask(method: str, path: str, posted: str) -> tuple[int, str, str]:
        async with session.request(method, base + path, data=posted or None) as answer:
            return answer.status, answer.headers.get("x-version", ""), await answer.text()

    return ask


async def run(url: str, authority: str, out: TextIO, rates: dict[str, float], seconds: float) -> None:
    """All kinds at once, until the input ends or the time is over."""
    http2 = ssl.create_default_context(cafile=authority)
    http2.set_alpn_protocols(["h2"])
    http1 = ssl.create_default_context(cafile=authority)
    http1.set_alpn_protocols(["http/1.1"])
    book, stop = Book(out), asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        keeping = aiohttp.TCPConnector(ssl=http1, limit=0, keepalive_timeout=30)
        closing = aiohttp.TCPConnector(ssl=http1, limit=0, force_close=True)
        kept = await stack.enter_async_context(aiohttp.ClientSession(connector=keeping))
        fresh = await stack.enter_async_context(aiohttp.ClientSession(connector=closing))
        two = stack.enter_context(contextlib.closing(Client(url, http2)))
        asks = {
            "kept": by_aiohttp(kept, url),
            "fresh": by_aiohttp(fresh, url),
            "http2": two.ask,
            "slow": by_aiohttp(kept, url),
        }
        runs = [Kind(name, asks[name], rate, book).run(stop) for name, rate in rates.items() if name in asks]
        if rate := rates.get("websocket", 0.0):
            talks = [Talk(kept, url + "/echo", number, rate / TALKS, book.note) for number in range(TALKS)]
            runs += [talk.run(stop) for talk in talks]
        await asyncio.gather(_until_over(stop, book, seconds), *runs)


async def _until_over(stop: asyncio.Event, book: Book, seconds: float) -> None:
    """Flush what is written down, and stop in time."""
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), stop.set)
    until = loop.time() + seconds
    while not stop.is_set() and loop.time() < until:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.2)
        book.flush()
    loop.remove_reader(sys.stdin.fileno())
    stop.set()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("authority")
    parser.add_argument("out", type=Path)
    parser.add_argument("--rates", default=",".join(f"{name}={rate:g}" for name, rate in RATES.items()))
    parser.add_argument("--seconds", type=float, default=SECONDS)
    said = parser.parse_args()
    rates = {name: float(rate) for name, _, rate in (one.partition("=") for one in said.rates.split(","))}
    with said.out.open("w") as out:
        asyncio.run(run(said.url, said.authority, out, rates, said.seconds))


if __name__ == "__main__":
    main()
