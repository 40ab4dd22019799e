"""A door that is there before what is behind it."""

from __future__ import annotations

import asyncio
from typing import Any

from bambe.daemon.doors import LaterApp


async def test_who_comes_early_waits_and_is_answered() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    door = LaterApp()
    early = asyncio.create_task(door("early", 1, 2))
    for _ in range(5):
        await asyncio.sleep(0)
    assert seen == []
    assert not early.done()
    door.open(app)
    await early
    await door("late", 3, 4)
    assert seen == [("early", 1, 2), ("late", 3, 4)]
