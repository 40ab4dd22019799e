"""A way to the Docker Engine that can be cut: a socket that passes everything on, and drops all at a word."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

ENGINE = "/var/run/docker.sock"


class Door:
    """Runs on a thread of its own; `drop` ends every connection there is, whatever it is in the middle of."""

    def __init__(self, path: Path, engine: str) -> None:
        self._path, self._engine = path, engine
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="door", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._call(self._listen())

    def drop(self) -> int:
        """How many connections were cut."""
        return self._call(self._drop())

    def stop(self) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, what) -> int:  # type: ignore[no-untyped-def]
        found: int = asyncio.run_coroutine_threadsafe(what, self._loop).result(30)
        return found

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _listen(self) -> int:
        self._server = await asyncio.start_unix_server(self._passed, str(self._path))
        return 0

    async def _end(self) -> int:
        self._server.close()
        cut = await self._drop()
        if self._passing:
            await asyncio.wait(self._passing, timeout=5)
        return cut

    async def _drop(self) -> int:
        cut = tuple(self._open)
        for writer in cut:
            writer.transport.abort()
        return len(cut) // 2

    async def _passed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        try:
            with contextlib.suppress(OSError):
                there, back = await asyncio.open_unix_connection(self._engine)
                self._open |= {writer, back}
                await asyncio.gather(_copy(reader, back), _copy(there, writer))
                self._open -= {writer, back}
                back.close()
        finally:
            writer.close()
            self._passing.discard(task)


async def _copy(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(1 << 16):
            to.write(data)
            await to.drain()
    with contextlib.suppress(OSError, RuntimeError):
        to.write_eof()


@contextlib.contextmanager
def door(folder: Path) -> Iterator[Door]:
    """A door that daemons started in the block go through (DOCKER_HOST)."""
    before = os.environ.get("DOCKER_HOST")
    engine = (before or f"unix://{ENGINE}").removeprefix("unix://")
    made = Door(folder / "docker.sock", engine)
    made.start()
    os.environ["DOCKER_HOST"] = f"unix://{folder / 'docker.sock'}"
    try:
        yield made
    finally:
        if before is None:
            del os.environ["DOCKER_HOST"]
        else:
            os.environ["DOCKER_HOST"] = before
        made.stop()
