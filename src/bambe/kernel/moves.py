"""State machines: a status enum with AWS's spelling and one dictionary of legal moves."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from bambe.kernel.errors import BambeError

Status = TypeVar("Status", bound=StrEnum)


class IllegalMove(BambeError):
    """A status was asked to go where its dictionary of moves does not lead."""


def check_move(moves: Mapping[Status, frozenset[Status]], was: Status, to: Status) -> bool:
    """Whether `was` -> `to` changes anything; `IllegalMove` when the dictionary forbids it."""
    if was == to:
        return False
    if to not in moves[was]:
        raise IllegalMove(f"{type(was).__name__}: {was} does not lead to {to}")
    return True
