"""ECS Exec: boto3 asks for a session, and the plugin's protocol holds it over a real WebSocket."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from bambe.cli.session import Ended, hold
from bambe.cli.trouble import Trouble
from tests.api.conftest import Edge
from tests.support.house import SUBNET
from tests.support.plugin import Plugin, Refused, pack

NETWORK = {"awsvpcConfiguration": {"subnets": [SUBNET]}}


class Exec:
    """A task that allows ExecuteCommand, and sessions in it."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        ecs = self.ecs = edge.aws("ecs")
        ecs.create_cluster(clusterName="shop")
        ecs.register_task_definition(
            family="web",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "web", "image": "web:1"}],
        )
        started = ecs.run_task(
            cluster="shop",
            taskDefinition="web",
            launchType="FARGATE",
            networkConfiguration=NETWORK,
            enableExecuteCommand=True,
        )
        self.task = started["tasks"][0]["taskArn"]
        edge.run(edge.house.settle())

    def session(self, command: str = "/bin/sh") -> dict[str, str]:
        answer = self.ecs.execute_command(cluster="shop", task=self.task, interactive=True, command=command)
        session = dict(answer["session"])
        assert session["streamUrl"].startswith("ws://localhost:4566/_bambe/sessions/ecs-execute-command-")
        return session | {
            "streamUrl": session["streamUrl"].replace("localhost:4566", f"127.0.0.1:{self.edge.port}")
        }

    @property
    def terminal(self) -> Any:
        return self.edge.house.containers.terminals[-1]


@pytest.fixture
def shell(edge: Edge) -> Exec:
    return Exec(edge)


def test_a_shell(shell: Exec) -> None:
    session = shell.session()

    async def use() -> None:
        plugin = Plugin()
        await plugin.open(session)
        assert plugin.session_type == "InteractiveCommands"
        await plugin.resize(91, 33)
        await plugin.type(b"stty size\r")
        await plugin.until(b"33 91\r\n")
        await plugin.type(b"exit 3\r")
        closed = await plugin.end()
        assert (closed["SessionId"], closed["Output"]) == (session["sessionId"], "")
        assert closed["ExitCode"] == 3
        assert plugin.acknowledged == {0, 1, 2, 3}

    asyncio.run(use())


def test_output_that_a_client_was_not_ready_for_comes_again(shell: Exec) -> None:
    async def use() -> None:
        plugin = Plugin(drops=2)
        await plugin.open(shell.session("echo all of it"))
        assert (await plugin.end())["Output"] == ""
        assert plugin.screen == b"all of it\r\n"

    asyncio.run(use())


def test_a_command_that_is_not_there(shell: Exec) -> None:
    async def use() -> None:
        plugin = Plugin()
        await plugin.open(shell.session("nope"))
        assert 'Unable to start command: Exec: "nope"' in (await plugin.end())["Output"]

    asyncio.run(use())


def test_a_token_opens_its_session_once(shell: Exec) -> None:
    session = shell.session("echo once")

    async def use() -> None:
        other = session["streamUrl"].replace("?", "0?")
        for wrong in (session | {"tokenValue": "wrong"}, session | {"streamUrl": other}):
            with pytest.raises(Refused, match="1008"):
                await opened(wrong)
        await (await opened(session)).end()
        with pytest.raises(Refused, match="1008"):
            await opened(session)

    asyncio.run(use())


def test_a_token_that_waits_too_long_opens_nothing(shell: Exec) -> None:
    session = shell.session()
    shell.edge.run(shell.edge.house.clock.advance(301))
    with pytest.raises(Refused, match="1008"):
        asyncio.run(opened(session))


def test_a_client_that_goes_leaves_no_command_behind(shell: Exec) -> None:
    async def use() -> None:
        plugin = await opened(shell.session())
        await plugin.until(b"# ")
        await plugin.hang_up()
        async with asyncio.timeout(10):
            while not shell.terminal.closed:
                await asyncio.sleep(0.02)

    asyncio.run(use())


def test_a_client_that_ends_its_session(shell: Exec) -> None:
    async def use() -> None:
        plugin = await opened(shell.session())
        await plugin.terminate()
        await plugin.end()

    asyncio.run(use())


def test_a_platform_that_stops_ends_sessions_first(shell: Exec) -> None:
    async def use() -> dict[str, Any]:
        plugin = await opened(shell.session())
        stopped = asyncio.create_task(asyncio.to_thread(shell.edge.run, shell.edge.sessions.stop()))
        closed = await plugin.end()
        await stopped
        return closed

    assert asyncio.run(use())["Output"] == "The platform is being stopped."
    assert shell.terminal.closed


def test_noise_ends_nothing(shell: Exec) -> None:
    async def use() -> None:
        plugin = await opened(shell.session())
        for noise in (
            b"x",
            bytes(200),
            pack("start_publication", b""),
            pack("input_stream_data", b"", 99, 50),
        ):
            await plugin._socket.send_bytes(noise)
        await plugin._socket.send_str("hello")
        await plugin.type(b"exit\r")
        await plugin.end()

    asyncio.run(use())


def test_who_does_not_speak_websocket_is_told(shell: Exec) -> None:
    async def use() -> tuple[int, str]:
        url = f"{shell.edge.endpoint}/_bambe/sessions/x"
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            return answer.status, await answer.text()

    assert asyncio.run(use()) == (426, "This is the WebSocket of `aws ecs execute-command`.\n")


def test_no_other_path_takes_websockets(shell: Exec) -> None:
    async def use() -> None:
        async with aiohttp.ClientSession() as http:
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await http.ws_connect(f"{shell.edge.endpoint}/")

    asyncio.run(use())


async def opened(session: dict[str, str]) -> Plugin:
    plugin = Plugin()
    try:
        await plugin.open(session)
    except Refused:
        await plugin.hang_up()
        raise
    return plugin


class Person:
    """Types what a test says, then has nothing more to say."""

    def __init__(self, *keys: bytes) -> None:
        self.said = [*keys, b""]
        self.screen = b""

    async def keys(self) -> bytes:
        return self.said.pop(0)

    def show(self, data: bytes) -> None:
        self.screen += data

    def size(self) -> tuple[int, int]:
        return (91, 33)


def test_bambes_own_client_needs_no_plugin(shell: Exec) -> None:
    person = Person(b"stty size\r", b"exit 3\r")
    assert asyncio.run(hold(shell.session(), person)) == Ended("", 3)
    assert b"33 91\r\n" in person.screen
    assert asyncio.run(hold(shell.session(), Person())) == Ended("", 0)
    assert "Unable to start" in asyncio.run(hold(shell.session("nope"), Person())).trouble
    used = shell.session() | {"tokenValue": "wrong"}
    assert asyncio.run(hold(used, Person())) == Ended("The session's connection was lost.")
    nowhere = shell.session()
    shell.edge.run(shell.edge.server.stop())
    with pytest.raises(Trouble, match="the session cannot be opened"):
        asyncio.run(hold(nowhere, Person()))
