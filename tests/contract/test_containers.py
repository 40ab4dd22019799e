"""What every container engine does, the fake and the Docker Engine alike."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from bambe.engines.containers.docker import DockerContainers
from bambe.engines.containers.port import (
    Containers,
    ContainerSpec,
    Health,
    HealthCheck,
    State,
    TaskSeen,
    TaskSpec,
)
from bambe.kernel.errors import NotThere, Refused, Unavailable
from tests.fakes.containers import FakeContainers

WAIT = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


class Stage:
    """An engine, and ways to make its containers do what a test needs on either."""

    def __init__(self, engine: Containers, image: str) -> None:
        self.engine = engine
        self.image = image

    def spec(self, *scripts: str, **changes: Any) -> TaskSpec:
        containers = tuple(
            replace(
                ContainerSpec(f"c{n}", self.image, ("sh", "-c", script), stop_timeout=2, memory=32), **changes
            )
            for n, script in enumerate(scripts)
        )
        return TaskSpec(
            secrets.token_hex(16), containers, {"owner": "arn:aws:ecs:x:1:service/a/b", "token": "7"}
        )

    def fake(self, act: Callable[[FakeContainers], None]) -> None:
        """What the script of the test does by itself on a real engine."""
        if isinstance(self.engine, FakeContainers):
            act(self.engine)

    async def task(self, task_id: str) -> TaskSeen | None:
        return next((t for t in await self.engine.list_tasks() if t.id == task_id), None)

    async def until(self, task_id: str, holds: Callable[[TaskSeen], bool]) -> TaskSeen:
        for _ in range(300):
            seen = await self.task(task_id)
            if seen is not None and holds(seen):
                return seen
            await asyncio.sleep(0.1)
        raise AssertionError(f"never came true; last seen: {seen}")


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.docker)])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    engine: Containers
    if request.param == "fake":
        engine, image = FakeContainers(images={"busybox:1"}), "busybox:1"
    else:
        engine, image = DockerContainers(f"test{secrets.token_hex(4)}"), request.getfixturevalue("busybox")
    await engine.start()
    yield Stage(engine, image)
    await engine.remove_everything()
    assert await engine.list_tasks() == []
    await engine.stop()


def is_over(task: TaskSeen) -> bool:
    return all(c.state is State.EXITED for c in task.containers)


async def test_starting_again_finds_the_same_network(stage: Stage) -> None:
    network = await stage.engine.start()
    assert await stage.engine.start() == network
    assert IPv4Address(network.gateway) == IPv4Network(network.subnet)[1]
    assert len(network.bridge) <= 15


async def test_a_started_task_runs_with_an_address_of_its_own(stage: Stage) -> None:
    network = await stage.engine.start()
    spec, other = stage.spec(WAIT, log_group="/ecs/a", log_stream="a/c0/1"), stage.spec(WAIT)
    await stage.engine.start_task(spec)
    await stage.engine.start_task(other)
    seen = await stage.until(spec.id, lambda t: t.containers[0].state is State.RUNNING)
    assert seen.labels == spec.labels
    assert IPv4Address(seen.address) in next(iter(IPv4Network(network.subnet).subnets(1)))
    (container,) = seen.containers
    assert (container.name, container.image, container.health) == ("c0", stage.image, Health.NONE)
    assert (container.log_group, container.log_stream) == ("/ecs/a", "a/c0/1")
    assert container.image_digest.startswith("sha256:")
    assert container.runtime_id
    assert container.started_at is not None
    assert container.started_at.tzinfo is not None
    assert (container.exit_code, container.finished_at, container.reason) == (None, None, "")
    second = await stage.task(other.id)
    assert second is not None
    assert second.address != seen.address


async def test_starting_a_task_again_changes_nothing(stage: Stage) -> None:
    spec = stage.spec(WAIT, WAIT)
    await stage.engine.start_task(spec)
    before = await stage.task(spec.id)
    await stage.engine.start_task(spec)
    assert await stage.task(spec.id) == before
    await stage.engine.stop_task(spec.id)
    over = await stage.task(spec.id)
    await stage.engine.start_task(spec)
    assert await stage.task(spec.id) == over


async def test_containers_of_a_task_keep_their_order_and_share_its_address(stage: Stage) -> None:
    spec = stage.spec(WAIT, WAIT, WAIT)
    await stage.engine.start_task(spec)
    seen = await stage.until(spec.id, lambda t: all(c.state is State.RUNNING for c in t.containers))
    assert [c.name for c in seen.containers] == ["c0", "c1", "c2"]
    assert seen.address


async def test_a_task_may_start_in_parts(stage: Stage) -> None:
    spec = stage.spec(WAIT, WAIT, "exit 0")
    await stage.engine.start_task(spec, ["c1"])
    first = await stage.until(spec.id, lambda t: t.containers[0].state is State.RUNNING)
    assert [c.name for c in first.containers] == ["c1"]
    assert first.address
    await stage.engine.start_task(spec, [])
    assert await stage.task(spec.id) == first
    for _ in range(2):
        await stage.engine.start_task(spec, ["c0", "c1"])
    second = await stage.until(spec.id, lambda t: all(c.state is State.RUNNING for c in t.containers))
    assert [c.name for c in second.containers] == ["c0", "c1"]
    assert second.address == first.address
    assert second.containers[1].runtime_id == first.containers[0].runtime_id
    await stage.engine.start_task(spec)
    third = await stage.task(spec.id)
    assert third is not None
    assert [c.name for c in third.containers] == ["c0", "c1", "c2"]


async def test_containers_are_stopped_after_those_that_depend_on_them(stage: Stage) -> None:
    spec = stage.spec(WAIT, WAIT, WAIT)
    order = {"c0": ("c1", "c2"), "c1": ("c2",), "c2": ()}
    spec = replace(spec, containers=tuple(replace(c, depends_on=order[c.name]) for c in spec.containers))
    await stage.engine.start_task(spec)
    await stage.until(spec.id, lambda t: all(c.state is State.RUNNING for c in t.containers))
    await stage.engine.stop_task(spec.id)
    seen = await stage.task(spec.id)
    assert seen is not None
    assert is_over(seen)
    ended = [c.finished_at for c in seen.containers if c.finished_at is not None]
    assert ended == sorted(ended)
    stage.fake(lambda fake: ordered(fake.ended, "c0", "c1", "c2"))


def ordered(ended: list[tuple[str, str]], *names: str) -> None:
    assert [name for _, name in ended] == list(names)


async def test_a_container_that_ends_is_seen_with_its_exit_code(stage: Stage) -> None:
    spec = stage.spec("exit 3")
    await stage.engine.start_task(spec)
    stage.fake(lambda fake: fake.exit(spec.id, "c0", 3))
    seen = await stage.until(spec.id, is_over)
    assert seen.containers[0].exit_code == 3
    assert seen.containers[0].finished_at is not None
    assert seen.address == ""


async def test_one_container_of_several_can_end_alone(stage: Stage) -> None:
    spec = stage.spec("exit 4", WAIT)
    await stage.engine.start_task(spec)
    stage.fake(lambda fake: fake.exit(spec.id, "c0", 4))
    seen = await stage.until(spec.id, lambda t: t.containers[0].state is State.EXITED)
    assert [c.exit_code for c in seen.containers] == [4, None]
    assert seen.address


async def test_a_container_that_ended_is_restarted_with_the_same_address(stage: Stage) -> None:
    spec = stage.spec("test -e /tmp/again && sleep 60; touch /tmp/again; exit 3", restarts=True)
    await stage.engine.start_task(spec)
    stage.fake(lambda fake: fake.exit(spec.id, code=3))
    before = await stage.until(spec.id, lambda t: t.containers[0].state is State.EXITED)
    await stage.engine.restart(spec.id, "c0")
    after = await stage.until(spec.id, lambda t: t.containers[0].state is State.RUNNING)
    (was,), (now,) = before.containers, after.containers
    assert (was.exit_code, now.exit_code) == (3, None)
    assert (now.runtime_id, after.address) == (was.runtime_id, before.address)
    assert after.address
    assert was.started_at is not None
    assert now.started_at is not None
    assert now.started_at >= was.started_at
    await stage.engine.restart(spec.id, "c0")
    assert await stage.task(spec.id) == after
    with pytest.raises(NotThere):
        await stage.engine.restart("nothing", "c0")


async def test_a_task_that_restarts_has_its_address_before_its_container(stage: Stage) -> None:
    spec, plain = stage.spec(WAIT, restarts=True), stage.spec(WAIT)
    for _ in range(2):
        await stage.engine.start_task(spec, [])
    await stage.engine.start_task(plain, [])
    assert await stage.task(plain.id) is None
    before = await stage.task(spec.id)
    assert before is not None
    assert before.address
    assert (before.labels, before.containers) == (spec.labels, ())
    await stage.engine.start_task(spec)
    after = await stage.until(spec.id, lambda t: t.containers[0].state is State.RUNNING)
    assert after.address == before.address
    await stage.engine.remove_task(spec.id)
    assert await stage.task(spec.id) is None


async def test_a_stopped_task_stays_listed_without_an_address(stage: Stage) -> None:
    spec = stage.spec(WAIT, WAIT)
    await stage.engine.start_task(spec)
    await stage.engine.stop_task(spec.id)
    await stage.engine.stop_task(spec.id)
    seen = await stage.task(spec.id)
    assert seen is not None
    assert is_over(seen)
    assert seen.address == ""
    assert seen.labels == spec.labels


async def test_what_ignores_sigterm_is_killed_after_the_timeout(stage: Stage) -> None:
    spec = stage.spec("trap '' TERM; while :; do sleep 0.1; done", stop_timeout=60)
    await stage.engine.start_task(spec)
    async with asyncio.timeout(20):
        await stage.engine.stop_task(spec.id, timeout=1)
    seen = await stage.task(spec.id)
    assert seen is not None
    assert is_over(seen)


async def test_removing_works_on_running_exited_and_unknown_tasks(stage: Stage) -> None:
    running, over = stage.spec(WAIT, WAIT), stage.spec(WAIT)
    await stage.engine.start_task(running)
    await stage.engine.start_task(over)
    await stage.engine.stop_task(over.id)
    for task_id in (running.id, over.id, over.id, "unknown"):
        await stage.engine.remove_task(task_id)
    await stage.engine.stop_task("unknown")
    assert await stage.engine.list_tasks() == []


async def test_an_image_that_is_not_here_starts_nothing(stage: Stage) -> None:
    spec = replace(stage.spec(WAIT), containers=(ContainerSpec("c0", "bambe-test/nowhere:1"),))
    with pytest.raises(NotThere, match="nowhere"):
        await stage.engine.start_task(spec)
    assert await stage.task(spec.id) is None


async def test_a_task_without_containers_is_refused(stage: Stage) -> None:
    with pytest.raises(Refused):
        await stage.engine.start_task(TaskSpec("empty", ()))


async def test_pulling_answers_the_digest(stage: Stage) -> None:
    digest = await stage.engine.pull(stage.image)
    assert digest.startswith("sha256:")
    with pytest.raises((NotThere, Unavailable)):
        await stage.engine.pull("localhost:1/nowhere:1", "AWS", "password")


async def test_what_can_never_start_is_refused_and_seen_as_over(stage: Stage) -> None:
    spec = stage.spec(WAIT, command=("/no/such/program",))
    stage.fake(lambda fake: fake.fail_start(stage.image, Refused("Exec: /no/such/program: no such file.")))
    for _ in range(2):
        with pytest.raises(Refused, match="/no/such/program"):
            await stage.engine.start_task(spec)
        seen = await stage.task(spec.id)
        assert seen is not None
        assert is_over(seen)
        assert "/no/such/program" in seen.containers[0].reason


async def test_health_follows_the_check(stage: Stage) -> None:
    check = HealthCheck(("CMD-SHELL", "test -e /tmp/well"), interval=1, timeout=2, retries=1)
    spec = stage.spec(f"(sleep 1; touch /tmp/well; sleep 3; rm /tmp/well) & {WAIT}", health_check=check)
    await stage.engine.start_task(spec)
    for health in (Health.HEALTHY, Health.UNHEALTHY):
        stage.fake(lambda fake, health=health: fake.set_health(spec.id, health))  # type: ignore[misc]
        await stage.until(spec.id, lambda t, health=health: t.containers[0].health is health)  # type: ignore[misc]


async def test_events_name_the_tasks_in_which_something_happened(stage: Stage) -> None:
    spec = stage.spec(WAIT)
    heard: list[str] = []

    async def listen() -> None:
        async for task_id in stage.engine.events():
            heard.append(task_id)

    async def hear(act: Callable[[str], Any]) -> None:
        heard.clear()
        await act(spec.id)
        async with asyncio.timeout(10):
            while spec.id not in heard:
                await asyncio.sleep(0.01)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.3)
    try:
        await hear(lambda _: stage.engine.start_task(spec))
        await hear(stage.engine.stop_task)
        await hear(stage.engine.remove_task)
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


async def test_logs_give_every_line_once_and_end_with_the_container(stage: Stage) -> None:
    spec = stage.spec("echo one; echo two >&2; sleep 0.5; for n in 3 4 5 6 7 8 9; do echo $n; done")
    await stage.engine.start_task(spec)

    def play(fake: FakeContainers) -> None:
        clock: Any = fake.clock
        for text, stream in [
            ("one", "stdout"),
            ("two", "stderr"),
            *((str(n), "stdout") for n in range(3, 10)),
        ]:
            fake.print(spec.id, "c0", text, stream)
            clock._now = clock._now.replace(microsecond=clock._now.microsecond + 1)
        fake.exit(spec.id, "c0", 0)

    stage.fake(play)
    async with asyncio.timeout(20):
        lines = [line async for line in stage.engine.logs(spec.id, "c0")]
    assert sorted(line.text for line in lines) == ["3", "4", "5", "6", "7", "8", "9", "one", "two"]
    assert {line.text: line.stream for line in lines} | {"two": "stderr"} == {
        line.text: "stderr" if line.text == "two" else "stdout" for line in lines
    }
    assert sorted({line.at for line in lines}) == [line.at for line in lines]
    for position, line in enumerate(lines):
        rest = [after async for after in stage.engine.logs(spec.id, "c0", since=line.at)]
        assert rest == lines[position + 1 :]


async def test_logs_of_an_unknown_container_are_not_there(stage: Stage) -> None:
    with pytest.raises(NotThere):
        await anext(stage.engine.logs("unknown", "c0"))


async def test_an_engine_that_does_not_answer_is_unavailable(stage: Stage) -> None:
    engine = stage.engine
    if isinstance(engine, FakeContainers):
        engine.down = True
    else:
        engine = DockerContainers("nobody", socket="/nonexistent/docker.sock")
    for attempt in (engine.start, engine.list_tasks):
        with pytest.raises(Unavailable, match=r"does not answer at .*: start it"):
            await attempt()
    if isinstance(engine, FakeContainers):
        engine.down = False
    else:
        await engine.stop()


async def test_removing_everything_can_be_repeated_and_started_after(stage: Stage) -> None:
    await stage.engine.start_task(stage.spec(WAIT, WAIT))
    for _ in range(2):
        await stage.engine.remove_everything()
        assert await stage.engine.list_tasks() == []
    spec = stage.spec(WAIT)
    await stage.engine.start_task(spec)
    assert await stage.task(spec.id) is not None


async def test_what_tasks_use(stage: Stage) -> None:
    one, ended = stage.spec(WAIT, "while :; do :; done"), stage.spec("exit 0")
    for spec in (one, ended):
        await stage.engine.start_task(spec)
    stage.fake(lambda fake: fake.exit(ended.id))
    await stage.until(ended.id, lambda seen: all(c.state is State.EXITED for c in seen.containers))
    await stage.until(one.id, lambda seen: all(c.state is State.RUNNING for c in seen.containers))
    used = await stage.engine.usage()
    assert ended.id not in used
    assert used[one.id].cpu_seconds > 0
    assert 0 < used[one.id].memory < 64 * 1024 * 1024
