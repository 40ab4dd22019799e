"""What becomes of the offsets that were kept for releases, once these are over."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from .share import Look

EMPTY = 90.0
"""Seconds that all members may take to leave the group before offsets are put back."""


class Outcomes(Protocol):
    """How releases ended."""

    def outcome(self, deployment: str) -> str:
        """Nothing while it is under way, else good or bad."""
        ...


class Kept(Protocol):
    """Offsets kept for releases."""

    def kept(self) -> list[str]: ...
    def forget(self, deployment: str) -> None: ...
    def put_back(self, deployment: str) -> bool: ...


class Settling:
    """After a good release its offsets are forgotten; after a bad one they are put back first, if the service
    wants to take those events again. For that every member has to leave the group: all tasks come to the same
    conclusion by themselves, and the first one acts."""

    def __init__(
        self, release: Outcomes, offsets: Kept, replays: bool, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._release = release
        self._offsets = offsets
        self._replays = replays
        self._now = now
        self._waits_since = 0.0
        self._due = True

    def empties(self, look: Look) -> bool:
        """Whether no consumer may run now; called at every look."""
        self._due = self._due or look.is_release
        if not self._due or not look.leads:
            return False
        # A release that was stopped as it is goes on sharing the traffic, so it is not over for the events.
        shared = look.deployment if look.is_release and look.share > 0 else ""
        over = {one: self._release.outcome(one) for one in self._offsets.kept() if one != shared}
        self._due = look.is_release or bool(over)
        bad = sorted(one for one, how in over.items() if how == "bad") if self._replays else []
        if look.rank == 0:
            for one, how in over.items():
                if how and one not in bad:
                    self._offsets.forget(one)
            bad = [one for one in bad if not self._is_put_back(one)]
        if not bad:
            self._waits_since = 0.0
        return bool(bad)

    def _is_put_back(self, deployment: str) -> bool:
        self._waits_since = self._waits_since or self._now()
        if self._offsets.put_back(deployment):
            print(f"seats: events since {deployment} began are taken again", flush=True)
        elif self._now() - self._waits_since > EMPTY:
            print(f"seats: others are in the group: no event since {deployment} is taken again", flush=True)
        else:
            return False
        self._offsets.forget(deployment)
        return True
