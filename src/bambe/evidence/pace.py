"""How many requests of our own a release gets, second by second, where its own traffic is too little; pure.

Each second the test listener, which leads to green, and the production listener, which leads mostly to
blue, get the same few GET requests, until the comparison of the two has found something. They are
counted at the proxy like any other; the ledger says how many they were.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bambe.evidence.analysis import Verdict
from bambe.evidence.watched import Judgement, Sent

EVERY = timedelta(seconds=1)
ENOUGH = 5
"""Requests to green in a pass: so many, real ones included."""


def wants(paths: Sequence[str], judged: Judgement | None) -> bool:
    """Whether requests to `paths` are asked for, and nothing was found yet."""
    return bool(paths) and (judged is None or judged.verdict == Verdict.INCONCLUSIVE)


def following(paths: Sequence[str], sent: Sent, number: int) -> list[str]:
    """The next `number` paths after those sent, in turn."""
    return [paths[n % len(paths)] for n in range(sent.test, sent.test + number)]


@dataclass(frozen=True, slots=True)
class _Seen:
    at: datetime
    others: int


class Pace:
    """Remembers the last pass of each release; after a restart it begins with a look."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, _Seen] = {}

    def forget(self, release: Hashable) -> None:
        """No more requests for this one."""
        self._seen.pop(release, None)

    def due(self, release: Hashable, now: datetime, green: int, sent: Sent) -> tuple[int, datetime]:
        """How many to send now, and when to ask again; `green` counts all that green had, ours among them."""
        seen = _Seen(now, green - sent.test)
        before = self._seen.setdefault(release, seen)
        if now < before.at + EVERY:
            return 0, before.at + EVERY
        self._seen[release] = seen
        return max(0, ENOUGH - max(0, seen.others - before.others)), now + EVERY
