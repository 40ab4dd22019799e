"""What the parts of a bambe.yml are made of."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    hit = re.fullmatch(r"(\d+)([smhd])", str(value))
    if hit is None:
        raise ValueError(f"{value!r} is no duration: write 30s, 5m, 1h or 7d")
    try:
        return timedelta(seconds=int(hit[1]) * UNITS[hit[2]])
    except OverflowError:
        raise ValueError(f"{value!r} is longer than any duration can be") from None


Duration = Annotated[timedelta, BeforeValidator(_duration, json_schema_input_type=str)]


FOREVER = timedelta.max


def _retention(value: Any) -> Any:
    return FOREVER if value == "forever" else value


Retention = Annotated[Duration, BeforeValidator(_retention, json_schema_input_type=str)]


class Strict(BaseModel):
    """A part of bambe.yml: frozen, and no key is accepted that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
