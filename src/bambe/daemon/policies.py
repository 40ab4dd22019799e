"""What the registry, git and sessions ask of the house, answered by the services and the key ring."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from typing import Protocol

from bambe.edge.sessions import SessionsApp
from bambe.engines.git.port import Git
from bambe.kernel.errors import NotThere
from bambe.services.codebuild.webhooks import Pushes
from bambe.services.ecr.policy import EcrPolicy
from bambe.services.ecs.sessions import Sessions

__all__ = ["EcrPolicy", "GitDoor", "Pushes", "Sessions", "SessionsApp"]

log = logging.getLogger("bambe.daemon")

FILE = "bambe.yml"
PATIENCE = 30.0
"""Seconds that reading a bambe.yml may take; longer ones are not judged."""


class Authenticates(Protocol):
    """The part of the key ring that git needs."""

    async def authenticate(self, username: str, password: str) -> object | None:
        """Who has these keys, or None."""
        ...


class GitDoor:
    """Git's policy: keys are checked at the key ring, pushes are judged by CodeBuild's webhooks.

    Builds go by the stacks that `bambe up` made, never by the bambe.yml of the commit; but whoever pushes one
    with a mistake is told of it.
    """

    def __init__(self, keyring: Authenticates, pushes: Pushes, git: Git) -> None:
        self._keyring = keyring
        self._pushes = pushes
        self._git = git

    async def authorize(self, username: str, password: str) -> bool:
        return await self._keyring.authenticate(username, password) is not None

    async def pushed(self, repository: str) -> list[str]:
        heads = await self._pushes.heads(repository)
        lines, mistakes = await asyncio.gather(
            self._pushes.pushed(repository),
            asyncio.gather(*(self._mistake(repository, commit) for commit in heads)),
        )
        return [*lines, *(mistake for mistake in mistakes if mistake)]

    async def _mistake(self, repository: str, commit: str) -> str:
        """What is wrong with the bambe.yml of a commit; "" for nothing, or where it has none."""
        try:
            text = await self._git.file(repository, commit, FILE)
        except NotThere:
            return ""
        said = await asyncio.to_thread(_mistake_in, text)
        return f"{said} Builds go by the last `bambe up`." if said else ""


def _mistake_in(text: str) -> str:
    """Read in a process of its own: here the model of projects would stay in memory for good."""
    words = [sys.executable, "-m", "bambe.project", FILE]
    try:
        done = subprocess.run(words, input=text.encode(), capture_output=True, timeout=PATIENCE, check=True)
    except subprocess.SubprocessError as error:
        log.warning("a pushed %s is not read: %s", FILE, error)
        return ""
    return done.stdout.decode()
