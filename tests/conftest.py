"""Fixtures every tier uses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests.support.house import House

# How quick a machine is just now is no fault of what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


ON_THE_MACHINE = ("tests/e2e", "tests/contract", "tests/e2e/events")
"""What uses this machine's Docker Engine: each folder in one worker, file by file. They begin first."""


def _folder(nodeid: str) -> str:
    return nodeid.split("::", 1)[0].rsplit("/", 1)[0]


class Beside(LoadScopeScheduling):
    """The files of the other tiers go to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        folder = _folder(nodeid)
        return folder if folder in ON_THE_MACHINE else nodeid.split("::", 1)[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Beside:
    return Beside(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {folder: at for at, folder in enumerate(ON_THE_MACHINE)}
    items.sort(key=lambda item: place.get(_folder(item.nodeid), len(place)))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The control plane on fake engines and a manual clock."""
    made = House(tmp_path)
    await made.start()
    yield made
    await made.stop()
