"""How many events a topic has for a reader, and when they were."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError

from bambe.cli import events
from bambe.cli.commands.events import line
from bambe.cli.events import Event, Reader
from bambe.cli.topics import LiveTopic

NOW = datetime(2026, 5, 7, 12, tzinfo=UTC)


class Message:
    def __init__(self, partition: int, offset: int, error: KafkaError | None = None) -> None:
        self._said = partition, offset, error

    def partition(self) -> int:
        return self._said[0]

    def offset(self) -> int:
        return self._said[1]

    def error(self) -> KafkaError | None:
        return self._said[2]

    def topic(self) -> str:
        return "orders"

    def timestamp(self) -> tuple[int, int]:
        return 1, 0

    def key(self) -> bytes:
        return b""

    value = key


class Consumer:
    """A partition whose records are at `offsets`, the next one at `end`; `is_slow` gives none of them."""

    def __init__(self, offsets: Iterable[int], end: int, is_slow: bool = False) -> None:
        self.left, self.end, self.is_slow = list(offsets), end, is_slow

    def get_watermark_offsets(self, place: Any, timeout: float) -> tuple[int, int]:
        return 0, self.end

    def assign(self, places: Any) -> None:
        return

    def consume(self, number: int, timeout: float) -> list[Message]:
        if self.is_slow:
            return []
        found, self.left = self.left[:number], self.left[number:]
        return [Message(0, one) for one in found] or [Message(0, -1, KafkaError(KafkaError._PARTITION_EOF))]

    def close(self) -> None:
        return


class Counting(Reader):
    """Counts what this consumer gives."""

    consumer: Any = None

    def _consumer(self, says_where_it_ends: bool = False) -> Any:
        return self.consumer


def counted(consumer: Consumer) -> tuple[int, bool]:
    cluster: Any = SimpleNamespace(topics=lambda: {"orders": LiveTopic(1, 1)})
    target: Any = SimpleNamespace(project=SimpleNamespace(services={}))
    reader = Counting(target, cluster)
    reader.consumer = consumer
    (found,) = reader.topics()
    return found.events, found.exact


def test_ends_of_transactions_are_no_events() -> None:
    every_other = range(0, 214, 2)
    assert counted(Consumer(every_other, 214)) == (107, True)
    assert counted(Consumer([], 0)) == (0, True)
    later = [*every_other, 300, 301]
    assert counted(Consumer(later, 214)) == (107, True), "what comes meanwhile is not counted"


def test_where_there_are_many_it_is_said_that_they_are_not_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert counted(Consumer([], 10_001)) == (10_001, False)
    monkeypatch.setattr(events, "PATIENCE", 0.0)
    assert counted(Consumer([0], 5, is_slow=True)) == (5, False)


def test_an_event_that_is_not_of_today_has_a_date() -> None:
    def said(at: datetime) -> str:
        return line(Event("orders", 0, 7, at, "k", "v"), NOW)

    today, before = NOW.astimezone(), NOW.astimezone() - timedelta(days=1)
    assert said(today) == f"{today:%H:%M:%S}.000 0:7 k  v"
    assert said(before) == f"{before:%Y-%m-%d %H:%M:%S}.000 0:7 k  v"
