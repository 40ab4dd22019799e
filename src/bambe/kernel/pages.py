"""Cutting a list into pages with an opaque token that says where the next one begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def page(items: Sequence[Item], token: str | None, limit: int) -> tuple[list[Item], str | None]:
    """The page `token` names (the first for `None`) and the next token; `ValueError` for a bad token."""
    start = _decode(token) if token else 0
    end = start + limit
    return list(items[start:end]), (_encode(end) if end < len(items) else None)


def _encode(position: int) -> str:
    return base64.urlsafe_b64encode(f"bambe:{position}".encode()).decode()


def _decode(token: str) -> int:
    try:
        name, _, position = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if name != "bambe":
            raise ValueError(token)
        return int(position)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise ValueError(f"not a token of ours: {token!r}") from error
