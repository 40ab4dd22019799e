"""How patiently an endpoint is asked whether something is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Pace:
    """How patiently an endpoint is asked: pauses in seconds, growing to `longest`; `limit` for the whole."""

    longest: float
    limit: float

    def pauses(self) -> Iterator[float]:
        pause = 0.25
        while True:
            yield min(pause, self.longest)
            pause *= 1.5


HERE = Pace(longest=0.25, limit=900.0)
AWS = Pace(longest=5.0, limit=3 * 3600.0)
"""A cluster of MSK's takes most of an hour, and a certificate waits for a person's DNS record."""
OWN_MACHINE = ("localhost", "127.0.0.1")


def pace_of(client: Any) -> Pace:
    """How patiently AWS is asked; what answers on this machine in its place may be asked often."""
    is_near = urlsplit(str(client.meta.endpoint_url)).hostname in OWN_MACHINE
    return Pace(HERE.longest, AWS.limit) if is_near else AWS
