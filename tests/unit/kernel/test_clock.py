"""Clocks: waits scale, work does not, and a manual clock wakes sleepers in order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bambe.kernel.clock import ManualClock, SystemClock


def test_a_rehearsal_shortens_waits_and_leaves_timestamps_alone() -> None:
    clock, machine = SystemClock(scale=60), SystemClock()
    assert abs((clock.now() - machine.now()).total_seconds()) < 5
    wait = clock.after(timedelta(minutes=30)) - clock.now()
    assert wait.total_seconds() == pytest.approx(30, abs=1)


def test_a_scale_is_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0"):
        SystemClock(scale=0)


async def test_sleepers_wake_at_their_own_moment() -> None:
    clock, woken = ManualClock(), []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, clock.now()))

    start = clock.now()
    tasks = [asyncio.create_task(sleeper(s)) for s in (3, 1, 2)]
    await clock.advance(2)
    assert woken == [(1, start + timedelta(seconds=1)), (2, start + timedelta(seconds=2))]
    await clock.advance(1)
    await asyncio.gather(*tasks)
