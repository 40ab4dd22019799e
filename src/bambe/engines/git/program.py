"""Runs the git program, away from whatever configuration this machine's user has."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bambe.kernel.errors import EngineError, Unavailable

MISSING = "The git program is not installed on this machine: install the package git."


class GitFailed(EngineError):
    """Git ended with an error; the message is its own."""


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """What git runs with; `settings` are further configuration (`core.hooksPath`)."""
    wanted = {"safe.directory": "*", "init.defaultBranch": "main", **(settings or {})}
    numbered: dict[str, str] = {"GIT_CONFIG_COUNT": str(len(wanted))}
    for number, (name, value) in enumerate(wanted.items()):
        numbered[f"GIT_CONFIG_KEY_{number}"] = name
        numbered[f"GIT_CONFIG_VALUE_{number}"] = value
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **numbered,
    }


@dataclass(frozen=True)
class Running:
    """A git program at work, its pipes open."""

    process: subprocess.Popen[bytes]
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader
    pipes: tuple[asyncio.BaseTransport, ...]

    async def wait(self) -> None:
        """Until it has ended."""
        await asyncio.to_thread(self.process.wait)

    async def end(self) -> None:
        """End it with the programs it started, and close its pipes."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        await self.wait()
        for pipe in self.pipes:
            pipe.close()


async def start(*words: str, variables: Mapping[str, str]) -> Running:
    """`git <words>` in a process group of its own, to be talked with."""
    process = await asyncio.to_thread(
        _open, words, variables, None, stdin=subprocess.PIPE, start_new_session=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    loop = asyncio.get_running_loop()
    protocol = asyncio.StreamReaderProtocol(asyncio.StreamReader())
    into, _ = await loop.connect_write_pipe(lambda: protocol, process.stdin)
    stdin = asyncio.StreamWriter(into, protocol, None, loop)
    stdout, out = await _reader(process.stdout)
    stderr, err = await _reader(process.stderr)
    return Running(process, stdin, stdout, stderr, (into, out, err))


async def git(*words: str, directory: Path | None = None) -> bytes:
    """What `git <words>` printed; `GitFailed` with its own words when it fails."""
    process = await asyncio.to_thread(_open, words, environment(), directory, stdin=subprocess.DEVNULL)
    try:
        printed, complaint = await asyncio.to_thread(process.communicate)
    except BaseException:
        process.kill()
        raise
    if process.returncode:
        raise GitFailed(complaint.decode(errors="replace").strip() or f"git {words[0]} failed")
    return printed


def _open(
    words: Sequence[str], variables: Mapping[str, str], directory: Path | None, **more: Any
) -> subprocess.Popen[bytes]:
    """Start it, on a thread: uvloop would fork this whole process, and nothing else ran meanwhile."""
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            ["git", *words], cwd=directory, env=variables, stdout=pipe, stderr=pipe, **more
        )
    except FileNotFoundError as error:
        raise Unavailable(MISSING) from error


async def _reader(pipe: IO[bytes]) -> tuple[asyncio.StreamReader, asyncio.BaseTransport]:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
    return reader, transport
