"""What git asks of the house, and the house of git."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

AsgiApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


@dataclass(frozen=True, slots=True)
class Ref:
    """A branch or tag (`refs/heads/main`) and the commit it is at."""

    name: str
    commit: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as webhook filters see it."""

    id: str
    author: str
    message: str


class GitPolicy(Protocol):
    """What the house answers git."""

    async def authorize(self, username: str, password: str) -> bool:
        """Whether this access key id and secret key may read and push."""
        ...

    async def pushed(self, repository: str) -> list[str]:
        """References of `repository` moved; the lines to print to whoever pushed."""
        ...


class Git(Protocol):
    """Bare repositories of this machine, served over smart HTTP."""

    def app(self, policy: GitPolicy) -> AsgiApp:
        """Smart HTTP, to be mounted at /git; a first push makes the repository."""
        ...

    async def create(self, repository: str) -> None:
        """Have an empty repository of this name (branch main); one that exists is kept."""
        ...

    async def repositories(self) -> list[str]:
        """The names of all repositories."""
        ...

    async def refs(self, repository: str) -> list[Ref]:
        """Branches and tags; NotThere without the repository."""
        ...

    async def commit(self, repository: str, revision: str) -> Commit:
        """The commit a revision names; NotThere."""
        ...

    async def changed_files(self, repository: str, old: str, new: str) -> list[str]:
        """All paths that differ between two commits, all of them, in order; `old` "" means empty."""
        ...

    async def file(self, repository: str, revision: str, path: str) -> str:
        """The text of a file in the commit a revision names; NotThere."""
        ...

    async def export(self, repository: str, revision: str, into: Path) -> str:
        """Write a clone checked out at `revision` into the empty directory `into`; its commit id."""
        ...

    async def remove(self, repository: str) -> None:
        """Remove the repository; gone already is done."""
        ...
