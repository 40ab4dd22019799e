"""The consumers of a task, as many as are its own just now."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaException

from .crew import Crew, Take
from .offsets import Offsets
from .release import Release
from .settling import Settling
from .share import Look, seats_of

EVERY = 1.0 if "AWS_ENDPOINT_URL" in os.environ else 5.0
"""Seconds between looks; an endpoint of one's own has no rate limit."""
PATIENCE = 30.0
"""Seconds after which a task that cannot find out takes one seat, rather than none for good."""
UNTOLD = (BotoCoreError, ClientError, KafkaException, OSError, LookupError, ValueError)


class Seats:
    """Runs `take` in as many threads as this task has seats; in one where nothing is steered."""

    def __init__(self, take: Take, settings: dict[str, Any]) -> None:
        self._crew = Crew(take)
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="seats")
        self._thread.start()

    def stop(self) -> None:
        """Finish what was begun and leave the group, so that others go on at once."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        mode = os.environ.get("KAFKA_EVENTS", "")
        if mode in ("hold", "canary") and "ECS_CONTAINER_METADATA_URI_V4" in os.environ:
            _Steered(self._crew, self._settings, mode).run(self._stop)
        else:
            self._crew.resize(1)
            self._stop.wait()
        self._crew.resize(0)


class _Steered:
    """Follows the release."""

    def __init__(self, crew: Crew, settings: dict[str, Any], mode: str) -> None:
        self._crew = crew
        self._mode = mode
        self._topics = os.environ["KAFKA_CONSUMES"].split(",")
        self._release = Release(float(os.environ.get("KAFKA_PERCENT", "0")))
        self._offsets = Offsets(os.environ["KAFKA_GROUP"], settings)
        replays = os.environ.get("KAFKA_ON_ROLLBACK") == "replay"
        self._settling = Settling(self._release, self._offsets, replays)
        self._was_release = False

    def run(self, stop: threading.Event) -> None:
        """Until told to stop."""
        seen = time.monotonic()
        while not stop.is_set():
            try:
                look = self._release.look()
                self._crew.resize(self._wanted(look) if look else 0)
                if look:
                    self._report(look)
                seen = time.monotonic()
            except UNTOLD as error:
                print(f"seats: cannot find out how many are ours: {error}", flush=True)
                if not self._crew.size and time.monotonic() - seen > PATIENCE:
                    self._crew.resize(1)
            stop.wait(EVERY)

    def _wanted(self, look: Look) -> int:
        if self._mode == "canary" and self._settling.empties(look):
            return 0
        if not look.is_release:
            return 1
        wanted = seats_of(look, self._mode, self._offsets.partitions(self._topics))
        if self._mode == "canary" and wanted and look.newer and look.share < 1:
            self._offsets.keep(look.deployment)
        return wanted

    def _report(self, look: Look) -> None:
        """Only while two versions can be compared, and once after it."""
        counted = self._crew.counted()
        if look.is_release or self._was_release:
            more = {name: number for name, number in counted.items() if number}
            try:
                self._release.report(look.version, more | self._crew.gauges())
            except UNTOLD:
                self._crew.give_back(counted)
                raise
        self._was_release = look.is_release
