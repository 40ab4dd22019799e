"""The Docker Engine's log stream, read into lines with their time.

A stream is frames: one byte (1 stdout, 2 stderr), three of nothing, four of length, then a time in
nanoseconds, a space and text. A line longer than 16 KiB comes in several frames, each with the time
of the first, and only the last ends in a newline.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bambe.engines.containers.port import LogLine

HEADER = struct.Struct(">BxxxL")
STREAMS = {1: "stdout", 2: "stderr"}
LONGEST = 1024 * 1024
"""A line is cut here: CloudWatch takes no longer event."""

TICK = timedelta(microseconds=1)
OVERLAP = timedelta(seconds=1)
"""How much earlier than `since` to read, so that lines get the same times as before."""


class LogReader:
    """Feed it bytes as they come.

    The Engine counts nanoseconds and we microseconds, so lines of one burst can fall together. Each
    line's time is moved to at least a microsecond after the one before: then "after `since`" neither
    repeats nor skips a line. When files rotate, Engine 20.10 sends lines a second time: they are
    older than the one before on their stream, or the same, and left out.
    """

    def __init__(self, since: datetime | None = None) -> None:
        self._since = since
        self._buffer = bytearray()
        self._parts: dict[str, tuple[bytes, bytearray]] = {}
        self._last = datetime.min.replace(tzinfo=UTC)
        self._heard: dict[str, tuple[bytes, bytearray]] = {}

    def feed(self, data: bytes) -> Iterator[LogLine]:
        """The lines that `data` completes."""
        self._buffer += data
        for stream, payload in self._frames():
            time, _, text = payload.partition(b" ")
            part = self._parts.setdefault(stream, (time, bytearray()))[1]
            part += text
            if part.endswith(b"\n") or len(part) >= LONGEST:
                yield from self._finish(stream)

    def rest(self) -> Iterator[LogLine]:
        """What was printed last, without a newline at its end."""
        for stream in tuple(self._parts):
            yield from self._finish(stream)

    def _frames(self) -> Iterator[tuple[str, bytes]]:
        while len(self._buffer) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._buffer)
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[HEADER.size : end])
            del self._buffer[:end]
            yield STREAMS.get(kind, "stdout"), payload

    def _finish(self, stream: str) -> Iterator[LogLine]:
        time, text = self._parts.pop(stream)
        before = self._heard.get(stream)
        if before is not None and (time < before[0] or (time, text) == before):
            return
        self._heard[stream] = (time, text)
        self._last = max(datetime.fromisoformat(time.decode()), self._last + TICK)
        if self._since is None or self._last > self._since:
            yield LogLine(self._last, stream, text.removesuffix(b"\n").decode(errors="replace"))


def read_from(since: datetime | None) -> str:
    """The Engine's `since` parameter, in seconds with a fraction."""
    if since is None:
        return "0"
    return f"{max(0.0, (since - OVERLAP).timestamp()):.6f}"
