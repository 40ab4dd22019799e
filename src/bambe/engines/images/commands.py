"""Runs a program and listens to what it says, with a limit on how long it may stay silent at first."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

SILENT = -1
NOT_FOUND = 127
KEPT_LINES = 15


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended: its status (SILENT if it was ended for saying nothing) and last lines."""

    status: int
    output: str = ""

    @property
    def ok(self) -> bool:
        return self.status == 0

    @property
    def last_line(self) -> str:
        return next((line for line in reversed(self.output.splitlines()) if line.strip()), "")


class Run(Protocol):
    """Runs programs; tests hand over their own."""

    async def __call__(
        self,
        *argv: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        hear: Callable[[str], None] | None = None,
        first_word_within: float | None = None,
    ) -> Outcome:
        """Run `argv` to its end; `hear` gets each line of its output and errors as it comes."""
        ...


async def run_program(
    *argv: str,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    hear: Callable[[str], None] | None = None,
    first_word_within: float | None = None,
) -> Outcome:
    """`Run` with real programs."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            limit=1024 * 1024,
        )
    except FileNotFoundError:
        return Outcome(NOT_FOUND, f"{argv[0]}: command not found")
    feeding = asyncio.create_task(_feed(process, stdin))
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        try:
            async with asyncio.timeout(first_word_within):
                first = await _read(process)
        except TimeoutError:
            return Outcome(SILENT)
        for line in filter(None, [first]):
            _take(line, lines, hear)
        while line := await _read(process):
            _take(line, lines, hear)
        return Outcome(await process.wait(), "\n".join(lines))
    finally:
        await _end(process, feeding)


def _take(line: bytes, lines: deque[str], hear: Callable[[str], None] | None) -> None:
    text = line.decode(errors="replace").rstrip()
    lines.append(text)
    if hear is not None and text:
        hear(text)


async def _read(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    return await process.stdout.readline()


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _end(process: asyncio.subprocess.Process, feeding: asyncio.Task[None]) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
    feeding.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await feeding
