"""A courier that keeps what it is given; a test says what endpoints answer."""

from __future__ import annotations

from urllib.parse import urlsplit

from bambe.engines.courier.port import Parcel
from bambe.kernel.errors import Refused, Unavailable

OURS = ("localhost", "127.0.0.1")


class FakeCourier:
    """`answers` are statuses by URL, in order; the last one stays. 0 is an endpoint that is not there."""

    def __init__(self) -> None:
        self.answers: dict[str, list[int]] = {}
        self.delivered: list[Parcel] = []

    async def deliver(self, parcel: Parcel, subnet: str) -> int:
        if urlsplit(parcel.url).hostname not in OURS:
            raise Refused(f"{parcel.url} is neither on this machine nor on Bambe's network")
        told = self.answers.get(parcel.url, [200])
        status = told.pop(0) if len(told) > 1 else told[0]
        if not status:
            raise Unavailable(f"{parcel.url}: nobody answers")
        self.delivered.append(parcel)
        return status
