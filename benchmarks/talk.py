"""A WebSocket that stays open for as long as its server lets it, and asks again what was not answered.

A connection may end only with the server's own Close frame (1001, going away); the client then connects
anew and sends the message that had no answer yet once more. Failures: a connection that ends in any other
way, a message that has no answer in time, an answer that is not what was asked, and no new connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable

import aiohttp

GOING_AWAY = 1001
ANSWERS_WITHIN = 15.0
AGAIN = 0.2

Note = Callable[[str, float, str, str], None]
"""Kind, when it was sent, who answered, why it failed ("": it did not)."""


class Ended(Exception):
    """The connection is over; `code` is the server's, None without a Close frame of its."""

    def __init__(self, code: int | None, why: str = "") -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class Talk:
    """One WebSocket after another, a message at a time."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, number: int, rate: float, note: Note
    ) -> None:
        self._session, self._url, self._name, self._note = session, url, f"talk {number}", note
        self._gap = 1 / rate
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._version = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Send in time until `stop`, then close."""
        for number in itertools.count():
            if stop.is_set():
                break
            await self._message(f"{self._name} message {number}", stop)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._gap)
        if self._socket is not None:
            await self._socket.close()

    async def _message(self, text: str, stop: asyncio.Event) -> None:
        """Until it is answered or fails; a server that goes away leaves it to the next."""
        sent = time.time()
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                while not await self._asked(text):
                    pass
        except TimeoutError:
            self._socket = None
            self._note("websocket", sent, "", "no answer in time")
        except Ended as end:
            self._note("websocket", sent, "", f"ended without a goodbye (code {end.code}): {end.why}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), AGAIN)
        else:
            self._note("websocket", sent, self._version, "")

    async def _asked(self, text: str) -> bool:
        """Whether it was answered; False where the server said goodbye instead."""
        if self._socket is None:
            await self._connect()
        assert self._socket is not None
        with contextlib.suppress(aiohttp.ClientError, OSError):  # what came before the end is read below
            await self._socket.send_str(text)
        got = await self._socket.receive()
        if got.type is aiohttp.WSMsgType.TEXT:
            self._version, _, answer = got.data.partition(" ")
            if answer != text:
                raise Ended(None, f"another answer: {got.data[:80]}")
            return True
        code = self._socket.close_code
        self._socket = None
        if got.type is aiohttp.WSMsgType.CLOSE and code == GOING_AWAY:
            self._note("goodbye", time.time(), self._version, "")
            return False
        raise Ended(code, f"{got.type.name} {got.data!r}")

    async def _connect(self) -> None:
        try:
            # heartbeat: none, so that nothing but messages keeps it open.
            self._socket = await self._session.ws_connect(self._url)
        except (aiohttp.ClientError, OSError) as error:
            raise Ended(None, f"no connection: {error!r}") from error
