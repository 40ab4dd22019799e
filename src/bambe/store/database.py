"""One SQLite file: one writer thread, readers that see the last commit, changes told after it.

write(fn) --> writer thread: BEGIN IMMEDIATE, fn(tx), COMMIT --> change feed
read(fn)  --> a read-only connection on the caller's thread (point queries take microseconds)
scan(fn)  --> the same on a thread for long reads, one at a time
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from bambe.kernel.call import Tx
from bambe.kernel.errors import BambeError
from bambe.store.migrations import Migration, migrate

Result = TypeVar("Result")
Change = tuple[str, tuple[Any, ...]]
Listener = Callable[[Sequence[Change]], None]


class StoreClosed(BambeError):
    """The store was used before `start` or after `stop`."""


class Transaction:
    """An open transaction. It is valid only inside the function it was handed to."""

    __slots__ = ("_connection", "changes")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.changes: dict[Change, None] = {}

    def execute(self, sql: str, parameters: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        return self._connection.execute(sql, parameters)

    def changed(self, table: str, key: tuple[Any, ...]) -> None:
        self.changes[table, key] = None


class Database:
    """The store. `path` None keeps a file of its own that is gone after `stop` (ephemeral daemons, tests)."""

    def __init__(self, path: Path | None = None) -> None:
        self._scratch = None if path else tempfile.TemporaryDirectory(prefix="bambe-store-")
        self._path = path or Path(self._scratch.name if self._scratch else ".") / "bambe.db"
        self._listeners: list[Listener] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="bambe-store")
        self._scans = ThreadPoolExecutor(1, thread_name_prefix="bambe-scan")
        self._writer: sqlite3.Connection | None = None
        self._readers = threading.local()
        self._reader_connections: list[sqlite3.Connection] = []

    async def start(self, migrations: Iterable[Migration] = ()) -> None:
        """Open the file and bring its tables up to date."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._pool, self._open)
        wanted = list(migrations)
        await self.write(lambda tx: migrate(tx, wanted))

    async def stop(self) -> None:
        """Finish what is under way and close."""
        await asyncio.to_thread(self._scans.shutdown)
        await asyncio.get_running_loop().run_in_executor(self._pool, self._close)
        self._pool.shutdown()

    def listen(self, listener: Listener) -> None:
        """Hear of every change after its commit, on the event loop's thread."""
        self._listeners.append(listener)

    async def write(self, fn: Callable[[Tx], Result]) -> Result:
        """Run `fn` in one write transaction; what it raises rolls everything back.

        Once asked for it is done, and its changes are told, also where nobody waits for it any more.
        """
        future = asyncio.get_running_loop().run_in_executor(self._pool, self._transact, fn)
        future.add_done_callback(self._tell)
        result, _ = await asyncio.shield(future)
        return result

    async def read(self, fn: Callable[[Tx], Result]) -> Result:
        """Run `fn` on a read-only connection; a consistent view of the last commit."""
        return self._look(fn)

    async def scan(self, fn: Callable[[Tx], Result]) -> Result:
        """`read` on another thread, for what takes long: the event loop goes on meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._scans, self._look, fn)

    async def reset(self, keep: Iterable[str] = ()) -> None:
        """Empty every table but those named and the record of migrations."""
        kept = {*keep, "migrations"}
        await self.write(lambda tx: _empty(tx, kept))

    def _tell(self, future: asyncio.Future[tuple[Any, Sequence[Change]]]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        _, changes = future.result()
        for listener in self._listeners if changes else ():
            listener(changes)

    def _open(self) -> None:
        self._writer = self._connect()
        self._path.chmod(0o600)
        self._writer.execute("PRAGMA journal_mode=WAL")
        self._writer.execute(f"PRAGMA synchronous={'OFF' if self._scratch else 'FULL'}")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA busy_timeout=5000")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def _transact(self, fn: Callable[[Tx], Result]) -> tuple[Result, Sequence[Change]]:
        if self._writer is None:
            raise StoreClosed("the store is not open")
        tx = Transaction(self._writer)
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            result = fn(tx)
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise
        self._writer.execute("COMMIT")
        return result, list(tx.changes)

    def _look(self, fn: Callable[[Tx], Result]) -> Result:
        connection = self._reader()
        connection.execute("BEGIN")
        try:
            return fn(Transaction(connection))
        finally:
            connection.execute("ROLLBACK")

    def _reader(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StoreClosed("the store is not open")
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
            self._readers.connection = connection
            self._reader_connections.append(connection)
        return connection

    def _close(self) -> None:
        for connection in self._reader_connections:
            connection.close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._scratch:
            self._scratch.cleanup()


def _empty(tx: Tx, keep: set[str]) -> None:
    rows = tx.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'")
    for (name,) in rows.fetchall():
        if name not in keep:
            tx.execute(f'DELETE FROM "{name}"')
