"""A session of ECS Exec held from here, in place of AWS's Session Manager plugin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

import aiohttp

from bambe import __version__
from bambe.cli.trouble import Trouble
from bambe.kernel.clock import Clock, SystemClock
from bambe.wire.agent_message import AgentMessage, Kind, MessageType
from bambe.wire.data_channel import DataChannel

TICK = 0.1
END_OF_INPUT = b"\x04"
"""Ctrl-D, by which a terminal's program hears that no more comes."""


class Person(Protocol):
    """Who types, and who reads."""

    async def keys(self) -> bytes:
        """What was typed; b"" once no more comes."""
        ...

    def show(self, data: bytes) -> None:
        """Show what was printed."""
        ...

    def size(self) -> tuple[int, int] | None:
        """Columns and rows of the terminal; None without one."""
        ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How a session ended: `trouble` is "" for a command that ended by itself; AWS does not tell its
    exit code."""

    trouble: str = ""
    exit_code: int | None = None


async def hold(session: Mapping[str, str], person: Person) -> Ended:
    """Hold the session that ExecuteCommand answered until it ends."""
    try:
        async with aiohttp.ClientSession() as http, http.ws_connect(session["streamUrl"]) as socket:
            await socket.send_str(json.dumps(_hello(session)))
            return await _Client(socket, person, SystemClock()).run()
    except aiohttp.ClientError as error:
        raise Trouble(f"the session cannot be opened: {error}.") from error


class _Client:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse, person: Person, clock: Clock) -> None:
        self._socket = socket
        self._person = person
        self._clock = clock
        self._channel = DataChannel(MessageType.INPUT)
        self._size: tuple[int, int] | None = None
        self._background: list[asyncio.Task[None]] = [asyncio.create_task(self._tick())]

    async def run(self) -> Ended:
        try:
            async for frame in self._socket:
                if frame.type is not aiohttp.WSMsgType.BINARY:
                    continue
                received = self._channel.receive(frame.data, self._clock.now())
                if received.answer:
                    await self._socket.send_bytes(received.answer)
                for message in received.messages:
                    if message.type == MessageType.CLOSED:
                        return _ended(message.payload)
                    await self._take(message)
        finally:
            for task in self._background:
                task.cancel()
            await asyncio.gather(*self._background, return_exceptions=True)
        return Ended("The session's connection was lost.")

    async def _take(self, message: AgentMessage) -> None:
        if message.kind == Kind.HANDSHAKE_REQUEST:
            await self._send(Kind.HANDSHAKE_RESPONSE, _handshake(message.payload))
        elif message.kind == Kind.HANDSHAKE_COMPLETE:
            await self._tell_size()
            self._background.append(asyncio.create_task(self._type()))
        elif message.kind == Kind.OUTPUT:
            self._person.show(message.payload)

    async def _type(self) -> None:
        while keys := await self._person.keys():
            await self._send(Kind.OUTPUT, keys)
        await self._send(Kind.OUTPUT, END_OF_INPUT)

    async def _tick(self) -> None:
        """Send again what was not acknowledged, and the size whenever it changes (as the plugin does)."""
        while True:
            await self._clock.sleep(TICK)
            if overdue := self._channel.overdue(self._clock.now()):
                await self._socket.send_bytes(overdue)
            if self._size is not None:
                await self._tell_size()

    async def _tell_size(self) -> None:
        size = self._person.size()
        if size is not None and size != self._size:
            self._size = size
            await self._send(Kind.SIZE, json.dumps({"cols": size[0], "rows": size[1]}).encode())

    async def _send(self, kind: Kind, payload: bytes) -> None:
        await self._socket.send_bytes(self._channel.send(kind, payload, self._clock.now()))


def _hello(session: Mapping[str, str]) -> dict[str, str]:
    return {
        "MessageSchemaVersion": "1.0",
        "RequestId": str(uuid4()),
        "TokenValue": session["tokenValue"],
        "ClientId": str(uuid4()),
        "ClientVersion": __version__,
    }


def _handshake(payload: bytes) -> bytes:
    """Every wish of the agent but encryption is granted."""
    wanted = [one["ActionType"] for one in json.loads(payload)["RequestedClientActions"]]
    refused = [one for one in wanted if one != "SessionType"]
    done = [{"ActionType": one, "ActionStatus": 3 if one in refused else 1} for one in wanted]
    errors = [f"Unsupported action {one}" for one in refused]
    said = {"ClientVersion": __version__, "ProcessedClientActions": done, "Errors": errors or None}
    return json.dumps(said).encode()


def _ended(payload: bytes) -> Ended:
    said = json.loads(payload)
    return Ended(said.get("Output", ""), said.get("ExitCode"))
