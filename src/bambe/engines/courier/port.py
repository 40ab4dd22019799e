"""What carries messages to HTTP endpoints on this machine and on Bambe's network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Parcel:
    """One POST request."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Courier(Protocol):
    """Carries parcels, and nowhere but to loopback addresses and those of `subnet` (Bambe's bridge)."""

    async def deliver(self, parcel: Parcel, subnet: str) -> int:
        """The status that the endpoint answered. `Unavailable` when it cannot be reached or takes too long,
        `Refused` for an address that is neither this machine's nor Bambe's."""
        ...
