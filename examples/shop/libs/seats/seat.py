"""One consumer of a task."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from confluent_kafka import Consumer

COUNTED = ("EventsHandled", "EventsFailed", "EventsDeadLettered")


class Seat:
    """One consumer of this task: what it did, and whether it has to end."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._consumer: Consumer | None = None
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._counted = dict.fromkeys(COUNTED, 0)

    @property
    def ended(self) -> bool:
        """Whether to finish what was begun, close the consumer and return."""
        return self._ended.is_set()

    def end(self) -> None:
        """Ask it to end."""
        self._ended.set()

    def wait(self, seconds: float) -> None:
        """Sleep, but not past the end."""
        self._ended.wait(seconds)

    def count(self, handled: int = 0, failed: int = 0, dead: int = 0) -> None:
        """What became of events; each counts once. `dead`: given to a dead-letter topic."""
        with self._lock:
            for name, more in zip(COUNTED, (handled, failed, dead), strict=True):
                self._counted[name] += more

    @contextlib.contextmanager
    def watching(self, consumer: Consumer) -> Iterator[None]:
        """As long as `consumer` is open: how far its partitions are behind is told even while it hangs."""
        with self._lock:
            self._consumer = consumer
        try:
            yield
        finally:
            with self._lock:
                self._consumer = None

    def look(self) -> tuple[int, int]:
        """How many events its partitions are behind, and how many partitions there are."""
        with self._lock:
            if self._consumer is None:
                return 0, 0
            mine = self._consumer.assignment()
            behind = 0
            for place in self._consumer.position(mine) if mine else ():
                _, high = self._consumer.get_watermark_offsets(place, cached=True)
                behind += max(0, high - place.offset) if high >= 0 and place.offset >= 0 else 0
            return behind, len(mine)

    def drain(self) -> dict[str, int]:
        """What was counted since the last time."""
        with self._lock:
            found, self._counted = self._counted, dict.fromkeys(COUNTED, 0)
        return found
