"""Fixtures every tier uses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.house import House

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What uses the Docker Engine, processes and addresses of this machine never runs side by side."""
    for item in items:
        if item.path.relative_to(HERE).parts[0] in ("contract", "e2e"):
            item.add_marker(pytest.mark.xdist_group("machine"))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The control plane on fake engines and a manual clock."""
    made = House(tmp_path)
    await made.start()
    yield made
    await made.stop()
