"""What an image is called that is on this machine."""

from __future__ import annotations

import pytest

from bambe.engines.containers.seen import digest_in

PUSHED = {"Id": "sha256:id", "RepoDigests": ["localhost:4566/py@sha256:pushed"]}


@pytest.mark.parametrize(
    ("image", "reference", "digest"),
    [
        (PUSHED, "localhost:4566/py:1", "sha256:pushed"),
        (PUSHED, "python:3.11-slim", "sha256:id"),
        (PUSHED, "sha256:id", "sha256:pushed"),
        ({"Id": "sha256:id"}, "python:3.11-slim", "sha256:id"),
        ({"Id": "sha256:id"}, "sha256:id", "sha256:id"),
    ],
)
def test_a_digest_counts_for_the_repository_that_gave_it(
    image: dict[str, object], reference: str, digest: str
) -> None:
    assert digest_in(image, reference) == digest
