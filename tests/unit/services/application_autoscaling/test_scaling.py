"""A service is scaled at the times its actions name: to zero and back, once, and never by what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Wish
from bambe.services import Service
from bambe.services.application_autoscaling.resources import RESOURCES
from tests.support.house import House

WEB = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/shop/web",
    "ScalableDimension": "ecs:service:DesiredCount",
}


class Ecs:
    """One service with a desired count."""

    def __init__(self) -> None:
        self.count = 2
        self.told: list[int] = []

    def service(self) -> Service:
        async def describe_services(call: Any, request: Any) -> dict[str, Any]:
            found = (
                [{"status": "ACTIVE", "desiredCount": self.count}] if request["services"] == ["web"] else []
            )
            return {"services": found, "failures": []}

        async def update_service(call: Any, request: Any) -> dict[str, Any]:
            self.count = request["desiredCount"]
            self.told.append(self.count)
            return {"service": {}}

        return Service("ecs", {"describe_services": describe_services, "update_service": update_service})


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    made.ecs = Ecs()
    made.services = {
        "application-autoscaling": made.services["application-autoscaling"], "ecs": made.ecs.service()
    }  # fmt: skip
    made.dispatcher._registry = made.services
    await made.start()
    await made.aws.application_autoscaling.register_scalable_target(**WEB, MinCapacity=0, MaxCapacity=4)
    yield made
    await made.stop()


async def put(town: House, name: str, schedule: str, tasks: int | None, **more: Any) -> None:
    limits = {} if tasks is None else {"MinCapacity": tasks, "MaxCapacity": tasks}
    await town.aws.application_autoscaling.put_scheduled_action(
        **WEB, ScheduledActionName=name, Schedule=schedule, ScalableTargetAction=limits, **more
    )


async def test_to_zero_at_night_and_back_in_the_morning(town: House) -> None:
    await put(town, "night", "cron(0 1 * * ? *)", 0)
    await put(town, "morning", "cron(0 2 * * ? *)", 3)
    await town.advance(3600, 600)
    assert town.ecs.told == [0]
    await town.advance(3600, 600)
    assert town.ecs.told == [0, 3]
    answer = await town.aws.application_autoscaling.describe_scaling_activities(ServiceNamespace="ecs")
    morning, night = answer["ScalingActivities"]
    assert night["Description"] == "Setting desired count to 0."
    assert morning["StatusMessage"].startswith("Successfully set desired count to 3.")
    (target,) = (await town.aws.application_autoscaling.describe_scalable_targets(ServiceNamespace="ecs"))[
        "ScalableTargets"
    ]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (3, 3)
    await town.aws.ecs.update_service(cluster="shop", service="web", desiredCount=7)
    await town.advance(3600, 600)
    assert town.ecs.count == 7, "between its times the count is anybody's"


async def test_what_was_missed_is_made_up_for_once(town: House) -> None:
    await put(town, "often", "rate(10 minutes)", 1)
    town.runners.clear()
    await town.clock.advance(3600)
    town.restart()
    await town.settle()
    assert town.ecs.told == [1]
    town.ecs.count = 2
    await town.advance(599, 100)
    assert town.ecs.told == [1]
    await town.advance(2, 1)
    assert town.ecs.told == [1, 1]


async def test_a_suspended_target_and_one_limit_alone(town: House) -> None:
    api = town.aws.application_autoscaling
    await api.register_scalable_target(**WEB, SuspendedState={"ScheduledScalingSuspended": True})
    await put(town, "soon", "rate(1 minute)", 4)
    await town.advance(120, 20)
    assert town.ecs.told == []
    await api.register_scalable_target(**WEB, SuspendedState={"ScheduledScalingSuspended": False})
    await put(town, "soon", "rate(1 minute)", None)
    await api.put_scheduled_action(**WEB, ScheduledActionName="soon", ScalableTargetAction={"MaxCapacity": 1})
    await town.advance(60, 20)
    assert town.ecs.told == [1]


async def test_refusals_change_nothing(town: House) -> None:
    api = town.aws.application_autoscaling

    async def refused(code: str, call: Any) -> None:
        with pytest.raises(AwsError) as caught:
            await call
        assert caught.value.wire_code() == code

    await refused("ValidationException", put(town, "a", "whenever", 1))
    await refused("ValidationException", put(town, "a", "rate(1 day)", 1, Timezone="Nowhere"))
    other = {**WEB, "ResourceId": "service/shop/other"}
    await refused(
        "ObjectNotFoundException",
        api.put_scheduled_action(
            **other, ScheduledActionName="a", Schedule="rate(1 day)", ScalableTargetAction={"MinCapacity": 1}
        ),
    )
    await refused("ValidationException", api.register_scalable_target(**other, MinCapacity=0, MaxCapacity=1))
    await refused("ValidationException", api.register_scalable_target(**WEB, MinCapacity=3, MaxCapacity=1))
    await refused("ObjectNotFoundException", api.delete_scheduled_action(**WEB, ScheduledActionName="a"))
    await refused("ObjectNotFoundException", api.deregister_scalable_target(**other))
    assert (await api.describe_scheduled_actions(ServiceNamespace="ecs"))["ScheduledActions"] == []


async def test_the_type_keeps_exactly_the_actions_of_the_template(town: House) -> None:
    declared = RESOURCES[-1]
    action = {"Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": "1", "MaxCapacity": "2"}}
    said = {**WEB, "MinCapacity": "0", "MaxCapacity": "2"}

    def wish(*names: str) -> Wish:
        actions = [{"ScheduledActionName": name, **action} for name in names]
        return Wish("s", "i", "Hours", "s-Hours", "token", {**said, "ScheduledActions": actions}, {})

    api = town.aws.application_autoscaling
    made = await declared.create(town.aws, wish("a", "b"))
    assert made.physical_id == "service/shop/web|ecs:service:DesiredCount|ecs"
    assert declared.update is not None
    await declared.update(town.aws, wish("b", "c"), made, said)
    found = (await api.describe_scheduled_actions(ServiceNamespace="ecs"))["ScheduledActions"]
    assert sorted(one["ScheduledActionName"] for one in found) == ["b", "c"]
    await declared.delete(town.aws, made, said)
    assert (await api.describe_scalable_targets(ServiceNamespace="ecs"))["ScalableTargets"] == []


async def why(call: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        await call
    return caught.value.wire_code(), caught.value.message


async def test_a_moment_that_is_over_is_refused(town: House) -> None:
    past = "at(2025-12-31T23:59:59)"
    assert await why(put(town, "once", past, 1)) == (
        "ValidationException",
        f"The schedule {past} is in the past; at(...) names a moment to come.",
    )
    assert (await why(put(town, "once", "at(2026-01-01T00:30:00)", 1, Timezone="Europe/Berlin")))[0] == (
        "ValidationException"
    )
    await put(town, "once", "at(2026-01-01T00:30:00)", 1)
    await town.advance(3600, 600)
    assert town.ecs.told == [1]


async def test_start_and_end_that_are_not_said_again_are_deleted(town: House) -> None:
    now = town.clock.now()
    times = {"StartTime": now + timedelta(hours=1), "EndTime": now + timedelta(hours=2)}
    await put(town, "a", "rate(10 minutes)", 1, **times)
    await town.aws.application_autoscaling.put_scheduled_action(**WEB, ScheduledActionName="a")
    answer = await town.aws.application_autoscaling.describe_scheduled_actions(ServiceNamespace="ecs")
    (shown,) = answer["ScheduledActions"]
    assert shown["Schedule"] == "rate(10 minutes)"
    assert not {"StartTime", "EndTime"} & set(shown)


async def test_who_has_no_target_is_told_so_in_the_words_of_aws(town: House) -> None:
    call = town.aws.application_autoscaling.put_scheduled_action(
        **{**WEB, "ResourceId": "service/shop/other"}, ScheduledActionName="a", Schedule="rate(1 day)"
    )
    assert (await why(call))[1] == (
        "No scalable target registered for service namespace: ecs, resource ID: service/shop/other,"
        " scalable dimension: ecs:service:DesiredCount"
    )


async def test_activities_of_other_namespaces_are_none(town: House) -> None:
    await put(town, "a", "rate(10 minutes)", 1)
    await town.advance(700, 100)
    api = town.aws.application_autoscaling
    assert (await api.describe_scaling_activities(ServiceNamespace="dynamodb"))["ScalingActivities"] == []
    assert len((await api.describe_scaling_activities(ServiceNamespace="ecs"))["ScalingActivities"]) == 1


async def test_the_type_leaves_a_moment_that_is_over_alone(town: House) -> None:
    declared = RESOURCES[-1]
    once = {
        "ScheduledActionName": "once",
        "Schedule": "at(2026-01-01T00:10:00)",
        "ScalableTargetAction": {"MinCapacity": "1", "MaxCapacity": "2"},
    }
    said = {**WEB, "MinCapacity": "0", "MaxCapacity": "2", "ScheduledActions": [once]}
    made = await declared.create(town.aws, Wish("s", "i", "Hours", "s-Hours", "token", said, {}))
    await town.advance(1200, 300)
    assert declared.update is not None
    changed = Wish("s", "i", "Hours", "s-Hours", "token", {**said, "MaxCapacity": "3"}, {})
    await declared.update(town.aws, changed, made, said)
    answer = await town.aws.application_autoscaling.describe_scalable_targets(ServiceNamespace="ecs")
    assert answer["ScalableTargets"][0]["MaxCapacity"] == 3
