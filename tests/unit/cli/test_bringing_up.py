"""`bambe up` run again: what is as bambe.yml says is not released anew."""

from __future__ import annotations

import base64
import json
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


ORDERS = {"orders": {"Type": "AWS::MSK::Topic", "Properties": {"TopicName": "t"}}}


def bringing_up(
    root: Path, events: dict[str, Any], *, configs: str = "", version: str = "3.9.x", told: Any = None
) -> BringingUp:
    """A project whose cluster has the topics t, which is the stack's, and u, which somebody else made."""
    services = {"web": {"path": "web", "port": 80, "route": "default"}}
    project = Project.model_validate({"project": "shop", "services": services, "events": events})
    software = {"KafkaVersion": version}
    kafka = Platform(
        list_clusters_v2={"ClusterInfoList": [{"ClusterName": "shop", "ClusterArn": "a", "State": "ACTIVE"}]},
        list_topics={"Topics": [{"TopicName": "t"}, {"TopicName": "u"}]},
        describe_topic=topic_of(configs),
        describe_cluster_v2={"ClusterInfo": {"Provisioned": {"CurrentBrokerSoftwareInfo": software}}},
    )
    reads = Platform(get_caller_identity={"Account": ACCOUNT}, describe_services={"services": []})
    stacks = Platform(
        describe_stacks={"Stacks": [{"StackStatus": "CREATE_COMPLETE"}]},
        get_template={"TemplateBody": json.dumps({"Resources": ORDERS})},
    )
    place = Place(kafka=kafka, sts=reads, ecs=reads, cloudformation=stacks)
    return BringingUp(Target(root, project, place), told or (lambda line: None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("events", "there", "refuses"),
    [
        (
            {"topics": {"t": {}}},
            {"configs": "retention.ms=-1\n"},
            "t loses what is older than 7d: `bambe up --lose-events` does it all",
        ),
        ({"topics": {"t": {"partitions": 3}}}, {}, "Kafka cannot take any away"),
        ({"kafka": "2.6.1", "topics": {"t": {}}}, {}, "events: a cluster with Kafka version 3.9.x cannot"),
    ],
)
def test_what_may_not_be_is_refused_before_anything_is_touched(
    tmp_path: Path, events: dict[str, Any], there: dict[str, str], refuses: str
) -> None:
    steps: list[str] = []

    def step(title: str) -> Any:
        steps.append(title)
        return nullcontext()

    with pytest.raises(Trouble, match=refuses):
        bringing_up(tmp_path, events, **there).run(step)
    assert steps == ["compare with what is there"]


def test_of_a_topic_that_leaves_it_is_said_that_it_stays(tmp_path: Path) -> None:
    told: list[str] = []
    bringing_up(tmp_path, {"topics": {"u": {}}}, told=told.append).check_events()
    assert told == [
        "t: no longer in bambe.yml; it stays on the cluster with its events"
        " (`bambe aws kafka delete-topic --cluster-arn a --topic-name t` deletes both)"
    ]
    told.clear()
    bringing_up(tmp_path, {"topics": {"t": {}}}, told=told.append).check_events()
    assert told == [], "the other one is nobody's here"
