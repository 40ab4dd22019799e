"""What the suites of the engines share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.busybox import docker_answers, make_image, remove_image


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
