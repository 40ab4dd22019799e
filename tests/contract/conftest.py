"""What the suites of the engines share.

BAMBE_TEST_KAFKA says which versions of Kafka, with how many brokers: "2.6.1:3 3.9.2:3" and so on.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.contract.busybox import docker_answers, make_image, remove_image
from tests.contract.kafka import Running

CLUSTERS = os.environ.get("BAMBE_TEST_KAFKA", "2.6.1:1 4.1.2:3").split()


@pytest.fixture(scope="session")
def busybox() -> Iterator[str]:
    """The name of a small image; it is removed at the end."""
    if not docker_answers():
        pytest.skip("no Docker Engine")
    image = make_image()
    if image is None:
        pytest.skip("no busybox-static to make a test image from")
    yield image
    remove_image()


@pytest_asyncio.fixture(scope="package", loop_scope="session", params=CLUSTERS)
async def kafka(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """One cluster of each version, for all suites that leave it whole."""
    if not docker_answers():
        pytest.skip("no Docker Engine")
    version, _, count = request.param.partition(":")
    running = Running(tmp_path_factory.mktemp("kafka"), version, int(count))
    try:
        await running.start()
        yield running
    finally:
        await running.stop()
