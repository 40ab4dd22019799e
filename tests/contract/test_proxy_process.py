"""Envoy as a process of its own: found again, brought back, ended, and its addresses with it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bambe.engines.proxy.envoy import EnvoyProxy
from bambe.engines.proxy.port import FixedResponse, Listener, LoadBalancer, Rule, Target, TargetGroup, World
from bambe.kernel.errors import Refused, Unavailable
from tests.support.backend import Load, ask

HOST, PORT = "127.0.25.1", 18251


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[EnvoyProxy]:
    made = EnvoyProxy(tmp_path)
    await made.start()
    yield made
    await made.remove_everything()


def world(body: str = "hello", port: int = PORT, addresses: tuple[str, ...] = (HOST,)) -> World:
    listener = Listener("listener", port, "HTTP", (Rule("default", (), FixedResponse(200, body=body)),))
    group = TargetGroup("group", "group", targets=(Target("127.0.0.1", 9),))
    return World((LoadBalancer("balancer", "shop", addresses, (listener,)),), (group,))


def pid(state: Path) -> int:
    return int((state / "envoy/envoy.pid").read_text().split()[0])


def has_ended(process: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


async def test_it_goes_on_without_us_and_is_found_again(proxy: EnvoyProxy, tmp_path: Path) -> None:
    await proxy.apply(world())
    first = pid(tmp_path)
    assert os.getsid(first) == first
    async with Load(HOST, PORT) as load:
        successor = EnvoyProxy(tmp_path)
        await successor.start()
        assert set((await successor.observe()).groups) == {"group"}
        await successor.apply(world())
        await load.more(50)
        await successor.apply(world("changed"))
        await load.more(50)
        assert set(await load.more(20)) == {"changed"}
    assert load.failures == []
    assert pid(tmp_path) == first


async def test_a_killed_proxy_comes_back_with_what_it_knew(proxy: EnvoyProxy, tmp_path: Path) -> None:
    await proxy.apply(world())
    killed = pid(tmp_path)
    os.kill(killed, signal.SIGKILL)
    while not has_ended(killed):
        await asyncio.sleep(0.01)
    await proxy.apply(world())
    assert (await ask(HOST, PORT)).body == "hello"


async def test_nothing_is_left_when_everything_is_removed(proxy: EnvoyProxy, tmp_path: Path) -> None:
    await proxy.apply(world())
    gone = pid(tmp_path)
    await proxy.remove_everything()
    assert not (tmp_path / "envoy").exists()
    assert has_ended(gone)
    with pytest.raises(ConnectionError):
        await ask(HOST, PORT)


async def test_a_deep_state_directory_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    proxy = EnvoyProxy(deep)
    await proxy.start()
    await proxy.apply(world(port=PORT + 1))
    assert (await ask(HOST, PORT + 1)).body == "hello"
    await proxy.remove_everything()


async def test_several_run_side_by_side(proxy: EnvoyProxy, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = EnvoyProxy(tmp_path_factory.mktemp("other"))
    await other.start()
    await proxy.apply(world("one"))
    await other.apply(world("two", port=PORT + 1))
    assert [(await ask(HOST, port)).body for port in (PORT, PORT + 1)] == ["one", "two"]
    with pytest.raises(Refused, match="in use"):
        await other.apply(world("two", port=PORT))
    await other.remove_everything()
    assert (await ask(HOST, PORT)).body == "one"


async def test_a_taken_port_is_said_and_taken_once_it_is_free(proxy: EnvoyProxy) -> None:
    with socket.create_server((HOST, PORT)), pytest.raises(Refused, match=f"{HOST}:{PORT}.*in use"):
        await proxy.apply(world())
    await proxy.apply(world())
    assert (await ask(HOST, PORT)).body == "hello"


@pytest.fixture
def bridge() -> Iterator[str]:
    """An interface to put addresses on."""
    name = f"bbt{os.getpid() % 100000}"
    if (
        os.geteuid() != 0
        or subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=False).returncode
    ):
        pytest.skip("making an interface needs root")
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    yield name
    subprocess.run(["ip", "link", "del", name], check=True)


def addresses(bridge: str) -> list[str]:
    said = subprocess.run(
        ["ip", "-o", "addr", "show", "dev", bridge], capture_output=True, text=True, check=True
    )
    return [line.split()[3] for line in said.stdout.splitlines() if " inet " in line]


async def test_bridge_addresses_come_and_go_with_their_load_balancer(tmp_path: Path, bridge: str) -> None:
    proxy = EnvoyProxy(tmp_path, bridge=bridge)
    await proxy.start()
    told = world(addresses=(HOST, "10.213.7.9"))
    await proxy.apply(told)
    assert addresses(bridge) == ["10.213.7.9/32"]
    for address in (HOST, "10.213.7.9"):
        assert (await ask(address, PORT)).body == "hello"
    subprocess.run(["ip", "addr", "flush", "dev", bridge], check=True)
    await proxy.apply(told)
    assert (await ask("10.213.7.9", PORT)).body == "hello"
    await proxy.apply(world())
    assert addresses(bridge) == []
    await proxy.apply(told)
    await proxy.remove_everything()
    assert addresses(bridge) == []


async def test_a_missing_bridge_is_said(tmp_path: Path) -> None:
    proxy = EnvoyProxy(tmp_path, bridge="nosuchbridge")
    await proxy.start()
    with pytest.raises(Unavailable, match="nosuchbridge"):
        await proxy.apply(world(addresses=("10.213.7.9",)))
    await proxy.remove_everything()


async def test_changes_told_at_the_same_time_end_in_one_of_them(proxy: EnvoyProxy) -> None:
    await asyncio.gather(*(proxy.apply(world(str(n))) for n in range(5)))
    assert (await ask(HOST, PORT)).body == "4"
