"""What the registry, git and sessions ask of the house, answered by the services and the key ring."""

from __future__ import annotations

from typing import Protocol

from bambe.edge.sessions import SessionsApp
from bambe.services.codebuild.webhooks import Pushes
from bambe.services.ecr.policy import EcrPolicy
from bambe.services.ecs.sessions import Sessions

__all__ = ["EcrPolicy", "GitDoor", "Pushes", "Sessions", "SessionsApp"]


class Authenticates(Protocol):
    """The part of the key ring that git needs."""

    async def authenticate(self, username: str, password: str) -> object | None:
        """Who has these keys, or None."""
        ...


class GitDoor:
    """Git's policy: keys are checked at the key ring, pushes are judged by CodeBuild's webhooks."""

    def __init__(self, keyring: Authenticates, pushes: Pushes) -> None:
        self._keyring = keyring
        self._pushes = pushes

    async def authorize(self, username: str, password: str) -> bool:
        return await self._keyring.authenticate(username, password) is not None

    async def pushed(self, repository: str) -> list[str]:
        return await self._pushes.pushed(repository)
