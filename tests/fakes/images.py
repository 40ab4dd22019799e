"""Images that are there as soon as they are asked for."""

from __future__ import annotations

from bambe.engines.images.port import Say


class FakeImages:
    """Implements engines.images.port.Images. `asked`: what was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ensure(self, reference: str, say: Say) -> None:
        self.asked.append(reference)

    async def ensure_build_image(self, say: Say) -> str:
        return "bambe/build:1"

    async def ensure_kafka(self, version: str, say: Say) -> str:
        self.asked.append(version)
        return f"bambe/kafka:{version}"
