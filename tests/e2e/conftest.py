"""One installation with the shop up, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bambe.cli.demo.shop import Shop
from tests.e2e.platform import Bambe, free_port


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.docker)
            item.add_marker(pytest.mark.timeout(900))


def install(home: Path) -> Bambe:
    """A fresh installation with a shop of its own; nothing runs yet."""
    return Bambe(home / "state", Shop.create(home / "shop"), free_port())


@pytest.fixture(scope="module")
def bambe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bambe]:
    made = install(tmp_path_factory.mktemp("bambe"))
    try:
        made.up()
        yield made
    finally:
        made.down()
