"""Long work beside the loop: whom its end wakes."""

from __future__ import annotations

import asyncio

import pytest

from bambe.control import Key
from bambe.kernel.errors import Unavailable
from bambe.services.ecs.chores import Chores

KEY: Key = ("000000000000", "eu-central-1", "shop", "web", "1")


async def others() -> None:
    """Let everything else that can run do so."""
    for _ in range(3):
        await asyncio.wait({asyncio.ensure_future(asyncio.wait_for(asyncio.Event().wait(), 0.001))})


async def test_what_fails_within_its_moment_is_left_to_the_back_off() -> None:
    woken: list[Key] = []
    chores = Chores(moment=10)
    chores.wake = woken.append

    async def pull() -> None:
        raise Unavailable("no such host")

    with pytest.raises(Unavailable):
        await chores.begin(KEY, "launch", pull())
    await others()
    assert woken == []


async def test_what_takes_longer_wakes_its_key() -> None:
    woken: list[Key] = []
    chores = Chores(moment=0)
    chores.wake = woken.append
    done = asyncio.Event()

    async def pull() -> None:
        await done.wait()

    assert not await chores.begin(KEY, "launch", pull())
    done.set()
    await others()
    assert woken == [KEY]
    assert chores.finish(KEY)
