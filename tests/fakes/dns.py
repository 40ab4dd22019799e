"""A name server in memory: it answers `records` from what it was last told."""

from __future__ import annotations

from bambe.engines.dns.answers import Answer, book_of, look_up
from bambe.engines.dns.port import Zones
from bambe.engines.dns.sources import merge
from bambe.kernel.errors import Unavailable


class FakeDns:
    """Implements engines.dns.port.Dns. `sources` is what it was told, by source."""

    def __init__(self) -> None:
        self.sources: dict[str, Zones] = {}
        self.running = True

    async def start(self, address: str, port: int = 53) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    async def apply(self, source: str, zones: Zones) -> None:
        if not self.running:
            raise Unavailable("the name server is not started")
        self.sources[source] = zones

    async def remove_everything(self) -> None:
        self.sources.clear()
        self.running = False

    @property
    def zones(self) -> Zones:
        """All sources added up."""
        return merge(self.sources)

    def records(self, name: str, kind: str = "A") -> list[str]:
        """The data of one answer, sorted; [] when there is none."""
        found = look_up(book_of(self.zones), name, kind)
        if not isinstance(found, Answer):
            return []
        return sorted(record.data for record in found.choice(0).answer)
