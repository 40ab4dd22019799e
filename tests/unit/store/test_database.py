"""The store: all or nothing, told after commit, the same after a restart."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from bambe.kernel.call import Tx
from bambe.store import Database, Migration, RowNotFound, Table


class Status(StrEnum):
    ACTIVE = "ACTIVE"
    GONE = "GONE"


@dataclass(frozen=True)
class Thing:
    account: str
    name: str
    status: Status = Status.ACTIVE
    at: datetime | None = None
    tags: dict[str, str] | None = None


THINGS = Table("thing", Thing, key=("account", "name"), index=("status",))
MIGRATIONS = (Migration("thing/0001_tables", THINGS.create),)
ROW = Thing("1", "a", at=datetime(2026, 1, 1, tzinfo=UTC), tags={"x": "y"})


@pytest.fixture
async def store():
    database = Database()
    await database.start(MIGRATIONS)
    yield database
    await database.stop()


async def test_a_row_comes_back_as_it_was(store: Database) -> None:
    await store.write(lambda tx: THINGS.insert(tx, ROW))
    assert await store.read(lambda tx: THINGS.get(tx, "1", "a")) == ROW
    assert await store.read(lambda tx: THINGS.list(tx, status=Status.ACTIVE)) == [ROW]
    assert await store.read(lambda tx: THINGS.find(tx, "1", "b")) is None


async def test_get_of_a_missing_row_raises(store: Database) -> None:
    with pytest.raises(RowNotFound):
        await store.read(lambda tx: THINGS.get(tx, "1", "nobody"))


async def test_what_a_transaction_raises_undoes_all_of_it(store: Database) -> None:
    told = []
    store.listen(told.append)

    def half(tx: Tx) -> None:
        THINGS.insert(tx, ROW)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.write(half)
    assert await store.read(THINGS.list) == []
    assert told == []


async def test_changes_are_told_after_the_commit_and_once_per_key(store: Database) -> None:
    told = []
    store.listen(lambda changes: told.extend(changes))

    def twice(tx: Tx) -> None:
        THINGS.insert(tx, ROW)
        THINGS.update(tx, replace(ROW, status=Status.GONE))

    await store.write(twice)
    assert told == [("thing", ("1", "a"))]


async def test_writing_the_same_row_again_changes_nothing(store: Database) -> None:
    await store.write(lambda tx: THINGS.insert(tx, ROW))
    told = []
    store.listen(told.append)
    await store.write(lambda tx: THINGS.put(tx, ROW))
    assert told == []


async def test_an_unknown_column_is_refused(store: Database) -> None:
    with pytest.raises(ValueError, match="no column"):
        await store.read(lambda tx: THINGS.list(tx, colour="red"))


async def test_rows_and_migrations_survive_a_restart(tmp_path: Path) -> None:
    first = Database(tmp_path / "x.db")
    await first.start(MIGRATIONS)
    await first.write(lambda tx: THINGS.insert(tx, ROW))
    await first.stop()
    ran = []
    second = Database(tmp_path / "x.db")
    await second.start((*MIGRATIONS, Migration("thing/0002_more", lambda tx: ran.append(tx))))
    assert await second.read(THINGS.list) == [ROW]
    assert len(ran) == 1
    await second.stop()


async def test_reset_empties_the_tables_and_keeps_the_record_of_migrations(store: Database) -> None:
    await store.write(lambda tx: THINGS.insert(tx, ROW))
    await store.reset()
    assert await store.read(THINGS.list) == []
    assert await store.write(lambda tx: tx.execute("SELECT count(*) FROM migrations").fetchone()) == (1,)


async def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    await database.start()
    assert (tmp_path / "x.db").stat().st_mode & 0o777 == 0o600
    await database.stop()


async def test_a_change_is_told_though_nobody_waits_for_its_commit_any_more() -> None:
    store = Database()
    await store.start()
    heard: list[Any] = []
    store.listen(heard.extend)
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        tx.changed("things", ("a",))
        begun.set()
        go_on.wait(5)

    task = asyncio.create_task(store.write(slow))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await store.write(lambda tx: None)  # after it, on the one writer thread
    await asyncio.sleep(0)
    assert heard == [("things", ("a",))]
    await store.stop()
