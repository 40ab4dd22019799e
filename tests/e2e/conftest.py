"""Installations with the shop up, shared by the tests of a module or by several modules."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bambe.cli.demo.shop import Shop
from tests.e2e.platform import Bambe, forget_images, free_port

PORTS: list[int] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.docker)
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session", autouse=True)
def images() -> Iterator[None]:
    """Images go when all tests are done: their layers are the next installation's cache."""
    yield
    for port in PORTS:
        forget_images(f"localhost:{port}/*/*")


def install(home: Path, events: bool = False) -> Bambe:
    """A fresh installation with a shop of its own, whose old versions end soon; nothing runs yet. Most tests
    are about something else than `events`."""
    made = Bambe(home / "state", Shop.create(home / "shop", events), free_port())
    PORTS.append(made.port)
    made.shop.edit("bambe.yml", "keep_old: 30m", "keep_old: 5m")
    made.shop.commit("Old versions end soon")
    return made


@contextlib.contextmanager
def brought_up(home: Path, *edits: tuple[str, str]) -> Iterator[Bambe]:
    """An installation after `bambe up`, its bambe.yml edited; it is removed at the end."""
    made = install(home)
    for old, new in edits:
        made.shop.edit("bambe.yml", old, new)
        made.shop.commit(f"bambe.yml: {new}")
    try:
        made.up()
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def bambe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bambe]:
    """A shop for one module, which knows what happened there before."""
    with brought_up(tmp_path_factory.mktemp("bambe")) as made:
        yield made


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bambe]:
    """A shop for modules that leave it whole, and need not know what others released there."""
    with brought_up(tmp_path_factory.mktemp("shared")) as made:
        yield made
