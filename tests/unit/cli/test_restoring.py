"""Going back to a release by its name or time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bambe.cli.ledgers import Ledger
from bambe.cli.look import Look, Version
from bambe.cli.restoring import Restoring
from bambe.cli.target import Target
from tests.unit.cli.stage import shop

ENDED = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
ARN = "arn:aws:ecs:eu-central-1:000000000000:task-definition/shop-orders:6"
CONDITION = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/orders*"]}}


class Platform:
    """ECS, CodeDeploy and CloudFormation of one service, whose stack has one rule; it records what it is
    asked to do."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def describe_services(self, **asked: Any) -> Any:
        return {"services": [{"deploymentController": {"type": "CODE_DEPLOY"}}]}

    def describe_task_definition(self, taskDefinition: str) -> Any:
        container = {"name": "orders", "image": "nginx:1"}
        return {"taskDefinition": {"status": "ACTIVE", "containerDefinitions": [container]}}

    def get_template(self, StackName: str) -> Any:
        properties = {"Priority": 9, "Conditions": [CONDITION]}
        rule = {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": properties}
        return {"TemplateBody": {"Resources": {"Rule": rule}}}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_deployments"
        return self

    def paginate(self, **asked: Any) -> Any:
        return [{"deployments": ["d-A1B2C3D4E"] if "Succeeded" in asked["includeOnlyStatuses"] else []}]

    def batch_get_deployments(self, deploymentIds: list[str]) -> Any:
        return {"deploymentsInfo": [self.get_deployment(one)["deploymentInfo"] for one in deploymentIds]}

    def get_deployment(self, deploymentId: str) -> Any:
        said = {"deploymentId": deploymentId, "createTime": ENDED, "completeTime": ENDED}
        return {"deploymentInfo": said}

    def create_deployment(self, **asked: Any) -> Any:
        self.done.append("create_deployment")
        return {"deploymentId": "d-NEW"}


class Looker:
    """The versions that run."""

    def __init__(self, *versions: Version) -> None:
        self.versions = versions

    def service(self, name: str) -> Look:
        return Look(name, "ACTIVE", 2, 2, steady=True, versions=self.versions)


def version(role: str, revision: int, desired: int = 2) -> Version:
    return Version(role, f"shop-orders:{revision}", "nginx:1", desired, desired)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    route = {"priority": "9", "conditions": [CONDITION]}
    left = {"task_definition": ARN, "images": {}, "routes": [route]}
    monkeypatch.setattr(Ledger, "revision", property(lambda _: left))
    monkeypatch.setattr("bambe.cli.ledgers.find", lambda _, id: Ledger(id, (), ""))
    return Platform()


@pytest.mark.parametrize("to", ["d-A1B2C3D4E", "2026-01-02T00:00+00:00"])
@pytest.mark.parametrize(
    ("versions", "is_live"),
    [
        ([version("PRIMARY", 6)], True),
        ([version("PRIMARY", 6), version("DRAINING", 5)], True),
        ([version("PRIMARY", 6), version("ACTIVE", 9, desired=0)], True),
        ([version("PRIMARY", 6), version("ACTIVE", 9)], False),
        ([version("PRIMARY", 9)], False),
    ],
)
def test_what_runs_already_is_not_released_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: Platform,
    to: str, versions: list[Version], is_live: bool,
) -> None:  # fmt: skip
    names = ("ecs", "codedeploy", "cloudformation", "logs")
    target = shop(tmp_path, **dict.fromkeys(names, platform))
    monkeypatch.setattr(Target, "looker", lambda _: Looker(*versions))
    said = Restoring(target, "orders", lambda line: None).run(to)
    if is_live:
        assert said == "orders: what d-A1B2C3D4E left running (shop-orders:6) runs now; nothing is done."
        assert platform.done == []
    else:
        assert said == "orders: d-NEW restores d-A1B2C3D4E (shop-orders:6)."
