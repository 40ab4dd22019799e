"""The same thing done with many, some at a time: calls of the AWS API, which mostly wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

AT_ONCE = 8


def side_by_side(do: Callable[[In], Out], items: Iterable[In]) -> list[Out]:
    """What `do` gives for each item, in their order. After an error none is begun any more; it is raised when
    those under way have ended."""
    found = list(items)
    if len(found) < 2:
        return [do(one) for one in found]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(do, found))
