"""What the house asks for base images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Say = Callable[[str], None]
"""Told what goes on, a line at a time; making an image takes up to a minute."""


class Images(Protocol):
    """Images that builds begin from. Errors are Unavailable (no Docker) and NotThere (says what to do)."""

    async def ensure(self, reference: str, say: Say) -> None:
        """Have `reference` on this machine: there already, pulled, or made from Debian packages."""
        ...

    async def ensure_build_image(self, say: Say) -> str:
        """Have the image that builds run in, as this version of Bambe makes it; its reference."""
        ...

    async def ensure_kafka(self, version: str, say: Say) -> str:
        """Have Apache Kafka `version` ("3.9.2"): there, pulled or made of its jars; its reference."""
        ...
