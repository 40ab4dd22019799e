"""The door of tasks over HTTP: JSON to whoever asks, told by the address."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bambe.edge.inside import InsideApp
from bambe.edge.server import Server


async def _answer(path: str, asker: str) -> tuple[int, Any]:
    if path == "/broken":
        raise RuntimeError(path)
    return (200, {"path": path, "asker": asker}) if path == "/v4/x" else (404, "nothing")


@pytest.fixture
async def door() -> AsyncIterator[str]:
    server = Server()
    port = await server.bind("127.0.0.1", 0)
    await server.start(InsideApp(_answer))
    yield f"http://127.0.0.1:{port}"
    await server.stop()


def _get(url: str, method: str = "GET") -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


async def test_answers_in_json(door: str) -> None:
    status, body = await asyncio.to_thread(_get, f"{door}/v4/x")
    assert (status, json.loads(body)) == (200, {"path": "/v4/x", "asker": "127.0.0.1"})


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/y", "GET", 404), ("/broken", "GET", 500), ("/v4/x", "POST", 405)]
)
async def test_refuses(door: str, path: str, method: str, status: int) -> None:
    assert (await asyncio.to_thread(_get, door + path, method))[0] == status
