"""A door that is there before what is behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


class LaterApp:
    """An ASGI application whose requests wait until `open` says which one answers them."""

    def __init__(self) -> None:
        self._app: AsgiApp | None = None
        self._opened = asyncio.Event()

    def open(self, app: AsgiApp) -> None:
        """Let everybody in who waits, and all who come."""
        self._app = app
        self._opened.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._opened.wait()
        if self._app is not None:
            await self._app(scope, receive, send)
