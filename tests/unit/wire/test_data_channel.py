"""The streams of a session: everything arrives once and in order, over a line that drops and repeats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bambe.wire.agent_message import AgentMessage, Kind, MessageType
from bambe.wire.data_channel import RESENT_AFTER, DataChannel

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.lists(st.binary(max_size=5), max_size=12), st.randoms(use_true_random=False))
def test_a_line_that_drops_repeats_and_shuffles_loses_nothing(sent: list[bytes], chance: Random) -> None:
    agent, client = DataChannel(MessageType.OUTPUT), DataChannel(MessageType.INPUT)
    now, came = NOW, []
    flying = [agent.send(Kind.OUTPUT, data, now) for data in sent]
    for turn in range(100):
        chance.shuffle(flying)
        # In the end the line is good.
        heard = [one for one in flying if turn > 50 or chance.random() < 0.6]
        for raw in [one for one in heard for _ in range(chance.randint(1, 2))]:
            received = client.receive(raw, now)
            came += [message.payload for message in received.messages]
            if received.answer and (turn > 50 or chance.random() < 0.6):
                agent.receive(received.answer, now)
        now += RESENT_AFTER
        again = agent.overdue(now)
        flying = [again] if again else []
    assert came == sent
    assert agent.unacknowledged == 0


def test_only_what_waits_too_long_is_sent_again() -> None:
    agent = DataChannel(MessageType.OUTPUT)
    first = agent.send(Kind.OUTPUT, b"a", NOW)
    agent.send(Kind.OUTPUT, b"b", NOW)
    assert agent.overdue(NOW + RESENT_AFTER / 2) == b""
    assert agent.overdue(NOW + RESENT_AFTER) == first
    assert agent.overdue(NOW + RESENT_AFTER) == b""


def test_the_end_of_a_session_needs_no_number() -> None:
    client = DataChannel(MessageType.INPUT)
    closed = AgentMessage(MessageType.CLOSED, NOW + timedelta(seconds=1), b"{}")
    received = client.receive(closed.serialize(), NOW)
    assert received.messages == (closed,)
    assert received.answer == b""


def test_an_end_does_not_take_its_own_kind_of_stream() -> None:
    agent, other = DataChannel(MessageType.OUTPUT), DataChannel(MessageType.OUTPUT)
    assert agent.receive(other.send(Kind.OUTPUT, b"x", NOW), NOW).messages == ()
