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


LONGEST = ("e2e", "contract")
"""Tiers that use this machine's Docker Engine, each in one worker and file by file; they begin first."""


def _tier(nodeid: str) -> str:
    return nodeid.split("/", 2)[1]


class Beside(LoadScopeScheduling):
    """The files of the other tiers go to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        tier = _tier(nodeid)
        return tier if tier in LONGEST else nodeid.split("::", 1)[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {tier: place for place, tier in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(_tier(item.nodeid), len(order)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Beside:
    return Beside(config, log)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The control plane on fake engines and a manual clock."""
    made = House(tmp_path)
    await made.start()
    yield made
    await made.stop()
