"""The threads in which a task's consumers run."""

from __future__ import annotations

import threading
from collections.abc import Callable

from confluent_kafka import KafkaException

from .seat import COUNTED, Seat

Take = Callable[[Seat], None]
LEAVES = 30.0
"""Seconds that a consumer may take to finish what it has begun."""


class Crew:
    """Runs `take` in as many threads as it is told to, again where it fails."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._working: list[tuple[Seat, threading.Thread]] = []
        self._counted = dict.fromkeys(COUNTED, 0)

    @property
    def size(self) -> int:
        """How many consumers there are."""
        return len(self._working)

    def resize(self, wanted: int) -> None:
        """Have `wanted` consumers; those that end have left the group when this returns."""
        leaving, self._working = self._working[wanted:], self._working[:wanted]
        for seat, _ in leaving:
            seat.end()
        for seat, thread in leaving:
            thread.join(LEAVES)
            self._add(seat)
        while len(self._working) < wanted:
            seat = Seat(len(self._working))
            thread = threading.Thread(target=self._work, args=(seat,), name=f"seat-{seat.number}")
            thread.start()
            self._working.append((seat, thread))

    def counted(self) -> dict[str, int]:
        """What became of events since the last time."""
        for seat, _ in self._working:
            self._add(seat)
        found, self._counted = self._counted, dict.fromkeys(COUNTED, 0)
        return found

    def give_back(self, counted: dict[str, int]) -> None:
        """They could not be told to anybody yet."""
        for name, number in counted.items():
            self._counted[name] += number

    def gauges(self) -> dict[str, int]:
        """Where the consumers are now."""
        looks = [seat.look() for seat, _ in self._working]
        return {
            "EventsBehind": sum(behind for behind, _ in looks),
            "PartitionsOwned": sum(partitions for _, partitions in looks),
        }

    def _add(self, seat: Seat) -> None:
        for name, number in seat.drain().items():
            self._counted[name] += number

    def _work(self, seat: Seat) -> None:
        while not seat.ended:
            try:
                self._take(seat)
            except Exception as error:  # noqa: BLE001 - whatever it is, a consumer of ours must not be missing
                print(f"seats: {error!r}; beginning anew", flush=True)
                if not isinstance(error, KafkaException):
                    # It could not handle what it had taken; that brokers move partitions is no fault of its.
                    seat.count(failed=1)
                seat.wait(1)
