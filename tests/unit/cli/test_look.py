"""What `bambe status` says of builds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.cli.builds import build_says
from bambe.cli.look import Looker
from bambe.cli.recent import Recent
from bambe.synth import Names

COMMIT = "0123456789abcdef"
IMAGE = "localhost:4566/shop/orders:0123456789ab"


def build(phase: str, **more: Any) -> dict[str, Any]:
    return {
        "buildStatus": "IN_PROGRESS",
        "currentPhase": phase,
        "resolvedSourceVersion": COMMIT,
        "environment": {"environmentVariables": []},
        **more,
    }


@pytest.mark.parametrize(
    ("phase", "released", "said"),
    [
        ("BUILD", "", "building 0123456789ab: build"),
        ("QUEUED", IMAGE, "the build of 0123456789ab is queued"),
        ("BUILD", IMAGE, "0123456789ab is built and being released by d-1; its build waits for that"),
        ("BUILD", "localhost:4566/shop/orders:fedcba987654", "building 0123456789ab: build"),
    ],
)
def test_a_build_that_waits_does_not_build(phase: str, released: str, said: str) -> None:
    assert build_says(build(phase), "orders", "d-1" if released else "", released) == said


def test_a_build_that_releases_a_given_image_names_it() -> None:
    given = {"environmentVariables": [{"name": "IMAGE", "value": "nginx:1", "type": "PLAINTEXT"}]}
    waiting = build("BUILD", environment=given)
    assert build_says(waiting, "orders", "d-1", "nginx:1") == (
        "nginx:1 is being released by d-1; its build waits for that"
    )
    assert build_says(waiting, "orders") == "releasing nginx:1: build"


class CodeDeploy:
    """One deployment under way."""

    def get_deployment(self, deploymentId: str) -> Any:
        properties = {"TaskDefinition": "shop-orders:2"}
        text = json.dumps({"Resources": [{"TargetService": {"Properties": properties}}]})
        return {"deploymentInfo": {"revision": {"string": {"content": text}}}}


class Ecs:
    """Task definitions whose image is this commit's."""

    def describe_task_definition(self, taskDefinition: str) -> Any:
        assert taskDefinition == "shop-orders:2"
        return {"taskDefinition": {"containerDefinitions": [{"image": IMAGE}]}}


class CodeBuild:
    """One build, which waits."""

    def batch_get_projects(self, names: list[str]) -> Any:
        return {"projects": names}

    def list_builds_for_project(self, **asked: Any) -> Any:
        return {"ids": ["b"]}

    def batch_get_builds(self, ids: list[str]) -> Any:
        return {"builds": [build("BUILD")]}


def test_the_release_that_a_build_waits_for_is_found_by_its_image() -> None:
    looker = Looker(Names("shop"), Ecs(), None, CodeDeploy(), CodeBuild())
    newest = looker._newest_build("orders")
    assert "released by d-1" in looker._build_says("orders", newest, "d-1", Recent())
    assert looker._build_says("orders", newest, "", Recent()) == "building 0123456789ab: build"
