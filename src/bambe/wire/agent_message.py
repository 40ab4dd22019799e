"""One message of AWS Systems Manager's session protocol, which `aws ecs execute-command` speaks, as bytes.

    offset    0  4     36       40       48      56     64  80      112   116       120
              |  |     |        |        |       |      |   |       |     |         |
              HL type  version  created  number  flags  id  digest  kind  length    payload

Numbers are big-endian. HL counts the bytes before `length`; `type` is filled up with spaces; `created`
is in milliseconds; `id` is a UUID with its halves swapped; `digest` is the payload's SHA-256. Read from
the Session Manager plugin (src/message in aws/session-manager-plugin), which is the reference.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from uuid import UUID, uuid4

from bambe.kernel.errors import BambeError

_HEAD = struct.Struct(">I32sIQqQ16s32sI")
_LENGTH = struct.Struct(">I")
_VERSION = 1


class MessageType(StrEnum):
    """What a message is; streams of data have numbers, the others do not."""

    INPUT = "input_stream_data"
    OUTPUT = "output_stream_data"
    ACKNOWLEDGE = "acknowledge"
    CLOSED = "channel_closed"


class Kind(IntEnum):
    """What a stream's payload is."""

    NONE = 0
    OUTPUT = 1
    ERROR = 2
    SIZE = 3
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    FLAG = 10


SYN_AND_FIN = 3
"""The flags of a message that is a stream of its own."""
TERMINATE = (2).to_bytes(4, "big")
"""The payload of a FLAG by which a client ends its session."""


class BadMessage(BambeError):
    """Bytes that are no message of this protocol."""


@dataclass(frozen=True, slots=True)
class AgentMessage:
    """A message; `type` and `kind` may be ones we do not know."""

    type: str
    created: datetime
    payload: bytes = b""
    kind: int = Kind.NONE
    number: int = 0
    flags: int = 0
    id: UUID = field(default_factory=uuid4)

    def serialize(self) -> bytes:
        """The message as it is sent."""
        head = _HEAD.pack(
            _HEAD.size,
            self.type.encode().ljust(32),
            _VERSION,
            int(self.created.timestamp() * 1000),
            self.number,
            self.flags,
            self.id.bytes[8:] + self.id.bytes[:8],
            hashlib.sha256(self.payload).digest(),
            self.kind,
        )
        return head + _LENGTH.pack(len(self.payload)) + self.payload


def parse_message(raw: bytes) -> AgentMessage:
    """The message in `raw`; BadMessage where there is none."""
    if len(raw) < _HEAD.size + _LENGTH.size:
        raise BadMessage(f"{len(raw)} bytes are too few for a message")
    size, said, _, created, number, flags, swapped, digest, kind = _HEAD.unpack_from(raw)
    if not _HEAD.size <= size <= len(raw) - _LENGTH.size:
        raise BadMessage(f"a header cannot have {size} bytes")
    (length,) = _LENGTH.unpack_from(raw, size)
    payload = raw[size + _LENGTH.size :]
    if len(payload) != length:
        raise BadMessage(f"the payload has {len(payload)} bytes and not {length}")
    # The plugin does not look at the digest of an empty payload.
    if payload and hashlib.sha256(payload).digest() != digest:
        raise BadMessage("the payload is not the one of its digest")
    try:
        return AgentMessage(
            type=said.decode().strip(" \0"),
            created=datetime.fromtimestamp(created / 1000, UTC),
            payload=payload,
            kind=kind,
            number=number,
            flags=flags,
            id=UUID(bytes=swapped[8:] + swapped[:8]),
        )
    except (ValueError, OverflowError, OSError) as error:
        raise BadMessage(f"a field cannot be read: {error}") from None
