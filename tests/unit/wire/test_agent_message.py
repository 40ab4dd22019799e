"""Messages of Systems Manager's session protocol, byte by byte as the Session Manager plugin has them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.wire.agent_message import AgentMessage, BadMessage, Kind, MessageType, parse_message

NOW = datetime(2026, 1, 1, tzinfo=UTC)
messages = st.builds(
    AgentMessage,
    type=st.sampled_from([*MessageType, "start_publication", "x" * 32]),
    created=st.integers(0, 10**13).map(lambda ms: datetime.fromtimestamp(ms // 1000, UTC)),
    payload=st.binary(max_size=300),
    kind=st.integers(0, 2**32 - 1),
    number=st.integers(-(2**63), 2**63 - 1),
    flags=st.integers(0, 2**64 - 1),
    id=st.uuids(),
)


def test_where_each_field_is() -> None:
    made = AgentMessage(
        MessageType.INPUT, NOW, b"ls\r", Kind.OUTPUT, 7, 3, UUID("00112233-4455-6677-8899-aabbccddeeff")
    ).serialize()
    assert made[:4] == (116).to_bytes(4, "big")
    assert made[4:36] == b"input_stream_data" + b" " * 15
    assert made[36:40] == (1).to_bytes(4, "big")
    assert made[40:48] == (1767225600000).to_bytes(8, "big")
    assert made[48:56] == (7).to_bytes(8, "big")
    assert made[56:64] == (3).to_bytes(8, "big")
    assert made[64:80].hex() == "8899aabbccddeeff0011223344556677"
    assert made[80:84].hex() == "1d887ce0"
    assert made[112:116] == (1).to_bytes(4, "big")
    assert made[116:] == (3).to_bytes(4, "big") + b"ls\r"


@given(messages)
def test_what_is_written_is_read(message: AgentMessage) -> None:
    assert parse_message(message.serialize()) == message


@given(st.binary(max_size=200))
def test_other_bytes_are_refused_and_never_break_anything(raw: bytes) -> None:
    with pytest.raises(BadMessage):
        parse_message(raw)


@given(messages.filter(lambda m: m.payload), st.data())
def test_a_payload_that_was_changed_is_refused(message: AgentMessage, data: st.DataObject) -> None:
    raw = bytearray(message.serialize())
    raw[data.draw(st.integers(120, len(raw) - 1))] ^= 1
    with pytest.raises(BadMessage):
        parse_message(bytes(raw))
