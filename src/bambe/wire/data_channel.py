"""One end of a session's two numbered streams: what it sends until it is acknowledged, what comes in order.

It knows bytes only, no sockets; the agent's end sends OUTPUT, the client's INPUT. The Session Manager
plugin drops what comes before it is ready without acknowledging it, so sending again is no luxury.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from bambe.wire.agent_message import SYN_AND_FIN, AgentMessage, MessageType, parse_message

RESENT_AFTER = timedelta(milliseconds=200)
HELD = 1000
"""So many messages that came too early are kept; later ones have to come again."""


@dataclass(frozen=True, slots=True)
class Received:
    """What a message brought: messages now in order, and what to answer, if anything."""

    messages: tuple[AgentMessage, ...] = ()
    answer: bytes = b""


class DataChannel:
    """`sends` is the type of the stream this end sends; the other one is what it takes."""

    def __init__(self, sends: MessageType) -> None:
        self._sends = sends
        self._takes = MessageType.INPUT if sends is MessageType.OUTPUT else MessageType.OUTPUT
        self._next = 0
        self._expected = 0
        self._sent: dict[int, tuple[datetime, bytes]] = {}
        self._early: dict[int, AgentMessage] = {}

    @property
    def unacknowledged(self) -> int:
        """How many messages the other end has not acknowledged."""
        return len(self._sent)

    def send(self, kind: int, payload: bytes, now: datetime) -> bytes:
        """The next message of the stream."""
        made = AgentMessage(self._sends, now, payload, kind, self._next).serialize()
        self._sent[self._next] = (now, made)
        self._next += 1
        return made

    def receive(self, raw: bytes, now: datetime, is_full: bool = False) -> Received:
        """Take a message of the other end; BadMessage where it is none.

        Where this end `is_full`, nothing of the stream is taken or acknowledged: it has to come again.
        """
        message = parse_message(raw)
        if message.type == self._takes:
            return Received() if is_full else self._stream(message, now)
        if message.type == MessageType.ACKNOWLEDGE:
            self._sent.pop(_acknowledged(message), None)
        return Received((message,) if message.type == MessageType.CLOSED else ())

    def overdue(self, now: datetime) -> bytes:
        """The oldest message that waits for its acknowledgement too long, to be sent again; b"" if none."""
        for number, (at, made) in self._sent.items():
            if now - at < RESENT_AFTER:
                return b""
            self._sent[number] = (now, made)
            return made
        return b""

    def _stream(self, message: AgentMessage, now: datetime) -> Received:
        if message.number > self._expected and len(self._early) >= HELD:
            return Received()
        if message.number >= self._expected:
            self._early[message.number] = message
        ready = []
        while self._expected in self._early:
            ready.append(self._early.pop(self._expected))
            self._expected += 1
        return Received(tuple(ready), acknowledgement(message, now))


def acknowledgement(message: AgentMessage, now: datetime) -> bytes:
    """The message that says `message` has come."""
    said = {
        "AcknowledgedMessageType": message.type,
        "AcknowledgedMessageId": str(message.id),
        "AcknowledgedMessageSequenceNumber": message.number,
        "IsSequentialMessage": True,
    }
    payload = json.dumps(said).encode()
    return AgentMessage(MessageType.ACKNOWLEDGE, now, payload, flags=SYN_AND_FIN).serialize()


def _acknowledged(message: AgentMessage) -> int:
    try:
        return int(json.loads(message.payload)["AcknowledgedMessageSequenceNumber"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return -1
