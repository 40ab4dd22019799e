"""Containers with a restart policy: run again within their task, or its end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.services.ecs.conftest import Town, task_id
from tests.unit.services.ecs.test_operations import refused

POLICY = {"enabled": True, "restartAttemptPeriod": 60, "ignoredExitCodes": [7]}


async def serving(town: Town, **policy: Any) -> dict[str, Any]:
    await town.define(container={"restartPolicy": {**POLICY, **policy}})
    await town.serve(desiredCount=1, loadBalancers=[town.balancer()])
    await town.advance(3)
    (task,) = await town.tasks()
    return task


async def test_a_container_that_ran_long_enough_runs_again_in_its_task(town: Town) -> None:
    task = await serving(town)
    for _ in range(2):
        await town.advance(60, step=10)
        town.containers.exit(task_id(task), code=1)
        await town.advance(2)
        (again,) = await town.tasks()
        assert (again["taskArn"], again["lastStatus"]) == (task["taskArn"], "RUNNING")
        assert again["containers"][0]["lastStatus"] == "RUNNING"
        assert again["attachments"] == task["attachments"]
    assert await town.tasks("STOPPED") == []


@pytest.mark.parametrize(("seconds", "code", "enabled"), [(30, 1, True), (70, 7, True), (70, 1, False)])
async def test_otherwise_its_end_is_the_tasks(town: Town, seconds: int, code: int, enabled: bool) -> None:
    task = await serving(town, enabled=enabled)
    await town.advance(seconds, step=10)
    town.containers.exit(task_id(task), code=code)
    await town.advance(2)
    (over,) = await town.tasks("STOPPED")
    assert (over["taskArn"], over["stopCode"]) == (task["taskArn"], "EssentialContainerExited")
    assert over["containers"][0]["exitCode"] == code


async def test_a_task_that_is_to_stop_restarts_nothing(town: Town) -> None:
    task = await serving(town)
    await town.advance(70, step=10)
    await town.aws.ecs.stop_task(cluster="shop", task=task_id(task))
    town.containers.exit(task_id(task), code=1)
    await town.advance(5)
    (over,) = await town.tasks("STOPPED")
    assert over["stopCode"] == "UserInitiated"


@pytest.mark.parametrize("policy", [{"restartAttemptPeriod": 59}, {"ignoredExitCodes": list(range(51))}])
async def test_limits(town: Town, policy: dict[str, Any]) -> None:
    call = town.define(container={"restartPolicy": {**POLICY, **policy}})
    assert (await refused(call))[0] == "ClientException"
