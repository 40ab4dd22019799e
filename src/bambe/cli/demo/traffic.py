"""Steady traffic through the load balancer, bounded in rate and time; every answer is kept."""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
from collections.abc import Sequence
from datetime import timedelta

import aiohttp

from bambe.cli.demo.counts import Answered
from bambe.kernel.clock import SystemClock, monotonic

LIMIT = timedelta(minutes=60)
MOST = 100
"""Requests under way at once: a machine that cannot keep up is not buried."""
ORDER = re.compile(rb'"order": "([0-9a-f]+)"')
"""In the answers of the shop that took one."""
LINGER = 0.5
"""Seconds that TLS connections get to end after the last session (aiohttp: "Graceful Shutdown")."""


class Traffic:
    """`rate` requests a second, spread over `routes`, half of them on kept connections, half on fresh ones.

    It runs on a thread of its own, so that nothing else this process does holds it up.
    """

    def __init__(self, base: str, ca: str, routes: Sequence[str], rate: float) -> None:
        self.base = base
        self.routes = tuple(routes)
        self.answers: list[Answered] = []
        self._gap = 1.0 / rate
        self._ca = ca
        self._clock = SystemClock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)

    def start(self) -> None:
        """Begin sending."""
        self._thread.start()

    def stop(self) -> list[Answered]:
        """Send no more, wait for what is in flight, answer all that happened."""
        self._stop.set()
        self._thread.join(timeout=30)
        return self.answers

    def _run(self) -> None:
        asyncio.run(self._send_all())

    async def _send_all(self) -> None:
        context = ssl.create_default_context(cafile=self._ca)
        kept = aiohttp.TCPConnector(ssl=context, limit=0, keepalive_timeout=30)
        fresh = aiohttp.TCPConnector(ssl=context, limit=0, force_close=True)
        limit = aiohttp.ClientTimeout(total=10)
        async with (
            aiohttp.ClientSession(connector=kept, timeout=limit) as keeping,
            aiohttp.ClientSession(connector=fresh, timeout=limit) as closing,
        ):
            await self._pace([keeping, closing])
        await asyncio.sleep(LINGER)  # noqa: TID251 - real connections end in real time

    async def _pace(self, sessions: Sequence[aiohttp.ClientSession]) -> None:
        under_way: set[asyncio.Task[None]] = set()
        start, number = monotonic(), 0
        while not self._stop.is_set() and monotonic() - start < LIMIT.total_seconds():
            wait = start + number * self._gap - monotonic()
            if wait > 0:
                await asyncio.sleep(wait)  # noqa: TID251 - pacing real traffic
            if len(under_way) >= MOST:
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            route = self.routes[number % len(self.routes)]
            session = sessions[(number // len(self.routes)) % len(sessions)]
            task = asyncio.create_task(self._send(session, route))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            number += 1
        if under_way:
            await asyncio.wait(under_way, timeout=15)

    async def _send(self, session: aiohttp.ClientSession, route: str) -> None:
        at, version, failed, order = self._clock.now(), "", True, ""
        try:
            async with session.get(self.base + route) as answer:
                taken = ORDER.search(await answer.read())
                order = taken[1].decode() if taken else ""
                version = answer.headers.get("x-version", "")
                failed = answer.status >= 500 or not version
                why = f"HTTP {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = f"{type(error).__name__}: {error}"
        self.answers.append(Answered(at, self._clock.now(), route, version, failed, why, order))
