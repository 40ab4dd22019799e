"""The link-local door of tasks: GET of a path, answered in JSON to the address that asks."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

log = logging.getLogger("bambe.edge")

Answers = Callable[[str, str], Awaitable[tuple[int, Any]]]
"""(path, the asking address) -> an HTTP status and what to spell as JSON."""


class InsideApp:
    """ASGI around `answer`."""

    def __init__(self, answer: Answers) -> None:
        self._answer = answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        status, body = 405, b""
        if scope["method"] in ("GET", "HEAD"):
            status, body = await self._get(scope)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _get(self, scope: Any) -> tuple[int, bytes]:
        try:
            status, said = await self._answer(scope["path"], scope["client"][0])
        except Exception:
            log.exception("a task's question failed: %s", scope["path"].split("/")[1:3])
            status, said = 500, "Bambe failed on this question; daemon.log has more"
        return status, msgspec.json.encode(said)
