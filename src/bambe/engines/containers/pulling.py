"""Which images need a registry, and what the Engine calls them.

An image named by digest never changes, so having it is enough. Images of this machine's own
registry are asked for every time: that costs milliseconds, and a tag may have moved. Images of other
registries are asked for once and then kept, as ECS does with ECS_IMAGE_PULL_BEHAVIOR=prefer-cached;
so they work without a network.
"""

from __future__ import annotations

LOOPBACK = ("localhost", "127.")


def registry_of(reference: str) -> str:
    """`localhost:4566` of `localhost:4566/orders:v1`; "" for Docker Hub's short names."""
    first, slash, _ = reference.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else ""


def may_have_moved(reference: str) -> bool:
    """Whether a local copy is not enough."""
    return "@" not in reference and registry_of(reference).startswith(LOOPBACK)
