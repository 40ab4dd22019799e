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
    repeats nor skips a line.
    """

    def __init__(self, since: datetime | None = None) -> None:
        self._since = since
        self._buffer = bytearray()
        self._parts: dict[str, tuple[datetime, bytearray]] = {}
        self._last = datetime.min.replace(tzinfo=UTC)

    def feed(self, data: bytes) -> Iterator[LogLine]:
        """The lines that `data` completes."""
        self._buffer += data
        for stream, payload in self._frames():
            line = self._join(stream, payload)
            if line is not None and (self._since is None or line.at > self._since):
                yield line

    def rest(self) -> Iterator[LogLine]:
        """What was printed last, without a newline at its end."""
        for stream in tuple(self._parts):
            line = self._finish(stream)
            if self._since is None or line.at > self._since:
                yield line

    def _frames(self) -> Iterator[tuple[str, bytes]]:
        while len(self._buffer) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._buffer)
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[HEADER.size : end])
            del self._buffer[:end]
            yield STREAMS.get(kind, "stdout"), payload

    def _join(self, stream: str, payload: bytes) -> LogLine | None:
        time, _, text = payload.partition(b" ")
        if stream not in self._parts:
            self._parts[stream] = (datetime.fromisoformat(time.decode()), bytearray())
        line = self._parts[stream][1]
        line += text
        if line.endswith(b"\n") or len(line) >= LONGEST:
            return self._finish(stream)
        return None

    def _finish(self, stream: str) -> LogLine:
        at, text = self._parts.pop(stream)
        self._last = max(at, self._last + TICK)
        return LogLine(self._last, stream, text.removesuffix(b"\n").decode(errors="replace"))


def read_from(since: datetime | None) -> str:
    """The Engine's `since` parameter, in seconds with a fraction."""
    if since is None:
        return "0"
    return f"{max(0.0, (since - OVERLAP).timestamp()):.6f}"
