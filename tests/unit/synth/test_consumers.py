"""How services that consume are released: what bambe.yml may say, and what it becomes."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bambe.project import Project
from bambe.synth import build_template, service_template, task_definition

TOPIC = "orders.created"
CANARY = {"controller": "ecs", "strategy": "canary", "percent": 20, "interval": "5m", "events": "canary"}


def project(release: Any, route: str = "none", consumes: tuple[str, ...] = (TOPIC,), **more: Any) -> Project:
    service = {
        "path": "s/worker",
        "port": 80,
        "route": route,
        "release": release,
        "consumes": consumes,
        **more,
    }
    said = {"project": "shop", "events": {"topics": {TOPIC: {}}}, "services": {"worker": service}}
    return Project.model_validate(said)


def variables(said: Project) -> dict[str, str]:
    made = task_definition(said, "worker", "image", "1", "r")
    return {one["name"]: one["value"] for one in made["containerDefinitions"][0]["environment"]}


def test_a_worker_runs_beside_the_old_version_while_it_takes_its_share() -> None:
    said = project(CANARY | {"on_rollback": "replay", "approval": "60m", "alarms": ["behind"]})
    service = service_template(said, "worker")["Resources"]["Service"]["Properties"]
    made = service["DeploymentConfiguration"]
    assert (made["Strategy"], made["BakeTimeInMinutes"]) == ("BLUE_GREEN", 5)
    assert made["Alarms"]["AlarmNames"] == ["behind"]
    assert made["LifecycleHooks"][0]["TargetType"] == "PAUSE"
    assert "LoadBalancers" not in service
    assert {"Key": "bambe:events", "Value": "canary"} in service["Tags"]
    steering = {"KAFKA_EVENTS": "canary", "KAFKA_PERCENT": "20", "KAFKA_ON_ROLLBACK": "replay"}
    assert steering.items() <= variables(said).items()


def test_a_consumer_with_a_route_follows_its_traffic() -> None:
    for controller in ("codedeploy", "ecs"):
        said = project({"controller": controller, "events": "canary"}, route="default")
        resources = service_template(said, "worker")["Resources"]
        tagged = resources["Group" if controller == "codedeploy" else "Service"]["Properties"]["Tags"]
        assert {"Key": "bambe:events", "Value": "canary"} in tagged
    held = project({"events": "hold"}, route="default")
    assert variables(held)["KAFKA_EVENTS"] == "hold"
    assert "bambe:events" not in str(service_template(held, "worker"))


def test_only_those_that_are_steered_may_ask_for_their_release() -> None:
    def role(said: Project) -> tuple[str, str]:
        made = build_template(said, "worker")["Resources"]["TaskRole"]["Properties"]
        return made["RoleName"], str(made["Policies"])

    name, rights = role(project(CANARY))
    assert task_definition(project(CANARY), "worker", "i", "1", "r")["taskRoleArn"].endswith(f"role/{name}")
    assert "cloudwatch:PutMetricData" in rights
    assert "ssmmessages" not in rights
    assert "ssmmessages" in role(project(CANARY, exec=True))[1]
    assert "taskRoleArn" not in task_definition(project("rolling"), "worker", "i", "1", "r")
    assert "TaskRole" not in build_template(project("rolling"), "worker")["Resources"]


@pytest.mark.parametrize(
    ("release", "more", "says"),
    [
        ({"events": "canary"}, {}, "write `controller: ecs` and `strategy: canary`"),
        (CANARY | {"strategy": "linear"}, {}, "write `controller: ecs` and `strategy: canary`"),
        (CANARY | {"events": "hold"}, {}, "has no route, so its traffic cannot be shifted"),
        (
            CANARY | {"alarms": [{"metric": "errors", "above": 1}]},
            {},
            "those with a metric are about requests",
        ),
        ({"strategy": "rolling", "events": "canary"}, {}, "needs a release that shifts"),
        (
            CANARY | {"events": "shared", "on_rollback": "replay"},
            {"route": "default"},
            "`events: canary` only",
        ),
        ({}, {"route": "default"}, "would take events before it has any traffic"),
        (CANARY, {"route": "default", "consumes": ()}, "consumes nothing"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(release: Any, more: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        project(release, **more)


def test_without_a_shift_nothing_has_to_be_said() -> None:
    assert "KAFKA_EVENTS" not in variables(project("rolling"))
    assert "KAFKA_EVENTS" not in variables(project({"events": "shared"}, route="default"))
