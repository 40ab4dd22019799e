"""Random stacks over a cloud that refuses and a daemon that dies: the end is one of AWS's, and true."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bambe.kernel.call import Aws, Caller, Store, Tx
from bambe.kernel.clock import ManualClock
from bambe.services.cloudformation import beginnings
from bambe.services.cloudformation.model import Stack, StackStatus, Version
from bambe.services.cloudformation.reconciler import StackLoop
from bambe.services.cloudformation.tables import EVENTS, MIGRATIONS, STACKS
from bambe.services.cloudformation.versions import Asked
from bambe.store import Database
from tests.unit.services.cloudformation.cloud import THING, Cloud, Killed

S = StackStatus
Wanted = dict[str, dict[str, Any]]
KEY = ("1", "here", "id")
REFUSED = "refused"


@st.composite
def wishes(draw: st.DrawFn) -> Wanted:
    """Up to five things, each needing some of those before it in a random order."""
    names = draw(st.permutations("ABCDE"))[: draw(st.integers(1, 5))]
    made: Wanted = {}
    for number, name in enumerate(names):
        made[name] = {
            "Name": draw(st.sampled_from(["n1", "n2"])),
            "Value": draw(st.sampled_from(["v1", "v2", "v3"])),
            "Needs": draw(st.lists(st.sampled_from(names[:number]), unique=True)) if number else [],
        }
    return made


def spoilt(wish: Wanted, name: str) -> Wanted:
    """The same with one thing the cloud refuses."""
    return {**wish, name: {**wish[name], "Value": REFUSED}}


def text(wish: Wanted) -> str:
    resources = {
        name: {
            "Type": THING,
            "Properties": {**one, "Needs": [{"Fn::GetAtt": [need, "Id"]} for need in one["Needs"]]},
        }
        for name, one in wish.items()
    }
    return json.dumps({"Resources": resources})


def shown(wish: Wanted) -> dict[str, tuple[Any, Any]]:
    return {name: (one["Name"], one["Value"]) for name, one in wish.items()}


async def nobody(*_: Any) -> Any:
    raise AssertionError("a made-up type calls no service")


class World:
    """One stack in a store of its own, driven by a loop that is made anew after each death."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.clock = ManualClock()
        self.store = Database()
        self.deaths = 0

    async def __aenter__(self) -> World:
        await self.store.start(MIGRATIONS)
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.store.stop()

    async def create(self, wish: Wanted, on_failure: str = "ROLLBACK") -> Stack:
        await self.begin_creating(wish, on_failure)
        return await self.settled()

    async def update(self, wish: Wanted) -> Stack:
        await self.begin_updating(wish)
        return await self.settled()

    async def begin_creating(self, wish: Wanted, on_failure: str = "ROLLBACK") -> None:
        stack = Stack(
            account="1",
            region="here",
            id="id",
            name="s",
            status=S.CREATE_IN_PROGRESS,
            created_at=self.clock.now(),
            goal=Version(text(wish)),
            on_failure=on_failure,
        )
        await self.store.write(lambda tx: beginnings.create(tx, stack))

    async def begin_updating(self, wish: Wanted) -> None:
        def update(tx: Tx) -> None:
            said = Asked("s", "", False)
            beginnings.update(tx, STACKS.get(tx, *KEY), said, Version(text(wish)), self.clock.now())

        await self.store.write(update)

    async def delete(self) -> Stack:
        await self.begin_deleting()
        return await self.settled()

    async def begin_deleting(self) -> None:
        await self.store.write(lambda tx: beginnings.delete(tx, STACKS.get(tx, *KEY), self.clock.now()))

    async def passes(self, number: int) -> Stack:
        loop = self._loop(self.store)
        for _ in range(number):
            await self.clock.advance(1)
            try:
                again = await loop.reconcile(KEY)
            except Killed:
                self.deaths += 1
                loop = self._loop(self.store)
                continue
            if again is None:
                break
        return await self.store.read(lambda tx: STACKS.get(tx, *KEY))

    async def settled(self) -> Stack:
        stack = await self.passes(300)
        assert not stack.status.endswith("_IN_PROGRESS"), f"still {stack.status}: {self.cloud}"
        events = await self.store.read(EVENTS.list)
        await self.passes(2)
        assert events == await self.store.read(EVENTS.list), "a settled stack has events"
        return stack

    def _loop(self, store: Store) -> StackLoop:
        return StackLoop(store, self.clock, Aws(nobody, Caller("1", "here", "us")), self.cloud.types)


worlds = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=40,
)
deaths = st.lists(st.integers(2, 40), max_size=4)


def run(story: Any) -> None:
    asyncio.run(story)


@worlds
@given(first=wishes(), second=wishes(), slow=st.integers(0, 12), deaths=deaths)
def test_a_stack_becomes_what_its_templates_say_in_turn(
    first: Wanted, second: Wanted, slow: int, deaths: list[int]
) -> None:
    async def story() -> None:
        async with World(Cloud(slow=slow, deaths=deaths)) as world:
            assert (await world.create(first)).status == S.CREATE_COMPLETE
            assert world.cloud.values() == shown(first)
            told = len(world.cloud.told)
            assert (await world.update(second)).status == S.UPDATE_COMPLETE
            assert world.cloud.values() == shown(second)
            if first == second:
                assert len(world.cloud.told) == told
            assert len(world.cloud.things) == len(second)
            assert (await world.delete()).status == S.DELETE_COMPLETE
            assert world.cloud.things == {}

    run(story())


