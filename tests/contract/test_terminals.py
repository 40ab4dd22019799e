"""What every container engine does with a command inside a container, the fake and Docker alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from bambe.engines.containers.docker import DockerContainers
from bambe.engines.containers.port import State, Terminal
from bambe.kernel.errors import NotThere, Refused
from tests.contract import test_containers
from tests.contract.test_containers import WAIT, Stage

stage = test_containers.stage


async def rest(terminal: Terminal) -> bytes:
    """All that is still printed."""
    said = b""
    while data := await terminal.read():
        said += data
    return said


async def until(terminal: Terminal, words: bytes) -> bytes:
    said = b""
    while words not in said:
        data = await terminal.read()
        assert data, said
        said += data
    return said


@pytest.fixture
async def task(stage: Stage) -> AsyncIterator[str]:
    spec = stage.spec(WAIT, user="65534")
    await stage.engine.start_task(spec)
    await stage.until(spec.id, lambda t: t.containers[0].state is State.RUNNING)
    yield spec.id
    await stage.engine.remove_task(spec.id)


async def run(stage: Stage, task: str, command: Sequence[str]) -> tuple[bytes, int | None]:
    terminal = await stage.engine.execute(task, "c0", command)
    try:
        return await rest(terminal), await terminal.exit_code()
    finally:
        await terminal.close()


async def test_a_command_prints_and_ends(stage: Stage, task: str) -> None:
    assert await run(stage, task, ["echo", "hello", "you there"]) == (b"hello you there\r\n", 0)
    assert await run(stage, task, ["sh", "-c", "exit 7"]) == (b"", 7)


async def test_a_shell_takes_keys_and_knows_the_size_of_its_terminal(stage: Stage, task: str) -> None:
    terminal = await stage.engine.execute(task, "c0", ["/bin/sh"])
    await terminal.resize(91, 33)
    await terminal.write(b"echo $((40 + 2)) said\n")
    await until(terminal, b"said\r\n")
    assert await terminal.exit_code() is None
    await terminal.write(b"exit 3\r")
    await rest(terminal)
    assert await terminal.exit_code() == 3
    await terminal.close()


async def test_what_is_not_there_is_refused(stage: Stage, task: str) -> None:
    with pytest.raises(Refused, match="not found"):
        await run(stage, task, ["no-such-program"])


async def test_a_container_that_does_not_run_runs_nothing(stage: Stage, task: str) -> None:
    with pytest.raises(NotThere):
        await stage.engine.execute(task, "c9", ["echo"])
    await stage.engine.stop_task(task, 1)
    with pytest.raises(NotThere):
        await stage.engine.execute(task, "c0", ["echo"])


async def test_hanging_up_ends_the_command(stage: Stage, task: str) -> None:
    terminal = await stage.engine.execute(task, "c0", ["sh"])
    await until(terminal, b"# ")
    await terminal.close()
    for _ in range(50):
        if await terminal.exit_code() is not None:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it still runs")


@pytest.mark.parametrize("stage", [pytest.param("docker", marks=pytest.mark.docker)], indirect=True)
async def test_every_key_arrives_at_once(stage: Stage, task: str) -> None:
    """Docker's own sequence to detach would hold back Ctrl-P."""
    terminal = await stage.engine.execute(task, "c0", ["cat"])
    await terminal.write(b"\x10")
    await until(terminal, b"^P")
    await terminal.close()


@pytest.mark.parametrize("stage", [pytest.param("docker", marks=pytest.mark.docker)], indirect=True)
async def test_what_a_dead_daemon_left_is_hung_up_and_nothing_else(stage: Stage, task: str) -> None:
    left = await stage.engine.execute(task, "c0", ["sleep", "100"])
    engine = stage.engine
    assert isinstance(engine, DockerContainers)
    next_daemon = DockerContainers(engine._instance)
    ours = await next_daemon.execute(task, "c0", ["sleep", "100"])
    await next_daemon.hang_up()
    assert await rest(left) == b""
    assert await ours.exit_code() is None
    await asyncio.gather(left.close(), ours.close())
    await next_daemon.stop()
