"""The connection to the Docker Engine: where it is, and its errors, each said in one sentence."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
from aiodocker import Docker, DockerError

from bambe.kernel.errors import Conflict, EngineError, NotThere, Refused, Unavailable

DEFAULT = "unix:///var/run/docker.sock"
NO_CONNECTION = 900
"""What aiodocker calls a connection that could not be made."""

ANSWERS_WITHIN = aiohttp.ClientTimeout(total=120, sock_connect=5)
ENDLESS = aiohttp.ClientTimeout(sock_connect=5)


class Connection:
    """One HTTP client for the Engine, opened when first needed and again after `close`."""

    def __init__(self, socket: str | None = None) -> None:
        address = socket or os.environ.get("DOCKER_HOST") or DEFAULT
        self.address = address if "://" in address else f"unix://{address}"
        self._docker: Docker | None = None
        self._connector: aiohttp.BaseConnector | None = None

    @property
    def docker(self) -> Docker:
        """The client; for use inside `said_plainly`."""
        if self._docker is None:
            self._docker = self._open()
        return self._docker

    async def close(self) -> None:
        """End all connections; streams that are being read end with them."""
        docker, connector = self._docker, self._connector
        self._docker = self._connector = None
        if docker is not None:
            await docker.close()
        if connector is not None:
            await connector.close()

    @contextmanager
    def said_plainly(self) -> Iterator[None]:
        """Turn what the client raises into EngineErrors."""
        try:
            yield
        except DockerError as error:
            raise self._plain(error) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._no_answer() from error

    @asynccontextmanager
    async def stream(self, path: str, params: Mapping[str, Any]) -> AsyncIterator[aiohttp.StreamReader]:
        """Read an endless answer. aiodocker's own readers merge a log's streams and swallow lost
        connections, so this reads the body below them."""
        async with self.docker._query(path, params=dict(params), timeout=ENDLESS) as response:
            try:
                yield response.content
            finally:
                response.close()

    def _open(self) -> Docker:
        scheme, _, path = self.address.partition("://")
        if scheme != "unix":
            return Docker(url=self.address, timeout=ANSWERS_WITHIN)
        # aiohttp allows 100 connections; every log that is followed holds one.
        self._connector = aiohttp.UnixConnector(path, limit=0)
        return Docker(url="unix://localhost", connector=self._connector, timeout=ANSWERS_WITHIN)

    def _no_answer(self) -> Unavailable:
        return Unavailable(
            f"The Docker Engine does not answer at {self.address}: start it with `systemctl start docker` "
            "(or `dockerd`), and be root or in the group docker."
        )

    def _plain(self, error: DockerError) -> EngineError:
        if error.status == NO_CONNECTION:
            return self._no_answer()
        message = sentence(error.message)
        return _kind(error.status, message)(message)


def label_filter(*labels: str, **more: list[str]) -> str:
    """The Engine's `filters` parameter."""
    return json.dumps({"label": list(labels), **more})


_NOT_THERE = re.compile(
    r"manifest unknown|name unknown|not found: manifest|repository does not exist"
    r"|no such image|not found\.?$",
    re.I,
)
_NEVER = re.compile(
    r"OCI runtime|invalid|denied|unauthorized|no basic auth|executable file not found|not supported"
    r"|unable to find (user|group)|no matching entries",
    re.I,
)


def _kind(status: int, message: str) -> type[EngineError]:
    if status == 409:
        return Conflict
    if status in (400, 401, 403):
        return Refused
    if status == 404 or _NOT_THERE.search(message):
        return NotThere
    return Refused if _NEVER.search(message) else Unavailable


def sentence(message: str) -> str:
    """Docker's words without the layers they passed through."""
    text = message.strip().removesuffix(": unknown").removesuffix(": unknown.")
    for passed in ("unable to start container process: ", "Error response from daemon: "):
        text = text.rpartition(passed)[2]
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
