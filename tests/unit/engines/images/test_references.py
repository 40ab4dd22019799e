"""Names of images in FROM lines."""

from __future__ import annotations

import pytest

from bambe.engines.images.references import base_for, registry_of


@pytest.mark.parametrize(
    ("reference", "remark"),
    [
        ("python:3.11-slim", "Debian's Python 3.11"),
        ("python:3-slim", "Debian's Python 3.11"),
        ("python:3.11-slim-bookworm", "Debian's Python 3.11"),
        ("python:3.13-slim", "Debian's Python 3.11, not 3.13"),
        ("docker.io/library/python:3.11-slim", "Debian's Python 3.11"),
        ("public.ecr.aws/docker/library/python:3.11-slim", "Debian's Python 3.11"),
        ("debian:bookworm-slim", "Debian 12 with Python"),
        ("debian:12", "Debian 12 with Python"),
    ],
)
def test_debian_stands_in_for(reference: str, remark: str) -> None:
    base = base_for(reference)
    assert base is not None
    assert base.remark == remark


@pytest.mark.parametrize(
    "reference",
    ["python:3.11", "python:2-slim", "python:3.11-slim-trixie", "debian:trixie", "me/python:3.11-slim"],
)
def test_nothing_stands_in_for(reference: str) -> None:
    assert base_for(reference) is None


def test_registries() -> None:
    assert registry_of("python:3.11-slim") == "docker.io"
    assert registry_of("library/python:3.11-slim") == "docker.io"
    assert registry_of("localhost:4566/orders:1") == "localhost:4566"
    assert registry_of("public.ecr.aws/x/y") == "public.ecr.aws"
