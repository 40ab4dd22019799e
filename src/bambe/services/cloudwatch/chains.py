"""What hangs on what: composite alarms on their children, expressions on what they are made of; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def in_order(below: Mapping[str, Iterable[str]]) -> list[str]:
    """The names, each after those `below` it; those in a cycle, or between two, are left out."""
    order, left = _peeled(below)
    above: dict[str, list[str]] = {name: [] for name in below if name in left}
    for name in above:
        for one in set(below[name]) & left:
            above[one].append(name)
    return [*order, *reversed(_peeled(above)[0])]


def _peeled(waits: Mapping[str, Iterable[str]]) -> tuple[list[str], set[str]]:
    """Names that wait for nothing but names before them, in order; and the others."""
    waiting = {name: set(others) & waits.keys() for name, others in waits.items()}
    behind: dict[str, list[str]] = {}
    for name, others in waiting.items():
        for one in others:
            behind.setdefault(one, []).append(name)
    ready = [name for name, others in waiting.items() if not others]
    for name in ready:
        for one in behind.get(name, ()):
            waiting[one].discard(name)
            if not waiting[one]:
                ready.append(one)
    return ready, set(waits) - set(ready)
