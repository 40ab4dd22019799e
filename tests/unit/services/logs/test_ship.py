"""What containers print arrives once, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bambe.control import Runner
from bambe.engines.containers.port import ContainerSpec, TaskSpec
from bambe.kernel.errors import Unavailable
from bambe.services.logs import tables
from bambe.services.logs.reconciler import Ship
from bambe.store import Database
from tests.fakes.containers import FakeContainers
from tests.support.house import House

GROUP = "/ecs/orders"


def task(id: str, *names: str, **labels: str) -> TaskSpec:
    containers = tuple(ContainerSpec(n, "image", log_group=GROUP, log_stream=f"ecs/{n}/{id}") for n in names)
    return TaskSpec(id, containers, {key.replace("_", "."): value for key, value in labels.items()})


async def until(condition: Callable[[], Any]) -> None:
    """Let the loop run until a coroutine's answer is true (the store works on a thread of its own)."""
    async with asyncio.timeout(5):
        while not await condition():
            await asyncio.sleep(0.001)


class Daemon:
    """The loop as the daemon runs it; `stop` is what a kill leaves behind."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.ship = Ship(house.store, house.clock, house.containers, house.site)
        self.runner = Runner(self.ship, house.clock)

    async def start(self) -> None:
        self.runner.start()
        await asyncio.sleep(0)

    async def stop(self) -> None:
        await self.runner.stop()

    async def messages(self, **more: Any) -> list[str]:
        answer = await self.house.aws.logs.filter_log_events(logGroupName=GROUP, **more)
        return [event["message"] for event in answer["events"]]

    async def shows(self, *wanted: str) -> None:
        async def there() -> bool:
            groups = (await self.house.aws.logs.describe_log_groups())["logGroups"]
            return bool(groups) and await self.messages() == list(wanted)

        await until(there)


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Daemon]:
    house = House(tmp_path)
    await house.store.start(m for s in house.services.values() for m in s.migrations)
    made = Daemon(house)
    await made.start()
    yield made
    await made.stop()
    await house.store.stop()


def containers(daemon: Daemon) -> FakeContainers:
    found = daemon.house.containers
    assert isinstance(found, FakeContainers)
    return found


async def test_the_first_line_comes_at_once_and_the_next_ones_together(daemon: Daemon) -> None:
    engine = containers(daemon)
    await engine.start_task(task("t1", "app"))
    engine.print("t1", "app", "one")
    await daemon.shows("one")
    engine.print("t1", "app", "two")
    engine.print("t1", "app", "three")
    for _ in range(50):
        await asyncio.sleep(0)
    assert await daemon.messages() == ["one"]
    await daemon.house.clock.advance(0.2)
    await daemon.shows("one", "two", "three")


async def test_what_an_exited_container_printed_is_there_at_once(daemon: Daemon) -> None:
    engine = containers(daemon)
    await engine.start_task(task("t1", "app"))
    for n in range(5):
        engine.print("t1", "app", f"line {n}")
    engine.exit("t1", code=1)
    await daemon.shows(*(f"line {n}" for n in range(5)))


async def test_a_restarted_container_is_read_on_however_short_it_runs(daemon: Daemon) -> None:
    engine = containers(daemon)
    await engine.start_task(task("t1", "app"))
    engine.print("t1", "app", "first")
    engine.exit("t1", code=1)
    await daemon.shows("first")
    for _ in range(100):
        await asyncio.sleep(0)
    await engine.clock.advance(1)
    await engine.restart("t1", "app")
    engine.print("t1", "app", "second")
    engine.exit("t1", code=1)
    await daemon.shows("first", "second")


async def test_group_stream_account_and_region(daemon: Daemon) -> None:
    engine = containers(daemon)
    await engine.start_task(task("t1", "app", bambe_account="111111111111", bambe_region="us-east-1"))
    logs = daemon.house.aws.within("111111111111", "us-east-1").logs

    async def there() -> bool:
        return bool((await logs.describe_log_groups())["logGroups"])

    await until(there)
    [stream] = (await logs.describe_log_streams(logGroupName=GROUP))["logStreams"]
    assert stream["logStreamName"] == "ecs/app/t1"


async def test_containers_without_a_group_are_left_alone(daemon: Daemon) -> None:
    engine = containers(daemon)
    await engine.start_task(TaskSpec("t1", (ContainerSpec("app", "image"),)))
    engine.print("t1", "app", "secret")
    await engine.start_task(task("t2", "app"))
    engine.print("t2", "app", "open")
    await daemon.shows("open")


async def test_a_restart_repeats_and_loses_nothing(daemon: Daemon) -> None:
    engine = containers(daemon)
    await engine.start_task(task("t1", "app", "side"))
    for n in range(4):  # all in one moment: the cursor has to count
        engine.print("t1", "app", f"app {n}")
        engine.print("t1", "side", f"side {n}")

    async def stored() -> bool:
        await daemon.house.clock.advance(0.2)
        names = [g["logGroupName"] for g in (await daemon.house.aws.logs.describe_log_groups())["logGroups"]]
        return GROUP in names and len(await daemon.messages()) == 8

    await until(stored)
    await daemon.stop()
    engine.print("t1", "app", "app 4")
    await daemon.house.clock.advance(1)
    engine.print("t1", "app", "app 5")
    engine.exit("t1")
    again = Daemon(daemon.house)
    await again.start()

    async def complete() -> bool:
        return len(await again.messages()) >= 10

    await until(complete)
    for _ in range(50):
        await asyncio.sleep(0)
    messages = await again.messages()
    assert sorted(messages) == sorted([*(f"app {n}" for n in range(6)), *(f"side {n}" for n in range(4))])
    assert [m for m in messages if m.startswith("app")] == [f"app {n}" for n in range(6)]
    await again.stop()


async def test_killed_at_any_moment(daemon: Daemon) -> None:
    engine = containers(daemon)
    await engine.start_task(task("t1", "app"))
    printed = 0
    runs = [daemon]
    for turn in range(30):
        for _ in range(turn % 4):
            engine.print("t1", "app", f"line {printed}")
            printed += 1
        if turn % 3 == 0:
            await daemon.house.clock.advance(0.1)
        for _ in range(turn % 7):
            await asyncio.sleep(0)
        await runs[-1].stop()
        runs.append(Daemon(daemon.house))
        await runs[-1].start()
    engine.exit("t1")
    await runs[-1].shows(*(f"line {n}" for n in range(printed)))
    await runs[-1].stop()


async def test_a_failed_write_is_made_good(daemon: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    engine, store = containers(daemon), daemon.house.store
    await engine.start_task(task("t1", "app"))
    engine.print("t1", "app", "one")
    await daemon.shows("one")
    daemon.ship._shipping._store = Broken(store)  # type: ignore[assignment]
    engine.print("t1", "app", "two")
    await daemon.house.clock.advance(0.2)
    for _ in range(20):
        await asyncio.sleep(0)
    assert await daemon.messages() == ["one"]
    daemon.ship._shipping._store = store
    engine.print("t1", "app", "three")
    await daemon.house.clock.advance(30)
    await daemon.shows("one", "two", "three")


class Broken:
    """A store whose disk is full."""

    def __init__(self, store: Database) -> None:
        self.read = store.read

    async def write(self, fn: Any) -> Any:
        raise OSError("disk full")


async def test_an_engine_that_goes_away(daemon: Daemon) -> None:
    engine = containers(daemon)
    await engine.start_task(task("t1", "app"))
    engine.print("t1", "app", "one")
    await daemon.shows("one")
    engine.down = True
    with pytest.raises(Unavailable):
        await daemon.ship.reconcile(("containers",))
    engine.down = False
    engine.print("t1", "app", "two")
    await daemon.house.clock.advance(60)
    await daemon.shows("one", "two")


async def test_empty_lines_are_dropped_and_counted(daemon: Daemon) -> None:
    engine = containers(daemon)
    await engine.start_task(task("t1", "app"))
    for text in ("one", "", "two"):
        engine.print("t1", "app", text)
    engine.exit("t1")
    await daemon.shows("one", "two")


async def test_cursors_go_with_their_containers(daemon: Daemon) -> None:
    engine = containers(daemon)
    await engine.start_task(task("t1", "app"))
    engine.print("t1", "app", "one")
    engine.exit("t1")
    await daemon.shows("one")
    await engine.remove_task("t1")
    await daemon.house.clock.advance(60)

    async def gone() -> bool:
        return await daemon.house.store.read(lambda tx: tables.CURSORS.list(tx)) == []

    await until(gone)


async def test_silence_writes_nothing(daemon: Daemon) -> None:
    engine = containers(daemon)
    await engine.start_task(task("t1", "app"))
    engine.print("t1", "app", "one")
    await daemon.shows("one")
    await daemon.house.clock.advance(1)
    changes: list[Any] = []
    daemon.house.store.listen(changes.append)
    await daemon.house.clock.advance(3600)
    for _ in range(50):
        await asyncio.sleep(0)
    assert changes == []


async def test_lines_for_a_deleted_group_do_not_bring_it_back(daemon: Daemon) -> None:
    late = task("late", "web")
    await containers(daemon).start_task(TaskSpec("late", late.containers, {"bambe.log-group": "exists"}))
    await containers(daemon).start_task(task("other", "web", bambe_region="us-east-1"))
    containers(daemon).print("late", "web", "last words")
    containers(daemon).print("other", "web", "words")

    async def shipped() -> bool:
        await daemon.house.clock.advance(0.3)
        cursors = await daemon.house.store.read(tables.CURSORS.list)
        return len(cursors) == 2

    await until(shipped)
    assert (await daemon.house.aws.logs.describe_log_groups())["logGroups"] == []
    elsewhere = daemon.house.aws.within("000000000000", "us-east-1")
    assert len((await elsewhere.logs.describe_log_groups())["logGroups"]) == 1
