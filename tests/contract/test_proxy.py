"""What every proxy promises, the fake and Envoy alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bambe.engines.proxy.envoy import EnvoyProxy
from bambe.engines.proxy.port import (
    Check,
    FixedResponse,
    Forward,
    Listener,
    LoadBalancer,
    Proxy,
    ProxySeen,
    Rule,
    Target,
    TargetGroup,
    TargetHealth,
    World,
)
from bambe.kernel.errors import NotThere, Unavailable
from tests.fakes.proxy import FakeProxy
from tests.support.backend import Backend

GROUP = "arn:aws:elasticloadbalancing:eu-central-1:000000000000:targetgroup/orders-blue/1"
QUICK = Check(interval=0.2, timeout=1)


def _empty(seen: ProxySeen) -> bool:
    counted = [one.total for one in seen.balancers.values()]
    return not seen.targets and not seen.groups and not any(counted)


@dataclass
class Rig:
    """A proxy and a way to have a target that is well, or is not."""

    proxy: Proxy
    backend: Backend

    async def target(self, *, well: bool) -> Target:
        self.backend.status = 200 if well else 500
        if isinstance(self.proxy, FakeProxy):
            health = TargetHealth.HEALTHY if well else TargetHealth.UNHEALTHY
            self.proxy.set_health(GROUP, "127.0.0.1", 7, health)
            return Target("127.0.0.1", 7)
        if not self.backend.port:
            await self.backend.start()
        return Target("127.0.0.1", self.backend.port)

    async def until(self, target: Target, health: TargetHealth) -> ProxySeen:
        """Observe until the target is as wanted."""
        for _ in range(500):
            seen = await self.proxy.observe()
            if seen.targets[GROUP, target.address, target.port].health is health:
                return seen
            await asyncio.sleep(0.02)
        raise AssertionError(f"{target} never became {health}")


@pytest.fixture(params=["fake", "envoy"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    proxy: Proxy = FakeProxy() if request.param == "fake" else EnvoyProxy(tmp_path)
    backend = Backend("one")
    await proxy.start()
    yield Rig(proxy, backend)
    await proxy.remove_everything()
    backend.kill()


def world(*targets: Target, check: Check | None = QUICK) -> World:
    forward = Rule("default", (), Forward({GROUP: 1}))
    listener = Listener("listener", 18201, "HTTP", (forward,))
    balancer = LoadBalancer("balancer", "shop", ("127.0.20.1",), (listener,))
    return World((balancer,), (TargetGroup(GROUP, "orders-blue", targets=targets, check=check),))


async def test_a_target_that_passes_is_healthy(rig: Rig) -> None:
    target = await rig.target(well=True)
    await rig.proxy.apply(world(target))
    seen = await rig.until(target, TargetHealth.HEALTHY)
    assert seen.targets[GROUP, target.address, target.port].reason == ""


async def test_a_target_that_fails_is_unhealthy_with_a_reason(rig: Rig) -> None:
    target = await rig.target(well=False)
    await rig.proxy.apply(world(target))
    seen = await rig.until(target, TargetHealth.UNHEALTHY)
    assert seen.targets[GROUP, target.address, target.port].reason.startswith("Target.")


async def test_health_follows_the_target_both_ways(rig: Rig) -> None:
    target = await rig.target(well=True)
    await rig.proxy.apply(world(target))
    await rig.until(target, TargetHealth.HEALTHY)
    await rig.target(well=False)
    await rig.until(target, TargetHealth.UNHEALTHY)
    await rig.target(well=True)
    await rig.until(target, TargetHealth.HEALTHY)


async def test_without_a_check_a_target_is_healthy_at_once(rig: Rig) -> None:
    target = Target("127.0.0.1", 9)
    await rig.proxy.apply(world(target, check=None))
    seen = await rig.proxy.observe()
    assert seen.targets[GROUP, "127.0.0.1", 9].health is TargetHealth.HEALTHY


async def test_a_draining_target_is_seen_until_it_is_gone(rig: Rig) -> None:
    target = await rig.target(well=True)
    await rig.proxy.apply(world(target))
    await rig.until(target, TargetHealth.HEALTHY)
    await rig.proxy.apply(world(Target(target.address, target.port, draining=True)))
    seen = await rig.proxy.observe()
    assert seen.targets[GROUP, target.address, target.port].active == 0
    await rig.proxy.apply(world())
    assert (await rig.proxy.observe()).targets == {}


async def test_groups_are_counted_as_soon_as_they_are_told_of(rig: Rig) -> None:
    await rig.proxy.apply(world())
    assert (await rig.proxy.observe()).groups[GROUP].total == 0


async def test_a_world_replaces_the_one_before(rig: Rig) -> None:
    await rig.proxy.apply(world(Target("127.0.0.1", 9)))
    await rig.proxy.apply(World())
    assert _empty(await rig.proxy.observe())


async def test_telling_it_the_same_again_is_free(rig: Rig) -> None:
    told = world(Target("127.0.0.1", 9), check=None)
    for _ in range(3):
        await rig.proxy.apply(told)
    assert len((await rig.proxy.observe()).targets) == 1


async def test_it_may_be_stopped_and_started_again(rig: Rig) -> None:
    target = await rig.target(well=True)
    await rig.proxy.apply(world(target))
    await rig.until(target, TargetHealth.HEALTHY)
    await rig.proxy.stop()
    await rig.proxy.start()
    await rig.until(target, TargetHealth.HEALTHY)
    await rig.proxy.apply(world(target))
    await rig.until(target, TargetHealth.HEALTHY)


async def test_it_is_unavailable_once_everything_is_removed(rig: Rig) -> None:
    await rig.proxy.apply(world())
    await rig.proxy.remove_everything()
    with pytest.raises(Unavailable):
        await rig.proxy.observe()
    with pytest.raises(Unavailable):
        await rig.proxy.apply(world())
    await rig.proxy.remove_everything()


async def test_it_can_begin_anew_after_everything_was_removed(rig: Rig) -> None:
    await rig.proxy.remove_everything()
    await rig.proxy.start()
    assert _empty(await rig.proxy.observe())


async def test_it_can_be_asked_through_a_listener(rig: Rig) -> None:
    rule = Rule("default", (), FixedResponse(418, "text/plain", "a pot"))
    listener = Listener("listener", 18203, "HTTP", (rule,))
    await rig.proxy.apply(World((LoadBalancer("balancer", "shop", ("127.0.20.1",), (listener,)),)))
    assert await rig.proxy.ask("listener", "/tea") == 418
    with pytest.raises(NotThere):
        await rig.proxy.ask("another", "/tea")


async def test_a_listener_may_answer_by_itself(rig: Rig) -> None:
    rule = Rule("default", (), FixedResponse(404, "text/plain", "nothing here"))
    listener = Listener("listener", 18202, "HTTP", (rule,))
    await rig.proxy.apply(World((LoadBalancer("balancer", "shop", ("127.0.20.1",), (listener,)),)))
    assert _empty(await rig.proxy.observe())
