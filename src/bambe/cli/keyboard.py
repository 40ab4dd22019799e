"""The terminal a command runs at: its keys as they are pressed, its size, and its old state at the end."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import threading
import tty
from types import TracebackType
from typing import Any

PIECE = 1024
"""As much at a time as the plugin reads."""


class Keyboard:
    """Standard input and output; a terminal is put into raw mode in between, so that every key, Ctrl-C
    included, goes to the command."""

    def __init__(self) -> None:
        self._input = sys.stdin.fileno()
        self._output = sys.stdout.fileno()
        self._pressed: asyncio.Queue[bytes] = asyncio.Queue()
        self._before: Any = None

    def __enter__(self) -> Keyboard:
        if os.isatty(self._input):
            self._before = termios.tcgetattr(self._input)
            tty.setraw(self._input)
        # A thread, since files cannot be waited for, and one that nobody has to wait for at the end.
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            termios.tcsetattr(self._input, termios.TCSADRAIN, self._before)

    async def keys(self) -> bytes:
        return await self._pressed.get()

    def show(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._output, data) :]

    def size(self) -> tuple[int, int] | None:
        if not os.isatty(self._output):
            return None
        columns, rows = os.get_terminal_size(self._output)
        return columns, rows

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        data = b"-"
        while data:
            try:
                data = os.read(self._input, PIECE)
                loop.call_soon_threadsafe(self._pressed.put_nowait, data)
            except (OSError, RuntimeError):
                # The terminal is gone, or the session is over.
                return
