"""What the registry asks of the house, and the house of the registry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

AsgiApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


Still = Callable[[], Awaitable[bool]]
"""Asked while no push can come between: is the removal still wanted?"""


async def always() -> bool:
    """Every removal is wanted."""
    return True


@dataclass(frozen=True, slots=True)
class Pusher:
    """Who is pushing or pulling."""

    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """A manifest that was put, under a tag or ("") by digest alone. `size` of config and layers."""

    repository: str
    tag: str
    digest: str
    media_type: str
    size: int
    manifest: str


class RegistryPolicy(Protocol):
    """What the ECR service answers the registry; asked on every request, so it must be quick."""

    async def authorize(self, username: str, password: str) -> Pusher | None:
        """Who has this password, or None."""
        ...

    async def has_repository(self, who: Pusher, name: str) -> bool:
        """Whether the repository was created (ECR knows no push-to-create)."""
        ...

    async def refusal(self, who: Pusher, pushed: Pushed) -> str:
        """Why the push is refused (immutable tag taken), or ""; asked before anything of it is kept."""
        ...

    async def pushing(self, who: Pusher, pushed: Pushed) -> str:
        """Record the manifest before the push is answered; a text refuses it, as `refusal` does."""
        ...


class Registry(Protocol):
    """Images as content-addressed files. Each pusher has repositories of his own."""

    def app(self, policy: RegistryPolicy) -> AsgiApp:
        """The OCI distribution API, to be mounted at /v2."""
        ...

    async def manifest(self, who: Pusher, repository: str, reference: str) -> tuple[str, bytes]:
        """(media type, bytes) of a tag or digest; NotThere."""
        ...

    async def delete(self, who: Pusher, repository: str, reference: str, still: Still = always) -> None:
        """Remove a tag or, by digest, a manifest with its tags; NotThere when it is gone."""
        ...

    async def delete_repository(self, who: Pusher, repository: str, still: Still = always) -> None:
        """Remove a repository with all it has; those below it (`a/b` below `a`) stay."""
        ...

    async def collect(self) -> int:
        """Remove blobs no manifest needs (not those of pushes under way); the bytes freed."""
        ...
