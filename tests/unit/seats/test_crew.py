"""Consumers of a task: as many as asked for, begun anew where they fail, and no count of theirs is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from confluent_kafka import KafkaError, KafkaException
from seats.crew import Crew
from seats.seat import Seat


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


class Partitions:
    """A consumer with three events in each of two partitions before it."""

    def assignment(self) -> list[object]:
        return [object(), object()]

    def position(self, places: list[object]) -> list[Partitions]:
        return [self for _ in places]

    offset = 4

    def get_watermark_offsets(self, place: object, cached: bool) -> tuple[int, int]:
        return 0, 7


def test_as_many_run_as_asked_for_and_their_counts_survive_them() -> None:
    def take(seat: Seat) -> None:
        seat.count(handled=2, dead=1)
        seat.wait(10)

    crew = Crew(take)
    crew.resize(3)
    assert crew.size == 3
    crew.resize(1)
    assert crew.size == 1
    crew.resize(0)
    counted = crew.counted()
    assert counted == {"EventsHandled": 6, "EventsFailed": 0, "EventsDeadLettered": 3}
    assert sum(crew.counted().values()) == 0
    crew.give_back(counted)
    assert crew.counted() == counted, "what could not be told is told again"


@pytest.mark.parametrize(
    ("error", "failed"), [(AssertionError("no"), 1), (KafkaException(KafkaError(KafkaError.UNKNOWN)), 0)]
)
def test_an_event_that_cannot_be_handled_counts_and_what_kafka_does_does_not(
    error: Exception, failed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Seat, "wait", lambda self, seconds: None)
    again = threading.Event()

    def take(seat: Seat) -> None:
        if not again.is_set():
            again.set()
            raise error
        while not seat.ended:
            time.sleep(0.005)

    crew = Crew(take)
    crew.resize(1)
    until(again.is_set)
    crew.resize(0)
    assert crew.counted()["EventsFailed"] == failed


def test_how_far_one_is_behind_is_told_while_it_hangs() -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def take(seat: Seat) -> None:
        with seat.watching(Partitions()):  # type: ignore[arg-type]
            hangs.set()
            goes_on.wait(10)
        seat.wait(10)

    crew = Crew(take)
    crew.resize(1)
    until(hangs.is_set)
    assert crew.gauges() == {"EventsBehind": 6, "PartitionsOwned": 2}
    goes_on.set()
    until(lambda: crew.gauges()["PartitionsOwned"] == 0)
    crew.resize(0)