@worlds
@given(
    first=wishes(),
    second=wishes(),
    busy=st.integers(0, 8),
    lingering=st.integers(0, 8),
    deaths=deaths,
)
def test_what_is_busy_for_a_while_goes_in_the_end(
    first: Wanted, second: Wanted, busy: int, lingering: int, deaths: list[int]
) -> None:
    async def story() -> None:
        async with World(Cloud(busy=busy, lingering=lingering, deaths=deaths)) as world:
            await world.create(first)
            assert (await world.update(second)).status == S.UPDATE_COMPLETE
            assert world.cloud.values() == shown(second)
            assert len(world.cloud.things) == len(second)
            world.cloud.busy, world.cloud.lingering = busy, lingering
            assert (await world.delete()).status == S.DELETE_COMPLETE
            assert world.cloud.things == {}

    run(story())


@worlds
@given(wish=wishes(), slow=st.integers(0, 12), deaths=deaths, data=st.data())
def test_a_failed_creation_leaves_nothing(
    wish: Wanted, slow: int, deaths: list[int], data: st.DataObject
) -> None:
    bad = data.draw(st.sampled_from(sorted(wish)))

    async def story() -> None:
        async with World(Cloud(slow=slow, deaths=deaths, refuses={REFUSED})) as world:
            assert (await world.create(spoilt(wish, bad))).status == S.ROLLBACK_COMPLETE
            assert world.cloud.things == {}

    run(story())


@worlds
@given(first=wishes(), second=wishes(), slow=st.integers(0, 12), deaths=deaths, data=st.data())
def test_a_failed_update_is_taken_back_whole(
    first: Wanted, second: Wanted, slow: int, deaths: list[int], data: st.DataObject
) -> None:
    bad = data.draw(st.sampled_from(sorted(second)))

    async def story() -> None:
        async with World(Cloud(slow=slow, deaths=deaths, refuses={REFUSED})) as world:
            await world.create(first)
            before = set(world.cloud.things)
            assert (await world.update(spoilt(second, bad))).status == S.UPDATE_ROLLBACK_COMPLETE
            assert world.cloud.values() == shown(first)
            assert set(world.cloud.things) == before
            assert (await world.update(second)).status == S.UPDATE_COMPLETE
            assert world.cloud.values() == shown(second)
            assert len(world.cloud.things) == len(second)

    run(story())


@worlds
@given(first=wishes(), second=wishes(), passes=st.integers(0, 6), deaths=deaths, slow=st.integers(4, 20))
def test_a_stack_deleted_at_any_moment_leaves_nothing(
    first: Wanted, second: Wanted, passes: int, deaths: list[int], slow: int
) -> None:
    async def story() -> None:
        async with World(Cloud(slow=slow, deaths=deaths)) as world:
            await world.begin_creating(first)
            stack = await world.passes(passes)
            if stack.status == S.CREATE_COMPLETE:
                world.cloud.slow = slow
                await world.begin_updating(second)
                await world.passes(passes)
            assert (await world.delete()).status == S.DELETE_COMPLETE
            assert world.cloud.things == {}

    run(story())


@worlds
@given(first=wishes(), second=wishes(), passes=st.integers(0, 6), deaths=deaths, slow=st.integers(4, 20))
def test_an_update_cancelled_at_any_moment_is_taken_back(
    first: Wanted, second: Wanted, passes: int, deaths: list[int], slow: int
) -> None:
    async def story() -> None:
        async with World(Cloud(deaths=deaths)) as world:
            await world.create(first)
            before = set(world.cloud.things)
            world.cloud.slow = slow
            await world.begin_updating(second)
            stack = await world.passes(passes)
            if stack.status == S.UPDATE_IN_PROGRESS:
                await world.store.write(lambda tx: beginnings.cancel(tx, stack, world.clock.now()))
                assert (await world.settled()).status == S.UPDATE_ROLLBACK_COMPLETE
                assert world.cloud.values() == shown(first)
                assert set(world.cloud.things) == before

    run(story())


@worlds
@given(wish=wishes(), deaths=deaths, data=st.data())
def test_what_failed_is_tried_again_by_the_next_update(
    wish: Wanted, deaths: list[int], data: st.DataObject
) -> None:
    bad = data.draw(st.sampled_from(sorted(wish)))

    async def story() -> None:
        async with World(Cloud(deaths=deaths, refuses={REFUSED})) as world:
            spoilt_wish = spoilt(wish, bad)
            assert (await world.create(spoilt_wish, on_failure="DO_NOTHING")).status == S.CREATE_FAILED
            world.cloud.refuses.clear()
            assert (await world.update(spoilt_wish)).status == S.UPDATE_COMPLETE
            assert world.cloud.values() == shown(spoilt_wish)
            assert len(world.cloud.things) == len(wish)

    run(story())
