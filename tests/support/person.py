"""A person at a terminal: reads what a program prints, types when something is there."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COLUMNS, ROWS = 91, 33


@dataclass(frozen=True, slots=True)
class Seen:
    """What was on the screen in the end, and the program's exit code."""

    screen: str
    exit_code: int


def at_a_terminal(
    command: Sequence[str],
    typed: Sequence[tuple[str, str]],
    *,
    environment: Mapping[str, str],
    directory: Path,
    seconds: float = 60,
) -> Seen:
    """Run `command` on a terminal; `typed` are pairs of what has to appear and what is typed then."""
    pid, screen = pty.fork()
    if pid == 0:
        os.chdir(directory)
        os.execvpe(command[0], command, environment)
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    seen, left, place, end = b"", list(typed), 0, time.monotonic() + seconds
    try:
        while data := _read(screen, end):
            seen += data
            while left and (found := seen.find(left[0][0].encode(), place)) >= 0:
                place = found + len(left[0][0])
                os.write(screen, left.pop(0)[1].encode())
    finally:
        os.close(screen)
        _, status = os.waitpid(pid, 0)
    assert not left, f"never appeared: {left[0][0]!r} in {seen!r}"
    return Seen(seen.decode(errors="replace"), os.waitstatus_to_exitcode(status))


def _read(screen: int, end: float) -> bytes:
    ready, _, _ = select.select([screen], [], [], max(0.0, end - time.monotonic()))
    try:
        return os.read(screen, 65536) if ready else b""
    except OSError:
        return b""
