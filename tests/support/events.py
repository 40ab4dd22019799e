"""Keyed events: a writer that goes on whatever dies, members of a group to be killed, and what arrived."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer

KEYS = tuple(f"key-{number}" for number in range(7))
Event = tuple[str, int]
"""Key and number; the numbers of a key go up by one."""
WITHIN = 120.0


@dataclass(slots=True)
class Writer:
    """Writes events of every key in turn, each acknowledged by all replicas in sync, until it is stopped."""

    settings: Mapping[str, Any]
    topic: str
    rate: float = 300.0
    acknowledged: list[Event] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def more(self, count: int) -> None:
        """Wait until so many more are acknowledged."""
        wanted = len(self.acknowledged) + count
        end = time.monotonic() + WITHIN
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < end, f"{len(self.acknowledged)} of {wanted} events; {self.refused[:3]}"
            time.sleep(0.05)

    def stop(self) -> list[Event]:
        """The acknowledged events; none may have been refused."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        assert not self.refused, self.refused[:3]
        return self.acknowledged

    def _write(self) -> None:
        wish = {"acks": "all", "enable.idempotence": True, "linger.ms": 5, "message.timeout.ms": 120000}
        producer = Producer({**self.settings, **wish, "log_level": 0})
        number = 0
        while not self._stop.is_set():
            event = KEYS[number % len(KEYS)], number // len(KEYS)
            producer.produce(self.topic, str(event[1]), event[0], on_delivery=self._heard)
            producer.poll(1 / self.rate)
            number += 1
        producer.flush(WITHIN)

    def _heard(self, error: Any, message: Any) -> None:
        if error is not None:
            self.refused.append(str(error))
        else:
            self.acknowledged.append((message.key().decode(), int(message.value())))


@dataclass(slots=True)
class Member:
    """A process that handles events as one of a group; it commits what it has written into its `book`."""

    settings: Mapping[str, Any]
    topic: str
    group: str
    book: Path
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = (json.dumps(dict(self.settings)), self.topic, self.group, str(self.book))
        self.book.touch()
        self._process = subprocess.Popen([sys.executable, __file__, *words])

    def kill(self) -> None:
        """kill -9; one that has ended by itself is a fault."""
        assert self._process is not None
        assert self._process.poll() is None, f"a member ended with status {self._process.returncode}"
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def handled(self) -> list[Event]:
        lines = (line.split("|") for line in self.book.read_text().splitlines())
        return [(key, int(number)) for key, number in lines]

    def more(self, count: int) -> None:
        """Wait until it has handled so many more."""
        wanted = len(self.handled()) + count
        end = time.monotonic() + WITHIN
        while len(self.handled()) < wanted:
            assert time.monotonic() < end, f"only {len(self.handled())} of {wanted} events are handled"
            time.sleep(0.1)


def read(settings: Mapping[str, Any], topic: str, count: int) -> list[Event]:
    """The topic's first events, of all partitions."""
    wish = {"group.id": f"reader-{time.monotonic_ns()}", "auto.offset.reset": "earliest", "log_level": 0}
    consumer = Consumer({**settings, **wish})
    consumer.subscribe([topic])
    found: list[Event] = []
    end = time.monotonic() + WITHIN
    while len(found) < count and time.monotonic() < end:
        for message in consumer.consume(count - len(found), 0.5):
            if message.error() is None:
                found.append((str(message.key(), "utf-8"), int(message.value())))  # type: ignore[arg-type]
    consumer.close()
    return found


def by_key(events: Iterable[Event]) -> dict[str, list[int]]:
    """The numbers of each key as they came."""
    found = defaultdict(list)
    for key, number in events:
        found[key].append(number)
    return dict(found)


def handle(settings: Mapping[str, Any], topic: str, group: str, book: Path) -> None:
    """What a member does until it is killed."""
    wish = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({**settings, **wish, "session.timeout.ms": 6000, "log_level": 0})
    consumer.subscribe([topic])
    with book.open("a") as out:
        while True:
            got = [one for one in consumer.consume(50, 0.2) if one.error() is None]
            out.writelines(f"{str(one.key(), 'utf-8')}|{str(one.value(), 'utf-8')}\n" for one in got)  # type: ignore[arg-type]
            out.flush()
            if got:
                consumer.commit(asynchronous=True)


if __name__ == "__main__":
    handle(json.loads(sys.argv[1]), *sys.argv[2:4], Path(sys.argv[4]))
