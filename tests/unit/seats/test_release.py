"""What a task learns of its release, from what ECS and CodeDeploy say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from seats.release import Release

ARN = "arn:aws:ecs:eu-central-1:000000000000:task/shop/{}"
ABOUT = {"Cluster": "arn:aws:ecs:eu-central-1:000000000000:cluster/shop", "ServiceName": "notifier"}
OLD, NEW = "ecs-svc/1", "ecs-svc/2"


class Aws:
    """ECS, CodeDeploy and CloudWatch of one service with two tasks of each version."""

    def __init__(self, service: dict[str, Any], tasks: dict[str, str], **said: Any) -> None:
        self.service, self.tasks, self.said = service, tasks, said
        self.reported: list[dict[str, Any]] = []

    def get_paginator(self, name: str) -> Aws:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"taskArns": [ARN.format(one) for one in self.tasks]}]

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        shown = [
            {"taskArn": ARN.format(one), "lastStatus": "RUNNING", "startedBy": by}
            for one, by in self.tasks.items()
        ]
        return {"tasks": shown}

    def describe_services(self, **_: Any) -> dict[str, Any]:
        return {"services": [self.service]}

    def list_service_deployments(self, **_: Any) -> dict[str, Any]:
        found = [{"serviceDeploymentArn": "arn:x/DEP"}] if "deployment" in self.said else []
        return {"serviceDeployments": found}

    def describe_service_deployments(self, **_: Any) -> dict[str, Any]:
        return {"serviceDeployments": [self.said["deployment"]]}

    def get_deployment(self, **_: Any) -> dict[str, Any]:
        return {"deploymentInfo": self.said["info"]}

    def get_deployment_target(self, **_: Any) -> dict[str, Any]:
        sets = [{"identifer": OLD, "trafficWeight": 90.0}, {"identifer": NEW, "trafficWeight": 10.0}]
        return {"deploymentTarget": {"ecsTarget": {"taskSetsInfo": sets}}}

    def put_metric_data(self, **said: Any) -> None:
        self.reported.append(said)


TWO = {"a": OLD, "b": OLD, "c": NEW, "d": NEW}


def release(aws: Aws, me: str = "c") -> Release:
    clients = dict.fromkeys(("ecs", "codedeploy", "cloudwatch"), aws)
    return Release(25, clients, ABOUT | {"TaskARN": ARN.format(me)})


def by_codedeploy(**info: Any) -> Aws:
    sets = [
        {"id": OLD, "createdAt": datetime(2026, 1, 1, tzinfo=UTC), "externalId": "d-1"},
        {"id": NEW, "createdAt": datetime(2026, 1, 2, tzinfo=UTC), "externalId": "d-2"},
    ]
    return Aws({"deploymentController": {"type": "CODE_DEPLOY"}, "taskSets": sets}, TWO, info=info)


def by_ecs(status: str, weight: float, primary: str = NEW, strategy: str = "CANARY", **service: Any) -> Aws:
    other = OLD if primary == NEW else NEW
    deployments = [{"id": primary, "status": "PRIMARY"}, {"id": other, "status": "ACTIVE"}]
    deployment = {
        "status": status,
        "deploymentConfiguration": {"strategy": strategy},
        "targetServiceRevision": {"requestedProductionTrafficWeight": weight},
    }
    return Aws({"deployments": deployments, **service}, TWO, deployment=deployment)


@pytest.mark.parametrize(
    ("info", "share"),
    [
        ({"status": "InProgress"}, 0.1),
        ({"status": "Succeeded"}, 1.0),
        ({"status": "Stopped"}, 0.1),
        ({"status": "Stopped", "rollbackInfo": {"rollbackDeploymentId": "d-3"}}, 0.0),
    ],
)
def test_codedeploys_weights_are_the_share(info: dict[str, Any], share: float) -> None:
    look = release(by_codedeploy(**info)).look()
    assert look is not None
    assert (look.version, look.rank, look.mine, look.others) == (NEW, 0, 2, 2)
    assert (look.newer, look.share, look.deployment) == (True, share, "d-2")
    old = release(by_codedeploy(**info), "b").look()
    assert old is not None
    assert (old.rank, old.newer) == (1, False)


def test_so_are_those_of_ecs() -> None:
    look = release(by_ecs("IN_PROGRESS", 10, loadBalancers=[{}])).look()
    assert look is not None
    assert (look.newer, look.share, look.deployment, look.is_steered) == (True, 0.1, "DEP", True)
    back = release(by_ecs("ROLLBACK_IN_PROGRESS", 10, primary=OLD, loadBalancers=[{}])).look()
    assert back is not None
    assert (back.newer, back.share) == (False, 1.0)


@pytest.mark.parametrize(("weight", "share"), [(0, 0.0), (100, 0.25)])
def test_without_traffic_the_share_is_the_one_of_bambe_yml(weight: float, share: float) -> None:
    look = release(by_ecs("IN_PROGRESS", weight, strategy="BLUE_GREEN")).look()
    assert look is not None
    assert look.share == share


def test_a_rolling_update_steers_nobody_and_a_lone_version_asks_for_no_more() -> None:
    rolling = release(by_ecs("IN_PROGRESS", 0, strategy="ROLLING")).look()
    assert rolling is not None
    assert not rolling.is_release
    alone = release(Aws({}, {"c": NEW, "d": NEW})).look()
    assert alone is not None
    assert (alone.others, alone.share) == (0, 1.0)
    assert release(Aws({}, {"d": NEW})).look() is None, "this task is to stop"


@pytest.mark.parametrize(
    ("status", "outcome"), [("IN_PROGRESS", ""), ("SUCCESSFUL", "good"), ("ROLLBACK_SUCCESSFUL", "bad")]
)
def test_how_a_release_ended(status: str, outcome: str) -> None:
    assert release(by_ecs(status, 0)).outcome("DEP") == outcome


def test_events_are_reported_by_version() -> None:
    aws = by_codedeploy(status="InProgress")
    release(aws).report(NEW, {"EventsHandled": 3})
    (said,) = aws.reported
    (datum,) = said["MetricData"]
    assert said["Namespace"] == "Bambe/Consumers"
    assert {one["Name"]: one["Value"] for one in datum["Dimensions"]} == {
        "ClusterName": "shop",
        "ServiceName": "notifier",
        "Version": NEW,
    }
    assert (datum["MetricName"], datum["Value"]) == ("EventsHandled", 3)
