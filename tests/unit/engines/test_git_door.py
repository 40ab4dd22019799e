"""Who is not let in at /git."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bambe.engines.git.door import GitApp


class Nobody:
    """Knows nobody."""

    async def authorize(self, user: str, password: str) -> bool:
        return False


@pytest.mark.parametrize("header", ["Basic \N{SNOWMAN}", "Basic a", "Basic /w==", "Bearer x", "Basic YTpi"])
async def test_a_header_that_is_no_password_asks_for_one(tmp_path: Path, header: str) -> None:
    app = GitApp(tmp_path, Nobody(), None, None, "token")  # type: ignore[arg-type]
    outgoing: list[Any] = []

    async def send(message: Any) -> None:
        outgoing.append(message)

    headers = [(b"authorization", header.encode())]
    scope = {"type": "http", "method": "GET", "path": "/git/shop.git/info/refs", "headers": headers}
    await app(scope, None, send)  # type: ignore[arg-type]
    assert outgoing[0]["status"] == 401
