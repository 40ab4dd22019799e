"""A command that Docker runs inside a container, with a terminal (POST /containers/{id}/exec, Tty)."""

from __future__ import annotations

import base64
import os
import re
import signal
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from aiodocker.execs import Exec
from aiodocker.stream import Stream

from bambe.engines.containers.connection import Connection, sentence
from bambe.kernel.errors import EngineError, NotThere, Refused

ROOT = "0"
"""ECS Exec runs as root whatever the container's user is (AWS: "Using ECS Exec", considerations)."""
DETACH_KEYS = "ctrl-^,ctrl-@,ctrl-^,ctrl-_"
"""Nobody types these. With its own ones, Docker holds back every Ctrl-P to see whether Ctrl-Q follows.
By them a command is known to be of `open_terminal`: the Engine shows nothing else that we could set."""
SHOWN_KEYS = base64.b64encode(b"\x1e\x00\x1e\x1f").decode()
INTERRUPT_AND_END = b"\x03\x04"
"""Ctrl-C and Ctrl-D."""
NOT_STARTED = re.compile(rb"OCI runtime exec failed:|exec failed: ")
FAILED_TO_START = (126, 127)


class DockerTerminal:
    """`Terminal` over an exec of the Engine; made by `open_terminal`."""

    def __init__(self, connection: Connection, container: str, made: Exec, stream: Stream) -> None:
        self._connection = connection
        self._container = container
        self._exec = made
        self._stream = stream
        self._has_spoken = False

    @property
    def id(self) -> str:
        """The Engine's name of the exec."""
        return self._exec.id

    async def read(self) -> bytes:
        with self._connection.said_plainly():
            message = await self._stream.read_out()
        data = message.data if message is not None else b""
        if not self._has_spoken and NOT_STARTED.search(data):
            await self._check_started(data)
        self._has_spoken = True
        return data

    async def write(self, data: bytes) -> None:
        with self._connection.said_plainly():
            await self._stream.write_in(data)

    async def resize(self, columns: int, rows: int) -> None:
        with self._connection.said_plainly():
            await self._exec.resize(h=rows, w=columns)

    async def exit_code(self) -> int | None:
        with self._connection.said_plainly():
            seen = await self._exec.inspect()
        code = seen["ExitCode"]
        return None if seen["Running"] or code is None else int(code)

    async def close(self) -> None:
        with suppress(EngineError):
            await self._hang_up()
        await self._stream.close()

    async def _check_started(self, data: bytes) -> None:
        """Engines before 25 say only in the command's output that there is no such command."""
        code = None
        with suppress(EngineError):
            code = await self.exit_code()
        if code in FAILED_TO_START:
            raise Refused(sentence(data.decode(errors="replace")))

    async def _hang_up(self) -> None:
        """The Engine lets a command run on whose connection has ended, so it gets the signal a lost
        terminal sends; where we may not signal it, it is told at the keyboard."""
        with self._connection.said_plainly():
            seen = await self._exec.inspect()
        if not seen["Running"]:
            return
        if not _hung_up(int(seen["Pid"]), self._container):
            await self.write(INTERRUPT_AND_END)


async def open_terminal(connection: Connection, name: str, command: Sequence[str]) -> DockerTerminal:
    """Run `command` in the container of this name."""
    with connection.said_plainly():
        container = await connection.docker.containers.get(name)
        if not container._container["State"]["Running"]:
            raise NotThere(f"The container {name} does not run.")
        made = await container.exec(list(command), stdin=True, tty=True, user=ROOT, detach_keys=DETACH_KEYS)
        stream = made.start()
        await stream.__aenter__()
    return DockerTerminal(connection, container.id, made, stream)


async def hang_up_others(connection: Connection, container: str, ours: Collection[str]) -> None:
    """End what `open_terminal` has begun in the container, but for the execs in `ours`."""
    with suppress(NotThere), connection.said_plainly():
        found = await connection.docker.containers.container(container).show()
        for number in found.get("ExecIDs") or ():
            seen = await connection.docker.containers.exec(number).inspect()
            if number not in ours and seen["Running"] and seen.get("DetachKeys") == SHOWN_KEYS:
                _hung_up(int(seen["Pid"]), container)


def _hung_up(pid: int, container: str) -> bool:
    """Whether the process got SIGHUP. It is signalled only where its control group says it is the
    container's: the Engine may count processes otherwise than we do."""
    try:
        if not pid or container not in Path(f"/proc/{pid}/cgroup").read_text():
            return False
        os.kill(pid, signal.SIGHUP)
    except OSError:
        return False
    return True
