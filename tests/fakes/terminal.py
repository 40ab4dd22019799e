"""A terminal in memory, with a shell that knows `echo`, `exit`, `stty size` and nothing else."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence

from bambe.kernel.errors import NotThere, Refused

KNOWN = ("echo", "exit", "sh", "stty")
PROMPT = b"# "
INTERRUPT, END, ENTER = 3, 4, (10, 13)


class FakeTerminal:
    """`Terminal` of a container; `sh` without arguments takes lines, `sh -c LINE` runs one."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self.closed = False
        self.typed = b""
        self._size = (0, 0)
        self._code: int | None = None
        self._output: asyncio.Queue[bytes] = asyncio.Queue()
        self._line = bytearray()
        if self.command[0].rsplit("/", 1)[-1] not in KNOWN:
            raise Refused(f'Exec: "{self.command[0]}": executable file not found in $PATH.')
        self._begin()

    async def read(self) -> bytes:
        if self._code is not None and self._output.empty():
            return b""
        return await self._output.get()

    async def write(self, data: bytes) -> None:
        if self._code is not None:
            raise NotThere("The command has ended.")
        self.typed += data
        for byte in data:
            self._key(byte)

    async def resize(self, columns: int, rows: int) -> None:
        self._size = (columns, rows)

    async def exit_code(self) -> int | None:
        return self._code

    async def close(self) -> None:
        self.closed = True
        if self._code is None:
            self._exit(129)

    def _begin(self) -> None:
        if self.command[1:2] == ["-c"]:
            self._run(self.command[2])
            self._exit(0)
        elif self.command[0].endswith("sh"):
            self._say(PROMPT)
        else:
            self._run(shlex.join(self.command))
            self._exit(0)

    def _key(self, byte: int) -> None:
        if byte == END and not self._line:
            self._exit(0)
        elif byte == INTERRUPT:
            self._line.clear()
        elif byte in ENTER:
            line = self._line.decode()
            self._say(self._line + b"\r\n")
            self._line.clear()
            self._run(line)
            if self._code is None:
                self._say(PROMPT)
        else:
            self._line.append(byte)

    def _run(self, line: str) -> None:
        for part in line.split(";"):
            words = shlex.split(part)
            if self._code is not None or not words:
                continue
            if words[0] == "exit":
                self._exit(int(words[1]) if words[1:] else 0)
            elif words[0] == "stty":
                self._say(f"{self._size[1]} {self._size[0]}\r\n".encode())
            elif words[0] == "echo":
                self._say(" ".join(words[1:]).encode() + b"\r\n")

    def _say(self, data: bytes) -> None:
        self._output.put_nowait(bytes(data))

    def _exit(self, code: int) -> None:
        if self._code is None:
            self._code = code
            self._output.put_nowait(b"")
