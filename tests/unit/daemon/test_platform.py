"""A daemon whose start goes wrong behind its first answer says so, and still stops in order."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bambe.daemon.options import Options
from bambe.daemon.platform import Platform


async def test_what_cannot_be_brought_up_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Platform) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Platform, "_read", broken)
    platform = Platform(Options(tmp_path / "state", port=0))
    await platform.start()
    async with asyncio.timeout(10):
        while "no space left" not in platform.health()["waiting_for"]:
            await asyncio.sleep(0)
    assert not platform.health()["ready"]
    await platform.stop()
