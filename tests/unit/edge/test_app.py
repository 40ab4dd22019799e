"""Requests that do not arrive whole."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from bambe.edge.app import App, _unpacked
from bambe.edge.credentials import KeyRing
from bambe.kernel.clock import ManualClock
from bambe.kernel.errors import AwsError
from bambe.wire import Models, Request
from tests.unit.edge.test_dispatch import dispatcher

PACKED = {b"content-encoding": b"gzip"}


async def test_a_client_that_hangs_up_in_its_body_is_not_answered() -> None:
    app = App(dispatcher(), Models(["ecs"]), KeyRing(None, account="1" * 12), ManualClock())
    incoming = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    outgoing: list[Any] = []

    async def receive() -> dict[str, Any]:
        return incoming.pop(0)

    async def send(message: dict[str, Any]) -> None:
        outgoing.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
    await app(scope, receive, send)
    assert outgoing == []


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"a" * 1000, mtime=0)[:-9]])
def test_a_body_that_is_not_whole_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(AwsError, match="gzip"):
        _unpacked(Request("POST", "/", "", PACKED, body))


def test_a_packed_body_is_unpacked() -> None:
    assert _unpacked(Request("POST", "/", "", PACKED, gzip.compress(b"{}"))).body == b"{}"
