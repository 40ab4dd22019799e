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


class Beside(LoadScopeScheduling):
    """What uses this machine's Docker Engine, processes and addresses goes to one worker, file by file; the
    files of the other tiers go to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "machine" if file.startswith(("tests/contract/", "tests/e2e/")) else file


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
