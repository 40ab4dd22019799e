"""What is built on this machine in CodeBuild's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from bambe.cli.first_images import docker_build

SHOP = Path(__file__).parents[3] / "examples" / "shop" / "services"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("docker build -t $IMAGE .", ["."]),
        (
            'docker build --tag "$IMAGE" --file "services/${SERVICE}/Dockerfile" --build-arg A=b .',
            ["--file", "services/web/Dockerfile", "--build-arg", "A=b", "."],
        ),
        ("docker build --tag=x services/$SERVICE && docker push x", ["services/web"]),
        ("docker build --build-arg V=$VERSION -t x .", ["folder"]),
        ("make image", ["folder"]),
        ("docker build 'unclosed", ["folder"]),
    ],
)
def test_an_image_is_built_as_the_buildspec_builds_it(command: str, words: list[str]) -> None:
    spec = f"version: 0.2\nphases:\n  build:\n    commands:\n      - {command}\n      - docker push x\n"
    assert docker_build(spec, "web", "folder") == words


@pytest.mark.parametrize("service", ["gateway", "inventory", "notifier", "orders"])
def test_the_shops_buildspecs_are_read(service: str) -> None:
    spec = (SHOP / service / "buildspec.yml").read_text()
    found = docker_build(spec, service, f"services/{service}")
    assert found == ["--file", f"services/{service}/Dockerfile", "."]
