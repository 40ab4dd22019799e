"""What Envoy does with traffic while it is told new things: nothing may be lost."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bambe.engines.proxy.envoy import EnvoyProxy
from bambe.engines.proxy.port import (
    Check,
    Forward,
    GroupCounts,
    Listener,
    LoadBalancer,
    Rule,
    Target,
    TargetGroup,
    TargetHealth,
    World,
)
from tests.support.backend import Backend, Client, Load, ask

HOST, PORT = "127.0.21.1", 18211
QUICK = Check(interval=0.5, timeout=1)


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[EnvoyProxy]:
    made = EnvoyProxy(tmp_path)
    await made.start()
    yield made
    await made.remove_everything()


@pytest.fixture
async def backends() -> AsyncIterator[list[Backend]]:
    made = [await Backend(name).start() for name in ("blue", "green")]
    yield made
    for backend in made:
        backend.kill()


def group(
    id: str, *backends: Backend, draining: tuple[Backend, ...] = (), check: Check | None = QUICK
) -> TargetGroup:
    targets = tuple(Target("127.0.0.1", b.port, draining=b in draining) for b in backends)
    return TargetGroup(id, id, targets=targets, check=check)


def world(weights: dict[str, int], *groups: TargetGroup) -> World:
    listener = Listener("listener", PORT, "HTTP", (Rule("default", (), Forward(weights)),))
    return World((LoadBalancer("balancer", "shop", (HOST,), (listener,)),), groups)


async def healthy(proxy: EnvoyProxy, count: int) -> None:
    for _ in range(500):
        seen = (await proxy.observe()).targets.values()
        if sum(target.health is TargetHealth.HEALTHY for target in seen) == count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"never {count} healthy targets")


async def test_a_canary_gets_its_share_and_no_request_is_lost(
    proxy: EnvoyProxy, backends: list[Backend]
) -> None:
    groups = group("blue", backends[0]), group("green", backends[1])
    await proxy.apply(world({"blue": 100, "green": 0}, *groups))
    await healthy(proxy, 2)
    async with Load(HOST, PORT) as load:
        assert set(await load.more(200)) == {"blue"}
        await proxy.apply(world({"blue": 90, "green": 10}, *groups))
        await load.more(50)
        count = 3000
        share = (await load.more(count))["green"] / count
        assert abs(share - 0.1) < 5 * math.sqrt(0.1 * 0.9 / count)
        await proxy.apply(world({"blue": 0, "green": 100}, *groups))
        await load.more(50)
        assert set(await load.more(200)) == {"green"}
    assert load.failures == []


async def test_a_target_drains_and_stops_and_no_request_is_lost(
    proxy: EnvoyProxy, backends: list[Backend]
) -> None:
    old, new = backends
    old.delay = new.delay = 0.01
    await proxy.apply(world({"a": 1}, group("a", old, new)))
    await healthy(proxy, 2)
    async with Load(HOST, PORT, method="POST") as load:
        assert set(await load.more(200)) == {"blue", "green"}
        await proxy.apply(world({"a": 1}, group("a", old, new, draining=(old,))))
        while (await proxy.observe()).targets["a", "127.0.0.1", old.port].active:
            await asyncio.sleep(0.005)
        await old.stop()
        await proxy.apply(world({"a": 1}, group("a", new)))
        assert set(await load.more(200)) == {"green"}
    assert load.failures == []


async def test_requests_in_hand_of_a_draining_target_are_finished(
    proxy: EnvoyProxy, backends: list[Backend]
) -> None:
    old, new = backends
    old.delay = 0.6
    await proxy.apply(world({"a": 1}, group("a", old)))
    await healthy(proxy, 1)
    slow = asyncio.create_task(ask(HOST, PORT))
    while not old.served:
        await asyncio.sleep(0.01)
    await proxy.apply(world({"a": 1}, group("a", old, new, draining=(old,))))
    assert (await proxy.observe()).targets["a", "127.0.0.1", old.port].active == 1
    await healthy(proxy, 2)
    replies = await asyncio.gather(*(ask(HOST, PORT) for _ in range(20)))
    assert {reply.body for reply in replies} == {"green"}
    assert (await slow).body == "blue"


async def test_a_draining_target_gets_nothing_once_apply_has_returned(
    proxy: EnvoyProxy, backends: list[Backend]
) -> None:
    old, new = backends
    await proxy.apply(world({"a": 1}, group("a", old, new)))
    await healthy(proxy, 2)
    async with Load(HOST, PORT) as load:
        for _ in range(5):
            await proxy.apply(world({"a": 1}, group("a", old, new, draining=(old,))))
            while (await proxy.observe()).targets["a", "127.0.0.1", old.port].active:
                await asyncio.sleep(0.005)
            served = old.served
            await load.more(100)
            assert old.served == served
            await proxy.apply(world({"a": 1}, group("a", old, new)))
            assert set(await load.more(100)) == {"blue", "green"}
    assert load.failures == []


async def test_safe_requests_survive_a_killed_target(proxy: EnvoyProxy, backends: list[Backend]) -> None:
    backends[0].delay = backends[1].delay = 0.01
    await proxy.apply(world({"a": 1}, group("a", *backends)))
    await healthy(proxy, 2)
    async with Load(HOST, PORT) as load:
        await load.more(100)
        backends[0].kill()
        await load.more(300)
    assert load.failures == []


async def test_targets_that_close_idle_connections_cost_no_request(
    proxy: EnvoyProxy, backends: list[Backend]
) -> None:
    backends[0].idle = 1.5
    await proxy.apply(world({"a": 1}, group("a", backends[0], check=None)))

    async def pausing(pause: float) -> list[int]:
        client = Client(HOST, PORT)
        statuses = []
        for _ in range(3):
            statuses.append((await client.ask(method="POST")).status)
            await asyncio.sleep(pause)
        await client.close()
        return statuses

    found = await asyncio.gather(*(pausing(1.44 + 0.004 * step) for step in range(30)))
    assert [status for statuses in found for status in statuses] == [200] * 90


async def test_connections_outlive_every_kind_of_change(
    proxy: EnvoyProxy, backends: list[Backend], tmp_path: Path
) -> None:
    groups = group("blue", backends[0], check=None), group("green", backends[1], check=None)
    await proxy.apply(world({"blue": 1}, *groups))
    client = Client(HOST, PORT)
    assert (await client.ask()).body == "blue"
    listeners = (tmp_path / "envoy/listeners.json").stat().st_mtime_ns
    await proxy.apply(world({"green": 1}, *groups))
    assert (tmp_path / "envoy/listeners.json").stat().st_mtime_ns == listeners
    assert (await client.ask()).body == "green"
    more = world({"green": 1}, groups[1])
    (balancer,) = more.load_balancers
    second = replace(balancer.listeners[0], id="second", port=PORT + 1)
    both = replace(balancer, listeners=(*balancer.listeners, second))
    await proxy.apply(replace(more, load_balancers=(both,)))
    assert (await client.ask()).body == "green"
    assert (await ask(HOST, PORT + 1)).body == "green"
    await proxy.apply(more)
    reply = await client.ask()
    assert reply.body == "green"
    assert "connection: close" not in reply.head
    await client.close()
    with pytest.raises(ConnectionError):
        await ask(HOST, PORT + 1)


async def test_only_healthy_targets_get_requests_and_all_when_none_is(
    proxy: EnvoyProxy, backends: list[Backend]
) -> None:
    backends[0].status = 500
    await proxy.apply(world({"a": 1}, group("a", *backends)))
    await healthy(proxy, 1)
    assert {(await ask(HOST, PORT)).body for _ in range(20)} == {"green"}
    backends[1].status = 500
    await healthy(proxy, 0)
    assert {(await ask(HOST, PORT)).status for _ in range(20)} == {500}
    assert all(backend.served for backend in backends)


async def test_a_starting_target_is_initial_and_comes_quickly(
    proxy: EnvoyProxy, backends: list[Backend]
) -> None:
    late = backends[0]
    late.status = 503
    slow = Check(interval=30, healthy=5)
    await proxy.apply(world({"a": 1}, group("a", late, check=slow)))
    await asyncio.sleep(0.7)
    (seen,) = (await proxy.observe()).targets.values()
    assert (seen.health, seen.reason) == (TargetHealth.INITIAL, "Elb.InitialHealthChecking")
    late.status = 200
    async with asyncio.timeout(4):
        await healthy(proxy, 1)


async def test_nowhere_to_go_is_503_and_a_dead_target_502(proxy: EnvoyProxy, backends: list[Backend]) -> None:
    await proxy.apply(world({"a": 1}, group("a")))
    assert (await ask(HOST, PORT)).status == 503
    await proxy.apply(world({"a": 0}, group("a", backends[0])))
    assert (await ask(HOST, PORT)).status == 503
    await proxy.apply(world({"a": 1}, group("a", backends[0], draining=(backends[0],))))
    assert (await ask(HOST, PORT)).status == 503
    backends[0].kill()
    await proxy.apply(world({"a": 1}, group("a", backends[0], check=None)))
    assert (await ask(HOST, PORT)).status == 502


async def test_a_new_group_is_checked_before_traffic_turns_to_it(
    proxy: EnvoyProxy, backends: list[Backend]
) -> None:
    backends[1].delay = 0.1
    await proxy.apply(world({"blue": 1}, group("blue", backends[0])))
    await healthy(proxy, 1)
    async with Load(HOST, PORT) as load:
        await proxy.apply(world({"green": 1}, group("green", backends[1])))
        await load.more(50)
        assert set(await load.more(20)) == {"green"}
    assert load.failures == []


async def test_requests_are_counted_by_group_and_class(proxy: EnvoyProxy, backends: list[Backend]) -> None:
    await proxy.apply(world({"a": 1}, group("a", backends[0], check=None)))
    for status in (200, 200, 404, 500):
        backends[0].status = status
        await ask(HOST, PORT)
    counts = (await proxy.observe()).groups["a"]
    assert (counts.total, counts.by_class) == (4, {"2xx": 2, "4xx": 1, "5xx": 1})
    assert (counts.dropped, counts.retries) == (0, 0)
    balancer = (await proxy.observe()).balancers["balancer"]
    assert (balancer.total, balancer.by_class) == (4, {"2xx": 2, "4xx": 1, "5xx": 1})


async def counted(proxy: EnvoyProxy, group: str, what: Callable[[GroupCounts], bool]) -> GroupCounts:
    """The counts of a group once they say what is waited for; those of a moment later stay the same."""
    for _ in range(100):
        counts = (await proxy.observe()).groups[group]
        if what(counts):
            return counts
        await asyncio.sleep(0.05)
    raise AssertionError(f"never: {counts}")


async def test_what_no_target_answered_is_counted_as_dropped(
    proxy: EnvoyProxy, backends: list[Backend]
) -> None:
    await proxy.apply(world({"a": 1}, group("a", backends[0], check=None)))
    await ask(HOST, PORT)
    backends[0].delay = 5
    lost = asyncio.create_task(ask(HOST, PORT, method="POST"))
    await counted(proxy, "a", lambda counts: counts.active == 1)
    backends[0].kill()
    assert (await lost).status == 502
    await ask(HOST, PORT)
    counts = await counted(proxy, "a", lambda counts: counts.dropped == 2)
    assert counts.by_class == {"2xx": 1, "5xx": 2}
    await proxy.apply(world({"a": 1}, group("a", check=None)))
    await ask(HOST, PORT)
    assert (await counted(proxy, "a", lambda counts: counts.dropped == 3)).by_class == {"2xx": 1, "5xx": 3}


async def test_a_retry_that_went_well_is_no_drop_and_an_upgrade_neither(
    proxy: EnvoyProxy, backends: list[Backend]
) -> None:
    backends[0].kill()
    await proxy.apply(world({"a": 1}, group("a", *backends, check=None)))
    for _ in range(4):
        assert (await ask(HOST, PORT)).status == 200
    reader, writer = await asyncio.open_connection(HOST, PORT)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
    assert b"101" in await reader.readuntil(b"hello")
    backends[1].kill()
    await reader.read()
    writer.close()
    await asyncio.sleep(0.5)
    counts = (await proxy.observe()).groups["a"]
    assert counts.dropped == 0
    assert counts.retries >= 2


async def test_latencies_are_counted_and_the_epoch_changes_with_the_process(
    proxy: EnvoyProxy, backends: list[Backend]
) -> None:
    told = world({"a": 1}, group("a", backends[0], check=None))
    await proxy.apply(told)
    backends[0].delay = 0.06
    for _ in range(3):
        await ask(HOST, PORT)
    counts = await counted(proxy, "a", lambda counts: max(counts.latencies.values(), default=0) == 3)
    assert counts.latencies[50] == 0
    assert counts.latencies[250] == 3
    before = (await proxy.observe()).epoch
    assert before == (await proxy.observe()).epoch
    await proxy._process.end()
    await proxy.apply(told)
    seen = await proxy.observe()
    assert seen.epoch not in ("", before)
    assert seen.groups["a"].total == 0


async def test_a_silent_target_is_504_after_the_idle_timeout(
    proxy: EnvoyProxy, backends: list[Backend]
) -> None:
    backends[0].delay = 2
    told = world({"a": 1}, group("a", backends[0], check=None))
    (balancer,) = told.load_balancers
    await proxy.apply(replace(told, load_balancers=(replace(balancer, idle_timeout=0.3),)))
    assert (await ask(HOST, PORT)).status == 504
