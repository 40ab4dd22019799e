"""Long work beside a loop: what is over at once is heard of at once, the rest by a wake."""

from __future__ import annotations

import asyncio

import pytest

from bambe.control import Key
from bambe.kernel.errors import Unavailable
from bambe.services.ecs.chores import Chores

KEY = ("account", "region", "task")


async def fail() -> None:
    raise Unavailable("nobody answers")


async def test_a_chore_that_fails_at_once_raises_and_wakes_nobody() -> None:
    chores, woken = Chores(), list[Key]()
    chores.wake = woken.append
    with pytest.raises(Unavailable):
        await chores.begin(KEY, "launch", fail())
    await asyncio.sleep(0)
    assert woken == [], "a wake would undo the pause before the next try"


async def test_a_chore_that_goes_on_wakes_its_key_when_it_is_over() -> None:
    chores, woken, over = Chores(moment=0), list[Key](), asyncio.Event()
    chores.wake = woken.append

    async def work() -> None:
        await over.wait()
        await fail()

    assert not await chores.begin(KEY, "launch", work())
    assert chores.running(KEY) == "launch"
    over.set()
    while not woken:
        await asyncio.sleep(0)
    assert woken == [KEY]
    with pytest.raises(Unavailable):
        chores.finish(KEY)
    assert chores.running(KEY) == ""
