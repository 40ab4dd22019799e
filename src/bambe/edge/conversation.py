"""One session as Systems Manager's agent holds it: handshake, keys in, output out, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Protocol

from bambe.engines.containers.port import Terminal
from bambe.kernel.clock import Clock
from bambe.kernel.errors import EngineError
from bambe.kernel.ids import uuid_id
from bambe.wire.agent_message import (
    SYN_AND_FIN,
    TERMINATE,
    AgentMessage,
    BadMessage,
    Kind,
    MessageType,
)
from bambe.wire.data_channel import DataChannel

IDLE = timedelta(minutes=20)
"""AWS ends a session in which nothing happens for so long; a person's time, so it is never scaled."""
TICK = 0.1
SHAKEN_WITHIN = 15.0
LAST_WORDS_WITHIN = 5.0
WINDOW = 64
"""So many messages may be on their way unacknowledged; then the command waits."""
TYPED_AHEAD = 1000
"""So many messages that the command has not read are kept; then the client waits."""
PIECE = 4096

SESSION_TYPE = {
    "ActionType": "SessionType",
    "ActionParameters": {"SessionType": "InteractiveCommands", "Properties": {}},
}
HANDSHAKE = {"AgentVersion": "3.3.0.0", "RequestedClientActions": [SESSION_TYPE]}
NOT_STARTED = "----------ERROR-------\nUnable to start command: {}"
STOPPING = "The platform is being stopped."
TIMED_OUT = "Session timed out because nothing happened in it for 20 minutes."

Begin = Callable[[], Awaitable[Terminal]]


class Frames(Protocol):
    """Whole messages to and from the client."""

    async def next(self) -> bytes | None:
        """The client's next one; None once it has gone."""
        ...

    async def send(self, data: bytes) -> None:
        """Give the client one; OSError when it has gone."""
        ...


class Conversation:
    """`run` returns when the session is over."""

    def __init__(self, session_id: str, frames: Frames, clock: Clock) -> None:
        self._session_id = session_id
        self._frames = frames
        self._clock = clock
        self._channel = DataChannel(MessageType.OUTPUT)
        self._inbox: asyncio.Queue[AgentMessage | None] = asyncio.Queue()
        self._heard = asyncio.Event()
        self._idle_at = clock.now() + IDLE
        self._exit_code: int | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End it, and tell the client."""
        self._stopping.set()

    async def run(self, begin: Begin) -> None:
        """Hold the session: `begin` starts its command once the client is ready."""
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._send_again())]
        try:
            if await self._shake_hands():
                await self._hold(begin)
        finally:
            await _end(tasks)

    async def _hold(self, begin: Begin) -> None:
        try:
            terminal = await begin()
        except EngineError as error:
            await self._close(NOT_STARTED.format(error))
            return
        ways_to_end = (self._show(terminal), self._type(terminal), self._wait_idle(), self._wait_stopping())
        tasks = [asyncio.create_task(way) for way in ways_to_end]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            last_word = done.pop().result()
            if last_word is not None:
                await self._close(last_word)
        finally:
            await _end(tasks)
            await terminal.close()

    async def _listen(self) -> None:
        """Take what comes, acknowledge it, pass it on in order."""
        try:
            while (raw := await self._frames.next()) is not None:
                with contextlib.suppress(BadMessage):
                    await self._take(raw)
        finally:
            self._inbox.put_nowait(None)

    async def _take(self, raw: bytes) -> None:
        is_full = self._inbox.qsize() >= TYPED_AHEAD
        received = self._channel.receive(raw, self._clock.now(), is_full)
        self._heard.set()
        if received.answer:
            self._idle_at = self._clock.now() + IDLE
            await self._frames.send(received.answer)
        for message in received.messages:
            self._inbox.put_nowait(message)

    async def _shake_hands(self) -> bool:
        began = self._clock.now()
        await self._send(Kind.HANDSHAKE_REQUEST, json.dumps(HANDSHAKE).encode())
        try:
            async with asyncio.timeout(SHAKEN_WITHIN):
                response = await self._inbox.get()
        except TimeoutError:
            await self._close("The client did not answer the handshake.")
            return False
        if response is None:
            return False
        if response.kind != Kind.HANDSHAKE_RESPONSE or _has_errors(response.payload):
            await self._close("The client does not know this kind of session.")
            return False
        took = self._clock.now() - began
        complete = {
            "HandshakeTimeToComplete": took // timedelta(microseconds=1) * 1000,
            "CustomerMessage": "",
        }
        await self._send(Kind.HANDSHAKE_COMPLETE, json.dumps(complete).encode())
        return True

    async def _show(self, terminal: Terminal) -> str | None:
        """Output until the command has ended and the client has all of it."""
        has_shown = False
        try:
            while data := await terminal.read():
                has_shown = True
                self._idle_at = self._clock.now() + IDLE
                for start in range(0, len(data), PIECE):
                    await self._until(WINDOW)
                    await self._send(Kind.OUTPUT, data[start : start + PIECE])
            self._exit_code = await terminal.exit_code()
        except EngineError as error:
            return str(error) if has_shown else NOT_STARTED.format(error)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_WITHIN):
                await self._until(1)
        return ""

    async def _type(self, terminal: Terminal) -> str | None:
        """Input until the client ends the session, or is gone (None)."""
        while (message := await self._inbox.get()) is not None:
            if message.kind == Kind.FLAG and message.payload == TERMINATE:
                return ""
            # What is typed after the command's end reaches nobody.
            with contextlib.suppress(EngineError):
                if message.kind == Kind.OUTPUT:
                    await terminal.write(message.payload)
                elif message.kind == Kind.SIZE and (size := _size(message.payload)):
                    await terminal.resize(*size)
        return None

    async def _wait_idle(self) -> str | None:
        while (left := (self._idle_at - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(left)
        return TIMED_OUT

    async def _wait_stopping(self) -> str | None:
        await self._stopping.wait()
        return STOPPING

    async def _until(self, fewer: int) -> None:
        """Wait until fewer messages than this are unacknowledged."""
        while self._channel.unacknowledged >= fewer:
            self._heard.clear()
            await self._heard.wait()

    async def _send_again(self) -> None:
        while True:
            await self._clock.sleep(TICK)
            if overdue := self._channel.overdue(self._clock.now()):
                await self._frames.send(overdue)

    async def _send(self, kind: Kind, payload: bytes) -> None:
        await self._frames.send(self._channel.send(kind, payload, self._clock.now()))

    async def _close(self, output: str) -> None:
        """Say that it is over. `ExitCode` is ours: AWS tells nobody how an interactive command ended."""
        now = self._clock.now()
        said = {
            "MessageId": uuid_id(),
            "CreatedDate": now.isoformat(),
            "SessionId": self._session_id,
            "MessageType": MessageType.CLOSED,
            "SchemaVersion": 1,
            "Output": output,
        }
        if self._exit_code is not None:
            said["ExitCode"] = self._exit_code
        payload = json.dumps(said).encode()
        await self._frames.send(AgentMessage(MessageType.CLOSED, now, payload, flags=SYN_AND_FIN).serialize())


def _has_errors(payload: bytes) -> bool:
    try:
        return bool(json.loads(payload).get("Errors"))
    except (ValueError, AttributeError):
        return True


def _size(payload: bytes) -> tuple[int, int] | None:
    """Columns and rows."""
    try:
        said = json.loads(payload)
        return int(said["cols"]), int(said["rows"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


async def _end(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
