"""Pages of ELBv2: Marker in, NextMarker out."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Answer
from bambe.kernel.errors import ValidationError
from bambe.kernel.pages import page

SIZE = 400


def paged(member: str, items: list[Any], request: Any) -> Answer:
    """An answer with one page of `items` under `member`."""
    try:
        part, marker = page(items, request.get("Marker"), request.get("PageSize", SIZE))
    except ValueError:
        raise ValidationError("Invalid value for the marker") from None
    return {member: part, **({"NextMarker": marker} if marker else {})}
