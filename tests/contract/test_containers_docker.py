"""What only a real Docker Engine can show: namespaces, names, limits, crashes in the middle, long logs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bambe.engines.containers.config import LOGS, container_name, single_config
from bambe.engines.containers.docker import DockerContainers
from bambe.engines.containers.port import ContainerSpec, Mount, State, TaskSeen, TaskSpec
from bambe.kernel.errors import NotThere, Refused

pytestmark = pytest.mark.docker

WAIT = "trap 'exit 0' TERM; while :; do sleep 0.05; done"

SERVE = "while :; do echo hello | nc -l -p 7000; done"


class Machine:
    """One installation on the Engine."""

    def __init__(self, image: str) -> None:
        self.instance = f"test{secrets.token_hex(4)}"
        self.image = image
        self.engine = DockerContainers(self.instance)

    def spec(self, *scripts: str, **changes: Any) -> TaskSpec:
        members = (
            ContainerSpec(f"c{n}", self.image, ("sh", "-c", s), stop_timeout=1, **changes)
            for n, s in enumerate(scripts)
        )
        return TaskSpec(secrets.token_hex(16), tuple(members))

    async def output(self, task: TaskSpec, container: str = "c0") -> list[str]:
        async with asyncio.timeout(30):
            return [line.text async for line in self.engine.logs(task.id, container)]

    async def run(self, *scripts: str, **changes: Any) -> list[str]:
        """What the first container prints."""
        task = self.spec(*scripts, **changes)
        await self.engine.start_task(task)
        return await self.output(task)

    async def seen(self, task: TaskSpec) -> TaskSeen:
        return next(t for t in await self.engine.list_tasks() if t.id == task.id)

    async def over(self, task: TaskSpec) -> TaskSeen:
        for _ in range(200):
            seen = await self.seen(task)
            if all(c.state is State.EXITED for c in seen.containers):
                return seen
            await asyncio.sleep(0.1)
        raise AssertionError("never over")


@pytest.fixture
async def machine(busybox: str) -> AsyncIterator[Machine]:
    made = Machine(busybox)
    await made.engine.start()
    yield made
    await made.engine.remove_everything()
    await made.engine.stop()
    for kind in ("container", "network"):
        everything = ("--all",) if kind == "container" else ()
        assert docker(kind, "ls", *everything, "--quiet", "--filter", f"label=bambe={made.instance}") == ""


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


async def test_a_task_asks_the_gateway_for_names_and_knows_its_id(machine: Machine) -> None:
    network = await machine.engine.start()
    task = machine.spec("hostname; cat /etc/resolv.conf")
    await machine.engine.start_task(task)
    said = await machine.output(task)
    assert said[0] == task.id[:12]
    assert not any(line.startswith("search ") and line != "search ." for line in said)
    inspected = json.loads(docker("inspect", container_name(machine.instance, task.id, "c0")))[0]
    assert inspected["HostConfig"]["Dns"] == [network.gateway]
    assert inspected["HostConfig"]["RestartPolicy"]["Name"] in ("", "no")


def ask(address: str) -> str:
    """A script that prints what `SERVE` on `address` says."""
    once = f'x=$(nc {address} 7000 </dev/null 2>/dev/null); [ "$x" = hello ] && echo $x && exit'
    return f"n=0; while [ $n -lt 50 ]; do n=$((n+1)); {once}; sleep 0.1; done"


async def test_secrets_are_in_the_environment_and_in_nothing_that_is_listed(machine: Machine) -> None:
    task = machine.spec("echo $NAME $PASSWORD", environment={"NAME": "a"}, secrets={"PASSWORD": "hunter2"})
    await machine.engine.start_task(task)
    assert await machine.output(task) == ["a hunter2"]
    assert "hunter2" not in str(await machine.seen(task)) + repr(task)
    name = container_name(machine.instance, task.id, "c0")
    assert "hunter2" not in docker(
        "ps", "--all", "--no-trunc", "--filter", f"name={name}", "--format", "{{json .}}"
    )


async def test_sidecars_reach_each_other_on_localhost(machine: Machine) -> None:
    assert await machine.run(ask("127.0.0.1"), SERVE) == ["hello"]


async def test_tasks_reach_each_other_and_this_machine_reaches_them(machine: Machine) -> None:
    server = machine.spec(SERVE)
    await machine.engine.start_task(server)
    address = (await machine.seen(server)).address
    assert await machine.run(ask(address)) == ["hello"]
    assert await read(address, 7000) == b"hello\n"


async def read(address: str, port: int) -> bytes:
    for _ in range(50):
        try:
            reader, writer = await asyncio.open_connection(address, port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.1)  # between two connections nothing listens
            continue
        said = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return said
    raise AssertionError("nothing listens")


async def test_a_start_that_was_cut_off_goes_on_where_it_was(machine: Machine) -> None:
    network = await machine.engine.start()
    single = machine.spec(WAIT)
    name = container_name(machine.instance, single.id, "c0")
    docker = machine.engine._connection.docker
    await docker.containers.create(single_config(machine.instance, single, network), name=name)
    assert (await machine.seen(single)).containers[0].state is State.PENDING
    await machine.engine.start_task(single)
    assert (await machine.seen(single)).containers[0].state is State.RUNNING

    several = machine.spec(WAIT, WAIT)
    await machine.engine.start_task(several)
    await docker.containers.container(container_name(machine.instance, several.id, "c1")).delete(force=True)
    await machine.engine.start_task(several)
    assert [c.state for c in (await machine.seen(several)).containers] == [State.RUNNING] * 2


async def test_what_was_created_and_never_started_can_be_stopped(machine: Machine) -> None:
    task, network = machine.spec(WAIT), await machine.engine.start()
    name = container_name(machine.instance, task.id, "c0")
    docker = machine.engine._connection.docker
    await docker.containers.create(single_config(machine.instance, task, network), name=name)
    await machine.engine.stop_task(task.id)
    await machine.engine.stop_task(task.id)
    (container,) = (await machine.seen(task)).containers
    assert (container.state, container.exit_code, container.started_at) == (State.EXITED, None, None)


async def test_a_pruned_network_comes_back(machine: Machine) -> None:
    docker("network", "rm", f"bambe-{machine.instance}")
    task = machine.spec(WAIT)
    await machine.engine.start_task(task)
    assert (await machine.seen(task)).address


async def test_installations_side_by_side_get_networks_of_their_own(busybox: str) -> None:
    engines = [DockerContainers(f"test{secrets.token_hex(4)}") for _ in range(4)]
    try:
        networks = await asyncio.gather(*(engine.start() for engine in engines))
        assert len({n.subnet for n in networks}) == len({n.bridge for n in networks}) == 4
    finally:
        for engine in engines:
            await engine.remove_everything()
            await engine.stop()


async def test_limits_hold(machine: Machine) -> None:
    # Not in its first moments: containerd watches a container's memory only from after its start.
    hog = "sleep 0.5; x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done"
    task = machine.spec(hog, memory=16)
    await machine.engine.start_task(task)
    (container,) = (await machine.over(task)).containers
    assert container.exit_code not in (0, None)
    assert container.reason == "OutOfMemoryError: Container killed due to memory usage"


async def test_settings_reach_the_container(machine: Machine, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "told").write_text("from outside\n")
    said = await machine.run(
        "cat /in/told; echo $A; id -u; pwd; touch /x || echo read-only; touch /in/x || echo read-only too",
        environment={"A": "b c"},
        user="1234",
        working_directory="/tmp",
        read_only_root=True,
        mounts=(Mount(str(tmp_path), "/in", read_only=True),),
    )
    assert [line for line in said if "touch:" not in line] == [
        *("from outside", "b c", "1234", "/tmp"),
        *("read-only", "read-only too"),
    ]


async def test_a_missing_source_of_a_mount_is_refused(machine: Machine) -> None:
    with pytest.raises(Refused, match="/no/such/folder"):
        await machine.run("true", mounts=(Mount("/no/such/folder", "/in"),))


async def test_a_user_the_image_does_not_know_is_refused(machine: Machine) -> None:
    with pytest.raises(Refused, match="find user"):
        await machine.run("true", user="nobody-of-that-name")


async def test_long_lines_come_whole(machine: Machine) -> None:
    double = "x=0123456789abcdef; for n in 1 2 3 4 5 6 7 8 9 10 11 12; do x=$x$x; done"
    said = await machine.run(f"{double}; echo $x; echo $x >&2; echo end")
    assert sorted(len(line) for line in said) == [3, 65536, 65536]


async def test_logs_go_on_over_rotation(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LOGS, "Config", {"max-size": "1m", "max-file": "3"})
    filler = "x" * 90
    lines = 'm=0; while [ $m -lt 500 ]; do m=$((m+1)); n=$((n+1)); echo "$n $filler"; done'
    task = machine.spec(f"filler={filler}; n=0; while [ $n -lt 15000 ]; do {lines}; sleep 0.05; done")
    await machine.engine.start_task(task)
    numbers = [int(line.split()[0]) for line in await machine.output(task)]
    assert numbers == list(range(1, 15001))


async def test_whoever_hears_of_an_end_sees_it(machine: Machine) -> None:
    """The Engine says "die" before its listing knows; who looks once must not see it running."""
    specs = [machine.spec("sleep 60") for _ in range(5)]
    seen: dict[str, State] = {}

    async def listen() -> None:
        async for task_id in machine.engine.events():
            tasks = {task.id: task for task in await machine.engine.list_tasks()}
            seen[task_id] = tasks[task_id].containers[0].state

    for spec in specs:
        await machine.engine.start_task(spec)
    seen.clear()
    hearing = asyncio.create_task(listen())
    await asyncio.sleep(0.3)
    for spec in specs:
        name = container_name(machine.instance, spec.id, "c0")
        await asyncio.to_thread(docker, "kill", name)
        async with asyncio.timeout(10):
            while spec.id not in seen:
                await asyncio.sleep(0.01)
    hearing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await hearing
    assert [seen[spec.id] for spec in specs] == [State.EXITED] * len(specs)


async def test_following_many_logs_leaves_room_for_other_calls(machine: Machine) -> None:
    task = machine.spec(WAIT)
    await machine.engine.start_task(task)

    async def follow() -> None:
        async for _ in machine.engine.logs(task.id, "c0"):
            pass

    followers = [asyncio.create_task(follow()) for _ in range(120)]
    await asyncio.sleep(0.5)
    async with asyncio.timeout(10):
        assert len(await machine.engine.list_tasks()) == 1
    await machine.engine.remove_task(task.id)
    async with asyncio.timeout(20):
        await asyncio.gather(*followers, return_exceptions=True)


async def test_a_registry_that_has_no_such_image_says_not_there(machine: Machine) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(1) == b"\x16":
            return  # the Engine tries TLS first
        while request := await reader.readuntil(b"\r\n\r\n"):
            found = b" /v2/ " in request
            body = (
                b"{}" if found else b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'
            )
            status = b"200 OK" if found else b"404 Not Found"
            kind = b"Content-Type: application/json\r\nDocker-Distribution-Api-Version: registry/2.0\r\n"
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            writer.write(b"HTTP/1.1 " + status + b"\r\n" + kind + length + body)

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(NotThere, match="nowhere"):
            await machine.engine.pull(f"localhost:{port}/nowhere:1", "AWS", "secret")
