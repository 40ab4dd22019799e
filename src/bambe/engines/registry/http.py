"""The little of ASGI that the registry needs: a request, its body in pieces, answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from bambe.engines.registry.errors import RegistryError
from bambe.kernel.errors import BambeError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
PIECE = 1 << 20


class ClientGone(BambeError):
    """The client went away in the middle of its request: nobody is left to answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `body` may be read once."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    receive: Receive

    @classmethod
    def of(cls, scope: Mapping[str, Any], receive: Receive) -> Request:
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        query = parse_qs(scope.get("query_string", b"").decode(errors="replace"), keep_blank_values=True)
        return cls(scope["method"], scope["path"], query, headers, receive)

    def first(self, name: str) -> str:
        """A query parameter, "" without one."""
        return self.query.get(name, [""])[0]

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes; ClientGone when it breaks off."""
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body"):
                return

    async def body(self, limit: int) -> bytes:
        """The whole body; RegistryError past `limit` bytes."""
        parts, size = [], 0
        async for piece in self.pieces():
            size += len(piece)
            if size > limit:
                raise TooLarge(f"more than {limit} bytes")
            parts.append(piece)
        return b"".join(parts)


class TooLarge(RegistryError):
    """More than a manifest may be."""

    code, status = "SIZE_INVALID", 413


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: bytes, or a part of a file."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: Path | None = None
    start: int = 0
    length: int = 0


def failure(error: RegistryError) -> Answer:
    """An error as the specification spells it."""
    body = {"errors": [{"code": error.code, "message": str(error) or type(error).__doc__, "detail": None}]}
    headers = {"content-type": "application/json"}
    if error.status == 401:
        headers["www-authenticate"] = 'Basic realm="bambe"'
    return Answer(error.status, headers, json.dumps(body).encode())


async def send_answer(send: Send, answer: Answer, head: bool) -> None:
    """Send an answer; a file goes in pieces read off the event loop."""
    length = answer.length if answer.file else len(answer.body)
    headers = {"content-length": str(length), **answer.headers}
    raw = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers.items()]
    raw.append((b"docker-distribution-api-version", b"registry/2.0"))
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    if head or answer.file is None:
        await send({"type": "http.response.body", "body": b"" if head else answer.body})
        return
    with answer.file.open("rb") as source:
        source.seek(answer.start)
        left = answer.length
        while left:
            piece = await asyncio.to_thread(source.read, min(PIECE, left))
            left -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": bool(left)})
    if not answer.length:
        await send({"type": "http.response.body", "body": b""})
