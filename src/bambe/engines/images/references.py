"""Which images Bambe can make itself from Debian packages, and how they are named in FROM lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

SUITE = "bookworm"
PYTHON = "3.11"
"""The Python of that Debian."""

# Docker Hub's official images, by all their names; AWS's mirror of them is common in Dockerfiles.
OFFICIAL = re.compile(
    r"^(?:(?:docker\.io|index\.docker\.io)/(?:library/)?|library/|public\.ecr\.aws/docker/library/)?"
)
PYTHON_SLIM = re.compile(r"^python:(3(?:\.\d+){0,2})-slim(?:-bookworm)?$")
DEBIAN = re.compile(r"^debian:(?:bookworm|12(?:\.\d+)?)(?:-slim)?$")


@dataclass(frozen=True, slots=True)
class Base:
    """An image that Debian packages can stand in for; `remark` says where it differs."""

    remark: str


def base_for(reference: str) -> Base | None:
    """The stand-in for `reference`, or None."""
    name = OFFICIAL.sub("", reference)
    if match := PYTHON_SLIM.match(name):
        asked = match[1]
        exact = asked in ("3", PYTHON)
        return Base(f"Debian's Python {PYTHON}" + ("" if exact else f", not {asked}"))
    return Base("Debian 12 with Python") if DEBIAN.match(name) else None


def registry_of(reference: str) -> str:
    """Whom to ask for `reference`."""
    first, slash, _ = reference.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"
