"""A session's ends that nobody types: a client that falls silent, that does not answer, that is slow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from bambe.edge.conversation import TYPED_AHEAD, WINDOW, Conversation, _size
from bambe.kernel.clock import ManualClock
from bambe.kernel.errors import Unavailable
from bambe.wire.agent_message import AgentMessage, Kind, MessageType, parse_message
from bambe.wire.data_channel import DataChannel
from tests.fakes.terminal import FakeTerminal


class Line:
    """A client in memory; it acknowledges what comes unless it is `deaf`."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.channel = DataChannel(MessageType.INPUT)
        self.incoming: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.screen = b""
        self.closed = ""
        self.answers = '{"Errors": null}'
        self.deaf = False

    async def next(self) -> bytes | None:
        return await self.incoming.get()

    async def send(self, data: bytes) -> None:
        message = parse_message(data)
        if message.type == MessageType.CLOSED:
            self.closed = json.loads(message.payload)["Output"] or "it ended"
            return
        if self.deaf:
            return
        received = self.channel.receive(data, self.clock.now())
        self.incoming.put_nowait(received.answer)
        for one in received.messages:
            if one.kind == Kind.HANDSHAKE_REQUEST:
                self.type(Kind.HANDSHAKE_RESPONSE, self.answers.encode())
            if one.kind == Kind.OUTPUT:
                self.screen += one.payload

    def type(self, kind: Kind, payload: bytes) -> None:
        self.incoming.put_nowait(self.channel.send(kind, payload, self.clock.now()))


class Held:
    """A conversation that runs."""

    def __init__(self, command: str = "sh") -> None:
        self.clock = ManualClock()
        self.line = Line(self.clock)
        self.terminal = FakeTerminal([command])
        self.trouble: Exception | None = None

    async def begin(self) -> FakeTerminal:
        if self.trouble is not None:
            raise self.trouble
        return self.terminal

    def start(self) -> None:
        self.conversation = Conversation("s", self.line, self.clock)
        self.task = asyncio.create_task(self.conversation.run(self.begin))

    async def over(self) -> str:
        async with asyncio.timeout(10):
            await self.task
        return self.line.closed


@pytest.fixture
async def held() -> AsyncIterator[Held]:
    made = Held()
    yield made
    made.task.cancel()
    await asyncio.gather(made.task, return_exceptions=True)


async def test_after_twenty_silent_minutes_it_is_closed(held: Held) -> None:
    held.start()
    await held.clock.advance(19 * 60)
    held.line.type(Kind.OUTPUT, b"echo still here\r")
    await held.clock.advance(19 * 60)
    assert not held.task.done()
    assert b"still here" in held.line.screen
    await held.clock.advance(2 * 60)
    assert "20 minutes" in await held.over()
    assert held.terminal.closed


async def test_a_client_that_knows_no_such_session_hears_so(held: Held) -> None:
    held.line.answers = '{"Errors": ["Unknown session type"]}'
    held.start()
    assert "does not know" in await held.over()
    assert not held.terminal.closed


async def test_a_client_that_leaves_in_the_handshake(held: Held) -> None:
    held.line.incoming.put_nowait(None)
    held.start()
    assert await held.over() == ""


async def test_an_engine_that_does_not_answer_is_said(held: Held) -> None:
    held.trouble = Unavailable("The Docker Engine does not answer.")
    held.start()
    assert "The Docker Engine does not answer." in await held.over()


async def test_a_platform_that_stops_says_so(held: Held) -> None:
    held.start()
    await held.clock.advance(1)
    held.conversation.stop()
    assert await held.over() == "The platform is being stopped."
    assert held.terminal.closed


async def test_a_slow_client_holds_the_command_back(held: Held) -> None:
    held.start()
    await held.clock.advance(1)
    held.line.deaf = True
    for number in range(WINDOW * 2):
        held.terminal._say(b"%d\r\n" % number)
    await held.clock.advance(1)
    assert held.terminal._output.qsize() >= WINDOW - 2
    held.line.deaf = False
    await held.clock.advance(60)
    assert held.line.screen.endswith(b"%d\r\n" % (WINDOW * 2 - 1))


async def test_a_command_that_reads_nothing_holds_its_client_back(held: Held) -> None:
    """What is not taken is not acknowledged, so that it comes again."""
    held.start()
    await held.clock.advance(1)
    reads = asyncio.Event()
    write = held.terminal.write

    async def stuck(data: bytes) -> None:
        await reads.wait()
        await write(data)

    held.terminal.write = stuck  # type: ignore[method-assign]
    for _ in range(TYPED_AHEAD + 500):
        held.line.type(Kind.OUTPUT, b"x")
    await held.clock.advance(1)
    assert TYPED_AHEAD - 5 < held.conversation._inbox.qsize() <= TYPED_AHEAD
    assert held.terminal.typed == b""
    reads.set()
    for _ in range(TYPED_AHEAD):
        await held.clock.advance(0.2)
        if again := held.line.channel.overdue(held.clock.now()):
            held.line.incoming.put_nowait(again)
        if held.terminal.typed == b"x" * (TYPED_AHEAD + 500):
            return
    raise AssertionError(f"{len(held.terminal.typed)} keys arrived")


def test_sizes_and_acknowledgements_that_are_no_numbers() -> None:
    assert _size(b'{"cols": 1e999, "rows": 1}') is None
    message = AgentMessage(
        MessageType.ACKNOWLEDGE, ManualClock().now(), b'{"AcknowledgedMessageSequenceNumber": 1e999}'
    )
    DataChannel(MessageType.OUTPUT).receive(message.serialize(), ManualClock().now())
