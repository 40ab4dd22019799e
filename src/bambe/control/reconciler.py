"""What a level-triggered loop is: keys in, one pass at a time, and when to look again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Protocol

Key = tuple[Any, ...]
"""Names what to look at, never what to do: (account, region, ...)."""


class Reconciler(Protocol):
    """One kind of thing kept true. Passes on one key never overlap; different keys run side by side."""

    @property
    def name(self) -> str:
        """For logs and metrics: `ecs.service`."""
        ...

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        """The keys to look at because the row `key` of `table` changed."""
        ...

    async def keys(self) -> Iterable[Key]:
        """Every key there is, for the resync that makes a lost wake-up harmless."""
        ...

    async def listen(self, wake: Callable[[Key], None]) -> None:
        """Follow what no table shows (an engine's events) and wake keys. May return at once."""
        ...

    async def reconcile(self, key: Key) -> datetime | None:
        """One pass: observe, plan, apply. Answer when to look again without being woken, or None."""
        ...

    async def failed(self, key: Key, error: Exception) -> None:
        """A pass raised `error`: record it on the resource. The runner tries again after a backoff."""
        ...
