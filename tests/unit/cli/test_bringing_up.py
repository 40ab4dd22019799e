"""`bambe up` run again: what is as bambe.yml says is not released anew."""

from __future__ import annotations

import base64
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from bambe.cli.bringing_up import BringingUp, comparable
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.project import Project
from bambe.synth import task_definition
from tests.support.house import ACCOUNT, REGION, House
from tests.unit.cli.stage import Place


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"environment": {"B": "2", "A": "1"}},
        {"secrets": {"B": "ssm:/shop/b", "A": "secretsmanager:shop/db:password"}},
        {"exec": True},
    ],
)
async def test_a_definition_as_ecs_shows_it_is_the_one_that_was_registered(
    tmp_path: Path, said: dict[str, Any]
) -> None:
    house = House(tmp_path)
    await house.start()
    web = {"path": "services/web", "port": 80, "route": "default", **said}
    project = Project.model_validate({"project": "shop", "services": {"web": web}})
    wanted = task_definition(project, "web", "localhost:4566/shop/web:1", ACCOUNT, REGION)
    await house.aws.ecs.register_task_definition(**wanted)
    shown = await house.aws.ecs.describe_task_definition(taskDefinition="shop-web")
    assert comparable(shown["taskDefinition"]) == wanted
    await house.stop()


class Platform:
    """Clients that answer what is asked of `answers`, and fail the test for anything else."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def __getattr__(self, operation: str) -> Any:
        return lambda **asked: self.answers[operation]


def topic_of(configs: str) -> dict[str, Any]:
    encoded = base64.b64encode(configs.encode()).decode()
    return {"TopicName": "t", "PartitionCount": 6, "ReplicationFactor": 1, "Configs": encoded}


@pytest.mark.parametrize(
    ("configs", "said", "refuses"),
    [
        ("retention.ms=-1\n", {}, "t loses what is older than 7d: `bambe up --lose-events` does it all"),
        ("", {"partitions": 3}, "Kafka cannot take any away"),
    ],
)
def test_what_may_not_be_is_refused_before_anything_is_touched(
    tmp_path: Path, configs: str, said: dict[str, Any], refuses: str
) -> None:
    project = Project.model_validate(
        {
            "project": "shop",
            "services": {"web": {"path": "web", "port": 80, "route": "default"}},
            "events": {"topics": {"t": said}},
        }
    )
    kafka = Platform(
        list_clusters_v2={"ClusterInfoList": [{"ClusterName": "shop", "ClusterArn": "a", "State": "ACTIVE"}]},
        list_topics={"Topics": [{"TopicName": "t"}]},
        describe_topic=topic_of(configs),
        describe_cluster_v2={"ClusterInfo": {"Provisioned": {}}},
    )
    reads = Platform(get_caller_identity={"Account": ACCOUNT}, describe_services={"services": []})
    place = Place(kafka=kafka, sts=reads, ecs=reads, cloudformation=Platform())
    work = BringingUp(Target(tmp_path, project, place), lambda line: None)  # type: ignore[arg-type]
    steps: list[str] = []

    def step(title: str) -> Any:
        steps.append(title)
        return nullcontext()

    with pytest.raises(Trouble, match=refuses):
        work.run(step)
    assert steps == ["compare with what is there"]
