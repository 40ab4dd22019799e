"""CloudWatch Logs as the stock clients see it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bambe.engines.containers.port import ContainerSpec, TaskSpec
from tests.api.conftest import Edge

GROUP = "/ecs/orders"


@pytest.fixture
def logs(edge: Edge) -> Any:
    client = edge.aws("logs")
    client.create_log_group(logGroupName=GROUP, tags={"team": "shop"})
    client.create_log_stream(logGroupName=GROUP, logStreamName="ecs/app/1")
    return client


def put(edge: Edge, logs: Any, *messages: str) -> None:
    start = round(edge.house.clock.now().timestamp() * 1000)
    events = [{"timestamp": start + n, "message": message} for n, message in enumerate(messages)]
    logs.put_log_events(logGroupName=GROUP, logStreamName="ecs/app/1", logEvents=events)


class Tail:
    """What `aws logs tail --follow` of version 2 asks, again and again."""

    def __init__(self, logs: Any, start: int) -> None:
        self._logs = logs
        self._request: dict[str, Any] = {"logGroupName": GROUP, "interleaved": True, "startTime": start}
        self._told: set[str] = set()

    def look(self) -> list[str]:
        new = []
        while True:
            answer = self._logs.filter_log_events(**self._request)
            for event in answer["events"]:
                if event["eventId"] not in self._told:
                    self._told.add(event["eventId"])
                    new.append(event["message"])
                self._request["startTime"] = max(self._request["startTime"], event["timestamp"])
            if "nextToken" not in answer:
                self._request.pop("nextToken", None)
                return new
            self._request["nextToken"] = answer["nextToken"]


def test_events_round_trip(edge: Edge, logs: Any) -> None:
    put(edge, logs, "grün", "two\nlines", '{"level": "info"}')
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP, PaginationConfig={"PageSize": 2}
    )
    assert [e["message"] for page in pages for e in page["events"]] == [
        "grün",
        "two\nlines",
        '{"level": "info"}',
    ]
    answer = logs.get_log_events(logGroupName=GROUP, logStreamName="ecs/app/1", startFromHead=True)
    again = logs.get_log_events(
        logGroupName=GROUP,
        logStreamName="ecs/app/1",
        nextToken=answer["nextForwardToken"],
        startFromHead=True,
    )
    assert (len(answer["events"]), again["events"]) == (3, [])
    assert again["nextForwardToken"] == answer["nextForwardToken"]


def test_following_tells_each_event_once(edge: Edge, logs: Any) -> None:
    tail = Tail(logs, 0)
    assert tail.look() == []
    put(edge, logs, "one", "two")
    assert tail.look() == ["one", "two"]
    assert tail.look() == []
    edge.run(edge.house.clock.advance(0.001))  # into the moment of "two"
    put(edge, logs, "with two")
    assert tail.look() == ["with two"]


def test_errors_are_awss(edge: Edge, logs: Any) -> None:
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException) as taken:
        logs.create_log_group(logGroupName=GROUP)
    assert taken.value.response["Error"]["Message"] == "The specified log group already exists"
    with pytest.raises(logs.exceptions.ResourceNotFoundException) as missing:
        logs.get_log_events(logGroupName="other", logStreamName="x")
    assert missing.value.response["Error"]["Message"] == "The specified log group does not exist."
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.filter_log_events(logGroupName=GROUP, filterPattern="{ $.a = 1 }")
    with pytest.raises(ClientError, match="NotImplemented"):
        logs.start_query(logGroupName=GROUP, startTime=0, endTime=1, queryString="fields @message")


def test_every_shape_comes_through(edge: Edge, logs: Any) -> None:
    put(edge, logs, "one")
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
    [group] = logs.describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"], group["storedBytes"]) == (GROUP, 7, 29)
    [stream] = logs.describe_log_streams(logGroupIdentifier=group["logGroupArn"])["logStreams"]
    assert stream["arn"] == f"{group['logGroupArn']}:log-stream:ecs/app/1"
    assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"team": "shop"}
    logs.delete_retention_policy(logGroupName=GROUP)
    logs.delete_log_stream(logGroupName=GROUP, logStreamName="ecs/app/1")
    logs.delete_log_group(logGroupName=GROUP)
    assert logs.describe_log_groups()["logGroups"] == []


def test_the_cli_reads_what_a_container_printed(edge: Edge) -> None:
    async def work() -> None:
        engine = edge.house.containers
        await engine.start_task(
            TaskSpec("t1", (ContainerSpec("app", "image", log_group=GROUP, log_stream="ecs/app/t1"),))
        )
        engine.print("t1", "app", "ready")
        engine.print("t1", "app", "ERROR on fire")
        engine.exit("t1")
        await edge.house.settle()

    edge.run(work())
    for _ in range(50):
        done = edge.cli("logs", "filter-log-events", "--log-group-name", GROUP, "--filter-pattern", "ERROR")
        if done.returncode == 0 and (events := json.loads(done.stdout)["events"]):
            break
    assert [event["message"] for event in events] == ["ERROR on fire"]
    assert events[0]["logStreamName"] == "ecs/app/t1"
