"""Steady traffic through the load balancer, bounded in rate and time, with every answer counted."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp

from bambe.kernel.clock import monotonic

LIMIT = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Seen:
    """What happened to requests of one phase, route and version ("" when none answered)."""

    phase: str
    route: str
    version: str
    failed: bool


@dataclass(slots=True)
class Count:
    """Answers by phase, route and version; failures with one example each."""

    seen: Counter[Seen] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def total(self, phase: str | None = None, route: str | None = None, version: str | None = None) -> int:
        """Requests sent, optionally of one phase, route, version."""
        return sum(number for one, number in self.seen.items() if _matches(one, phase, route, version))

    def failed(self, phase: str | None = None, route: str | None = None, version: str | None = None) -> int:
        """Requests that got no answer below 500."""
        return sum(
            number for one, number in self.seen.items() if one.failed and _matches(one, phase, route, version)
        )

    def versions(self, phase: str, route: str) -> list[str]:
        """The versions that answered."""
        return sorted({one.version for one in self.seen if _matches(one, phase, route, None) and one.version})


def _matches(one: Seen, phase: str | None, route: str | None, version: str | None) -> bool:
    return (
        (phase is None or one.phase == phase)
        and (route is None or one.route == route)
        and (version is None or one.version == version)
    )


class Traffic:
    """`rate` requests a second, spread over `routes`, half of them on kept connections, half on fresh ones.

    It runs on a thread of its own, so that nothing else this process does holds it up. A request belongs
    to the phase in which it was sent.
    """

    def __init__(self, base: str, ca: str, routes: Sequence[str], rate: float) -> None:
        self.base = base
        self.routes = tuple(routes)
        self.count = Count()
        self.phase = "before"
        self._gap = 1.0 / rate
        self._ca = ca
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)

    def start(self) -> None:
        """Begin sending."""
        self._thread.start()

    def stop(self) -> Count:
        """Send no more, wait for what is in flight, answer the counts."""
        self._stop.set()
        self._thread.join(timeout=30)
        return self.count

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

    async def _pace(self, sessions: Sequence[aiohttp.ClientSession]) -> None:
        under_way: set[asyncio.Task[None]] = set()
        start, number = monotonic(), 0
        while not self._stop.is_set() and monotonic() - start < LIMIT.total_seconds():
            wait = start + number * self._gap - monotonic()
            if wait > 0:
                await asyncio.sleep(wait)  # noqa: TID251 - pacing real traffic
            route = self.routes[number % len(self.routes)]
            session = sessions[(number // len(self.routes)) % len(sessions)]
            task = asyncio.create_task(self._send(session, route, self.phase))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            number += 1
        if under_way:
            await asyncio.wait(under_way, timeout=15)

    async def _send(self, session: aiohttp.ClientSession, route: str, phase: str) -> None:
        version, failed, why = "", True, ""
        try:
            async with session.get(self.base + route) as answer:
                await answer.read()
                version = answer.headers.get("x-version", "")
                failed = answer.status >= 500 or not version
                why = f"HTTP {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = f"{type(error).__name__}: {error}"
        self.count.seen[Seen(phase, route, version, failed)] += 1
        if failed:
            self.count.examples.setdefault(f"{phase} {route}", why)
