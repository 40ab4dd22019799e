"""CloudWatch Logs' operations in process."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.call import AwsService
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Wish
from bambe.services.logs.model import to_ms
from bambe.services.logs.resources import RESOURCES
from tests.support.house import House

GROUP = "/ecs/orders"


@pytest.fixture
async def logs(house: House) -> AwsService:
    await house.aws.logs.create_log_group(logGroupName=GROUP)
    for stream in ("a/1", "a/2", "b/1"):
        await house.aws.logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    return house.aws.logs


def now(house: House) -> int:
    return to_ms(house.clock.now())


async def put(
    logs: Any, house: House, stream: str, *messages: str, at: int = 0, step: int = 0
) -> dict[str, Any]:
    events = [{"timestamp": now(house) + at + n * step, "message": m} for n, m in enumerate(messages)]
    answer: dict[str, Any] = await logs.put_log_events(
        logGroupName=GROUP, logStreamName=stream, logEvents=events
    )
    return answer


async def get(logs: Any, **more: Any) -> tuple[list[str], dict[str, Any]]:
    answer = await logs.get_log_events(logGroupName=GROUP, logStreamName="a/1", **more)
    return [event["message"] for event in answer["events"]], answer


async def find(logs: Any, **more: Any) -> list[str]:
    answer = await logs.filter_log_events(logGroupName=GROUP, **more)
    return [event["message"] for event in answer["events"]]


async def refusal(call: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        await call
    return caught.value.wire_code(), caught.value.message


async def test_names_that_are_taken_or_not_there(logs: Any) -> None:
    exists, missing = "ResourceAlreadyExistsException", "ResourceNotFoundException"
    place = {"logGroupName": GROUP, "logStreamName": "a/1"}
    other = {"logGroupName": "other", "logStreamName": "a/1"}
    assert await refusal(logs.create_log_group(logGroupName=GROUP)) == (
        exists,
        "The specified log group already exists",
    )
    assert await refusal(logs.create_log_stream(**place)) == (
        exists,
        "The specified log stream already exists",
    )
    no_group = (missing, "The specified log group does not exist.")
    assert await refusal(logs.create_log_stream(**other)) == no_group
    assert await refusal(logs.delete_log_group(logGroupName="other")) == no_group
    assert await refusal(logs.filter_log_events(logGroupName="other")) == no_group
    assert await refusal(logs.get_log_events(**other)) == no_group
    assert await refusal(logs.put_retention_policy(logGroupName="other", retentionInDays=1)) == no_group
    no_stream = (missing, "The specified log stream does not exist.")
    assert await refusal(logs.get_log_events(logGroupName=GROUP, logStreamName="x")) == no_stream
    assert await refusal(logs.delete_log_stream(logGroupName=GROUP, logStreamName="x")) == no_stream
    assert (await refusal(logs.create_log_group(logGroupName="a b")))[0] == "InvalidParameterException"
    assert (await refusal(logs.create_log_stream(logGroupName=GROUP, logStreamName="a:b")))[0] == (
        "InvalidParameterException"
    )


async def test_reading_a_stream_both_ways(logs: Any, house: House) -> None:
    await put(logs, house, "a/1", *(f"m{n}" for n in range(7)))
    messages, first = await get(logs, startFromHead=True, limit=3)
    assert messages == ["m0", "m1", "m2"]
    messages, second = await get(logs, nextToken=first["nextForwardToken"], startFromHead=True, limit=3)
    assert messages == ["m3", "m4", "m5"]
    messages, third = await get(logs, nextToken=second["nextForwardToken"], startFromHead=True)
    assert messages == ["m6"]
    messages, last = await get(logs, nextToken=third["nextForwardToken"], startFromHead=True)
    assert messages == []
    assert last["nextForwardToken"] == third["nextForwardToken"]
    messages, _ = await get(logs, nextToken=last["nextBackwardToken"])
    assert messages[-1] == "m6"
    messages, _ = await get(logs, nextToken=second["nextBackwardToken"])
    assert messages == ["m0", "m1", "m2"]
    messages, _ = await get(logs, limit=2)
    assert messages == ["m5", "m6"]
    await put(logs, house, "a/1", "m7")
    messages, _ = await get(logs, nextToken=last["nextForwardToken"], startFromHead=True)
    assert messages == ["m7"]
    assert (await refusal(get(logs, nextToken="nonsense")))[0] == "InvalidParameterException"


async def test_an_empty_stream_can_be_followed(logs: Any, house: House) -> None:
    messages, answer = await get(logs)
    assert messages == []
    await put(logs, house, "a/1", "first")
    messages, _ = await get(logs, nextToken=answer["nextForwardToken"], startFromHead=True)
    assert messages == ["first"]


async def test_the_end_is_outside_for_get_and_inside_for_filter(logs: Any, house: House) -> None:
    await put(logs, house, "a/1", "x", "y", "z", step=10)
    start = now(house)
    assert (await get(logs, startTime=start + 10, endTime=start + 20))[0] == ["y"]
    assert await find(logs, startTime=start + 10, endTime=start + 20) == ["y", "z"]


async def test_filtering_a_group_interleaves_by_time(logs: Any, house: House) -> None:
    await put(logs, house, "a/1", "one", "three", step=20)
    await put(logs, house, "b/1", "two", "four", at=10, step=20)
    assert await find(logs) == ["one", "two", "three", "four"]
    assert await find(logs, startFromHead=False) == ["four", "three", "two", "one"]
    assert await find(logs, logStreamNames=["b/1"]) == ["two", "four"]
    assert await find(logs, logStreamNamePrefix="a/") == ["one", "three"]
    assert await find(logs, filterPattern="?one ?four") == ["one", "four"]
    answer = await logs.filter_log_events(logGroupName=GROUP, limit=1)
    [event] = answer["events"]
    assert (event["logStreamName"], event["timestamp"]) == ("a/1", now(house))
    assert len(event["eventId"]) == 56
    both = {"logStreamNames": ["a/1"], "logStreamNamePrefix": "a"}
    assert (await refusal(find(logs, **both)))[0] == "InvalidParameterException"
    assert (await refusal(find(logs, filterPattern="{ $.a = 1 }")))[0] == "InvalidParameterException"
    assert (await refusal(find(logs, logStreamNames=["x"])))[0] == "ResourceNotFoundException"


@pytest.mark.parametrize("from_head", [True, False])
async def test_pages_of_a_search_leave_nothing_out(logs: Any, house: House, from_head: bool) -> None:
    for part in range(3):
        await put(
            logs, house, "a/1", *(f"{'hit' if n % 400 == 0 else 'miss'} {part}-{n}" for n in range(5000))
        )
    more: dict[str, Any] = {"startFromHead": from_head}
    found, pages = [], 0
    while True:
        answer = await logs.filter_log_events(logGroupName=GROUP, filterPattern="hit", limit=7, **more)
        found += [event["message"] for event in answer["events"]]
        pages += 1
        if "nextToken" not in answer:
            break
        more["nextToken"] = answer["nextToken"]
    assert len(found) == len(set(found)) == 39
    assert pages >= 6
    assert found == sorted(found, key=lambda m: [int(p) for p in m[4:].split("-")], reverse=not from_head)


async def test_answers_stay_below_a_megabyte(logs: Any, house: House) -> None:
    for _ in range(3):
        await put(logs, house, "a/1", "x" * 500_000, "y" * 500_000)
    messages, answer = await get(logs, startFromHead=True)
    assert len(messages) == 2
    assert len(await find(logs)) == 2
    messages, _ = await get(logs, nextToken=answer["nextForwardToken"], startFromHead=True)
    assert len(messages) == 2


async def test_what_put_refuses(logs: Any, house: House) -> None:
    async def reject(*events: tuple[int, str]) -> str:
        said = [{"timestamp": now(house) + at, "message": m} for at, m in events]
        call = logs.put_log_events(logGroupName=GROUP, logStreamName="a/1", logEvents=said)
        code, message = await refusal(call)
        assert code == "InvalidParameterException"
        return message

    assert "chronological order" in await reject((10, "a"), (0, "b"))
    assert "24 hours" in await reject((-90_000_000, "a"), (0, "b"))
    assert "Upload too large" in await reject((0, "a" * 600_000), (0, "b" * 600_000))


async def test_events_too_old_and_too_new_are_told(logs: Any, house: House) -> None:
    day = 86_400_000
    old = await put(logs, house, "a/1", "old", at=-15 * day)
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    new = await put(logs, house, "a/1", "fine", "new", step=3 * 3_600_000)
    assert new["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    await logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    expired = await put(logs, house, "a/1", "expired", at=-2 * day)
    assert expired["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert await find(logs) == ["fine"]


async def test_describing_groups(logs: Any, house: House) -> None:
    for name in ("/ecs/Payments", "other"):
        await logs.create_log_group(logGroupName=name)
    await put(logs, house, "a/1", "12345")

    async def names(**more: Any) -> list[str]:
        return [g["logGroupName"] for g in (await logs.describe_log_groups(**more))["logGroups"]]

    assert await names() == ["/ecs/Payments", GROUP, "other"]
    assert await names(logGroupNamePrefix="/ecs/") == ["/ecs/Payments", GROUP]
    assert await names(logGroupNamePattern="Pay") == ["/ecs/Payments"]
    assert await names(logGroupNamePattern="pay") == []
    first = await logs.describe_log_groups(limit=2)
    assert await names(nextToken=first["nextToken"]) == ["other"]
    [shown] = (await logs.describe_log_groups(logGroupNamePrefix=GROUP))["logGroups"]
    assert shown["arn"] == f"arn:aws:logs:eu-central-1:000000000000:log-group:{GROUP}:*"
    assert (shown["storedBytes"], "retentionInDays" in shown) == (31, False)


async def test_describing_streams(logs: Any, house: House) -> None:
    await put(logs, house, "b/1", "late", at=20)
    await put(logs, house, "a/2", "early", at=10)

    async def names(**more: Any) -> list[str]:
        answer = await logs.describe_log_streams(logGroupName=GROUP, **more)
        return [stream["logStreamName"] for stream in answer["logStreams"]]

    assert await names() == ["a/1", "a/2", "b/1"]
    assert await names(logStreamNamePrefix="a") == ["a/1", "a/2"]
    assert await names(orderBy="LastEventTime", descending=True, limit=2) == ["b/1", "a/2"]
    code, _ = await refusal(names(orderBy="LastEventTime", logStreamNamePrefix="a"))
    assert code == "InvalidParameterException"
    shown = (await logs.describe_log_streams(logGroupName=GROUP))["logStreams"][2]
    assert (shown["firstEventTimestamp"], shown["lastEventTimestamp"]) == (now(house) + 20, now(house) + 20)


async def test_deleting_forgets_the_events(logs: Any, house: House) -> None:
    await put(logs, house, "a/1", "one")
    await put(logs, house, "b/1", "two")
    await logs.delete_log_stream(logGroupName=GROUP, logStreamName="a/1")
    assert await find(logs) == ["two"]
    await logs.delete_log_group(logGroupName=GROUP)
    await logs.create_log_group(logGroupName=GROUP)
    assert await find(logs) == []
    assert (await logs.describe_log_streams(logGroupName=GROUP))["logStreams"] == []


async def test_tags_by_name_and_by_arn(logs: Any) -> None:
    arn = f"arn:aws:logs:eu-central-1:000000000000:log-group:{GROUP}"
    await logs.tag_log_group(logGroupName=GROUP, tags={"team": "shop", "env": "live"})
    await logs.tag_resource(resourceArn=arn, tags={"env": "test"})
    assert (await logs.list_tags_for_resource(resourceArn=arn))["tags"] == {"team": "shop", "env": "test"}
    await logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    await logs.untag_log_group(logGroupName=GROUP, tags=["gone"])
    assert (await logs.list_tags_log_group(logGroupName=GROUP))["tags"] == {"env": "test"}
    many = {f"t{n}": "" for n in range(50)}
    assert (await refusal(logs.tag_resource(resourceArn=arn, tags=many)))[0] == "TooManyTagsException"
    assert (await refusal(logs.list_tags_for_resource(resourceArn=f"{arn}x")))[
        0
    ] == "ResourceNotFoundException"


async def test_retention_is_kept(logs: Any, house: House) -> None:
    assert (await refusal(logs.put_retention_policy(logGroupName=GROUP, retentionInDays=2)))[0] == (
        "InvalidParameterException"
    )
    await put(logs, house, "a/1", *("x" for _ in range(6000)))
    await house.clock.advance(86_400 * 0.9)
    await put(logs, house, "a/1", "young")
    await logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    await house.settle()
    assert (await get(logs))[0].count("x") == 6000
    await house.clock.advance(86_400 * 0.2)
    await house.settle()
    assert await find(logs) == ["young"]
    [group] = (await logs.describe_log_groups())["logGroups"]
    assert (group["storedBytes"], group["retentionInDays"]) == (31, 1)
    await logs.delete_retention_policy(logGroupName=GROUP)
    await house.clock.advance(86_400 * 3)
    await house.settle()
    assert await find(logs) == ["young"]


async def test_regions_are_apart(logs: Any, house: House) -> None:
    other = house.aws.within("000000000000", "us-east-1").logs
    assert (await other.describe_log_groups())["logGroups"] == []


async def test_the_cloudformation_type(house: House) -> None:
    [kind] = RESOURCES
    properties = {"RetentionInDays": 7, "Tags": [{"Key": "a", "Value": "1"}]}
    wish = Wish("s", "id", "Group", "s-Group-1", "token", properties, {"stack": "s"})
    made = await kind.create(house.aws, wish)
    assert await kind.create(house.aws, wish) == made
    assert made.physical_id == "s-Group-1"
    assert made.attributes == {"Arn": "arn:aws:logs:eu-central-1:000000000000:log-group:s-Group-1:*"}
    assert kind.update is not None
    await kind.update(
        house.aws, Wish("s", "id", "Group", "s-Group-1", "t", {}, {"stack": "s"}), made, properties
    )
    [group] = (await house.aws.logs.describe_log_groups())["logGroups"]
    assert "retentionInDays" not in group
    tags = (await house.aws.logs.list_tags_log_group(logGroupName="s-Group-1"))["tags"]
    assert tags == {"stack": "s", "bambe:creation": "token"}
    strange = Wish("s", "id", "Group", "s-Group-1", "other", {}, {})
    with pytest.raises(AwsError):
        await kind.create(house.aws, strange)
    await kind.delete(house.aws, made, properties)
    await kind.delete(house.aws, made, properties)
