"""How rolling deployments end: complete, complete early, stopped, failed, superseded, taken back."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.unit.services.ecs.conftest import Town, task_id

BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def early(percent: int, cleanup: str, **more: Any) -> dict[str, Any]:
    criteria = {"enable": True, "healthyPercent": percent, "sourceServiceRevisionCleanup": cleanup}
    return {"minimumHealthyPercent": 50, "earlySuccessCriteria": criteria, **more}


async def served(town: Town, **changes: Any) -> set[str]:
    """The service behind a load balancer, steady; its tasks."""
    await town.serve(loadBalancers=[town.balancer()], **changes)
    await town.advance(3)
    return {task_id(t) for t in await town.tasks()}


async def updated(town: Town, **changes: Any) -> None:
    """A new version comes; its targets are not healthy yet."""
    town.balancers.health = "initial"
    await town.define()
    await town.aws.ecs.update_service(cluster="shop", service="web", taskDefinition="web", **changes)
    await town.advance(3)


async def broken(town: Town, **changes: Any) -> None:
    """A new version comes whose image is nowhere."""
    town.containers.images = {c.image for s in town.containers.specs.values() for c in s.containers}
    await town.define(container={"image": "localhost:4566/bad:1"})
    await town.aws.ecs.update_service(cluster="shop", service="web", taskDefinition="web", **changes)


async def healthy(town: Town, old: set[str], count: int) -> None:
    """So many of the new tasks' targets become healthy."""
    for one in sorted(await wanted_running(town) - old)[:count]:
        town.balancers.set(town.containers.task(one).address, "healthy")
    await town.advance(3)


async def wanted_running(town: Town) -> set[str]:
    return {task_id(t) for t in await town.tasks() if t["desiredStatus"] == "RUNNING"}


async def primary(town: Town) -> dict[str, Any]:
    (found,) = [one for one in (await town.shown())["deployments"] if one["status"] == "PRIMARY"]
    return dict(found)


async def test_a_deployment_is_complete_when_the_old_tasks_are_gone(town: Town) -> None:
    old = await served(town)
    await updated(town)
    await healthy(town, old, 2)
    assert not await wanted_running(town) & old
    assert (await primary(town))["rolloutState"] == "IN_PROGRESS", "the old tasks still drain"
    assert (await town.deployment())["status"] == "IN_PROGRESS"
    town.balancers.drained()
    await town.advance(15)
    shown = await town.shown()
    assert [one["rolloutState"] for one in shown["deployments"]] == ["COMPLETED"]
    assert (await town.deployment())["status"] == "SUCCESSFUL"
    assert (await town.messages())[-2:] == [
        f"(service web) (deployment {shown['deployments'][0]['id']}) deployment completed.",
        "(service web) has reached a steady state.",
    ]


async def test_a_stop_while_the_old_tasks_drain_still_goes_back(town: Town) -> None:
    old = await served(town)
    before = (await town.shown())["taskDefinition"]
    await updated(town)
    await healthy(town, old, 2)
    town.balancers.health = "healthy"
    arn = (await town.deployment())["serviceDeploymentArn"]
    await town.aws.ecs.stop_service_deployment(serviceDeploymentArn=arn)
    for _ in range(3):
        await town.advance(10)
        town.balancers.drained()
    assert (await town.deployment())["status"] == "ROLLBACK_SUCCESSFUL"
    shown = await town.shown()
    assert (shown["taskDefinition"], shown["runningCount"], len(shown["deployments"])) == (before, 2, 1)


async def test_early_success_that_blocks_removes_the_old_tasks_first(town: Town) -> None:
    old = await served(town, desiredCount=4, deploymentConfiguration=early(50, "BLOCKING"))
    assert (await town.deployment())["status"] == "SUCCESSFUL"
    await updated(town)
    await healthy(town, old, 1)
    assert len(await wanted_running(town) & old) >= 2, "one of four is not enough"
    await healthy(town, old, 2)
    assert not await wanted_running(town) & old
    assert (await town.deployment())["status"] == "IN_PROGRESS"
    town.balancers.drained()
    await town.advance(15)
    done = await town.deployment()
    assert done["status"] == "SUCCESSFUL"
    assert done["deploymentConfiguration"]["earlySuccessCriteria"]["healthyPercent"] == 50
    assert (await primary(town))["rolloutState"] == "COMPLETED"
    assert "has reached a steady state" not in (await town.messages())[-1]
    assert len(await wanted_running(town)) == 4, "the rest is started all the same"
    await healthy(town, old, 4)
    assert (await town.messages())[-1] == "(service web) has reached a steady state."


async def test_a_deployment_that_is_over_shows_the_tasks_it_had_then(town: Town) -> None:
    await town.serve(desiredCount=2)
    await town.advance(3)
    await town.define()
    await town.aws.ecs.update_service(cluster="shop", service="web", taskDefinition="web")
    going = await town.deployment()
    assert going["sourceServiceRevisions"][0]["runningTaskCount"] == 2, "as it is, while it is under way"
    await town.advance(5)
    await town.aws.ecs.update_service(cluster="shop", service="web", desiredCount=5)
    await town.advance(3)
    assert (await town.shown())["runningCount"] == 5
    done = await town.deployment()
    target = done["targetServiceRevision"]
    assert (target["requestedTaskCount"], target["runningTaskCount"], target["pendingTaskCount"]) == (2, 2, 0)
    assert done["sourceServiceRevisions"][0]["runningTaskCount"] == 0


async def test_early_success_that_defers_removes_the_old_tasks_afterwards(town: Town) -> None:
    old = await served(town, desiredCount=4, deploymentConfiguration=early(50, "DEFERRED", **BREAKER))
    await updated(town)
    await healthy(town, old, 2)
    done = await town.deployment()
    assert done["status"] == "SUCCESSFUL"
    shown = await town.shown()
    assert [one["rolloutState"] for one in shown["deployments"]] == ["COMPLETED", "COMPLETED"]
    assert [one["status"] for one in shown["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert not await wanted_running(town) & old
    with pytest.raises(AwsError) as caught:
        await town.aws.ecs.stop_service_deployment(serviceDeploymentArn=done["serviceDeploymentArn"])
    assert caught.value.wire_code() == "ConflictException"
    town.balancers.drained()
    await town.advance(15)
    assert len((await town.shown())["deployments"]) == 1


async def test_after_an_early_success_nothing_is_taken_back(town: Town) -> None:
    old = await served(town, desiredCount=4, deploymentConfiguration=early(50, "DEFERRED", **BREAKER))
    await updated(town)
    await healthy(town, old, 2)
    new = (await town.shown())["taskDefinition"]
    town.containers.images = set()
    for one in sorted(await wanted_running(town))[:2]:
        town.containers.exit(one, code=1)
    for _ in range(4):
        town.balancers.drained()
        await town.advance(15)
    shown = await town.shown()
    assert (shown["taskDefinition"], len(shown["deployments"])) == (new, 1)
    assert shown["deployments"][0]["rolloutState"] == "COMPLETED"
    assert (await town.deployment())["status"] == "SUCCESSFUL"
    assert not any("rolling back" in message for message in await town.messages())


async def test_an_early_success_needs_a_healthy_task(town: Town) -> None:
    old = await served(town, deploymentConfiguration=early(0, "DEFERRED", minimumHealthyPercent=0))
    await updated(town)
    await town.advance(5)
    assert (await town.deployment())["status"] == "IN_PROGRESS"
    await healthy(town, old, 1)
    assert (await town.deployment())["status"] == "SUCCESSFUL"


async def test_alarms_that_roll_back_are_watched_for_as_long_as_they_need_to_ring(town: Town) -> None:
    town.alarms.periods = {"errors": (60, 2), "slow": (10, 1)}
    alarms = {"alarmNames": ["errors", "slow", "gone"], "enable": True, "rollback": True}
    old = await served(town, deploymentConfiguration={"alarms": alarms})
    assert (await primary(town))["rolloutState"] == "IN_PROGRESS", "the first one is watched as well"
    await town.advance(120, step=10)
    assert (await primary(town))["rolloutState"] == "COMPLETED"
    await updated(town)
    await healthy(town, old, 2)
    town.balancers.drained()
    await town.advance(100, step=5)
    shown = await town.shown()
    assert (len(shown["deployments"]), shown["runningCount"]) == (1, 2), "the service is stable meanwhile"
    assert shown["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    await town.advance(30, step=5)
    assert (await town.deployment())["status"] == "SUCCESSFUL"
    assert (await primary(town))["rolloutState"] == "COMPLETED"


async def test_an_alarm_that_rings_after_all_tasks_are_replaced_takes_the_deployment_back(town: Town) -> None:
    town.alarms.periods = {"errors": (60, 1)}
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    old = await served(town, deploymentConfiguration={"alarms": alarms})
    await town.advance(60, step=10)
    before = (await town.shown())["taskDefinition"]
    await updated(town)
    await healthy(town, old, 2)
    town.balancers.drained()
    await town.advance(20)
    assert len((await town.shown())["deployments"]) == 1
    town.alarms.ringing = {"errors"}
    town.balancers.health = "healthy"
    for _ in range(3):
        await town.advance(10)
        town.balancers.drained()
    back = await town.deployment()
    assert (back["status"], back["alarms"]["status"]) == ("ROLLBACK_SUCCESSFUL", "TRIGGERED")
    assert back["alarms"]["triggeredAlarmNames"] == ["errors"]
    shown = await town.shown()
    assert (shown["taskDefinition"], shown["runningCount"]) == (before, 2)


async def test_an_early_success_waits_for_the_alarms_with_the_old_tasks_in_place(town: Town) -> None:
    town.alarms.periods = {"errors": (60, 1)}
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    old = await served(town, desiredCount=4, deploymentConfiguration=early(50, "BLOCKING", alarms=alarms))
    await town.advance(60, step=10)
    await updated(town)
    await healthy(town, old, 2)
    await town.advance(40, step=5)
    assert len(await wanted_running(town) & old) == 2, "four are healthy, old and new"
    await town.advance(20, step=5)
    assert not await wanted_running(town) & old
    town.balancers.drained()
    await town.advance(15)
    assert (await town.deployment())["status"] == "SUCCESSFUL"


async def test_failures_are_forgotten_when_a_task_is_healthy(town: Town) -> None:
    town.containers.images = set()
    await town.serve(desiredCount=1)
    await town.advance(3)
    assert (await primary(town))["failedTasks"] >= 2
    town.containers.images = None
    await town.advance(20)
    assert (await primary(town))["failedTasks"] == 0


async def test_the_circuit_breaker_says_what_it_counts_and_that_it_opened(town: Town) -> None:
    await town.serve(deploymentConfiguration=BREAKER)
    await town.advance(2)
    breaker = (await town.deployment())["deploymentCircuitBreaker"]
    assert breaker == {"status": "MONITORING_COMPLETE", "failureCount": 0, "threshold": 3}
    await broken(town)
    counted = []
    for _ in range(40):
        await town.advance(0.5, step=0.5)
        breaker = (await town.deployment())["deploymentCircuitBreaker"]
        counted.append(breaker["failureCount"])
        if breaker["status"] != "MONITORING":
            break
    assert (breaker["status"], breaker["threshold"]) == ("TRIGGERED", 3)
    assert 0 < counted[0] < 3, "failures show while the deployment is under way"
    await town.advance(5)
    back = await town.deployment()
    assert back["status"] == "ROLLBACK_SUCCESSFUL"
    assert back["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
    assert back["deploymentCircuitBreaker"]["failureCount"] >= 3
    said = "Service deployment rolled back because the circuit breaker threshold was exceeded."
    assert (back["statusReason"], back["rollback"]["reason"]) == (said, said)


async def test_a_deployment_that_the_breaker_ends_without_a_way_back_is_stopped(town: Town) -> None:
    once = {"enable": True, "rollback": False, "thresholdConfiguration": {"type": "COUNT", "value": 1}}
    await town.serve(deploymentConfiguration={"deploymentCircuitBreaker": once})
    await town.advance(2)
    await broken(town)
    await town.advance(3)
    ended = await town.deployment()
    assert ended["status"] == "STOPPED"
    assert ended["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
    assert ended["deploymentCircuitBreaker"]["threshold"] == 1
    assert ended["stoppedAt"]
    assert "the circuit breaker threshold was exceeded" in ended["statusReason"]
    failed = await primary(town)
    assert failed["rolloutState"] == "FAILED"
    assert failed["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    assert (await town.shown())["runningCount"] == 2


async def test_a_deployment_that_its_own_limits_block_says_so(town: Town) -> None:
    """One task, of which half rounds up to one, and no room for a second."""
    await town.serve(desiredCount=1, deploymentConfiguration={"maximumPercent": 150})
    await town.advance(2)
    await town.define()
    await town.aws.ecs.update_service(cluster="shop", service="web", taskDefinition="web")
    await town.advance(60, step=5)
    told = [message for message in await town.messages() if "unable to stop or start tasks" in message]
    assert told == [
        "(service web) was unable to stop or start tasks during a deployment because of the service"
        " deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
    ]
    assert (await town.deployment())["status"] == "IN_PROGRESS"
    await town.aws.ecs.update_service(
        cluster="shop", service="web", deploymentConfiguration={"maximumPercent": 200}
    )
    await town.advance(5)
    assert (await town.deployment())["status"] == "SUCCESSFUL"


async def test_a_newer_update_supersedes_one_under_way(town: Town) -> None:
    old = await served(town)
    await updated(town)
    first = await town.deployment()
    one = (await primary(town))["id"]
    await updated(town)
    answer = await town.aws.ecs.describe_service_deployments(
        serviceDeploymentArns=[first["serviceDeploymentArn"]]
    )
    (stopped,) = answer["serviceDeployments"]
    assert (stopped["status"], stopped.get("rollback")) == ("STOPPED", None)
    assert "newer service deployment" in stopped["statusReason"]
    states = {d["id"]: (d["status"], d["rolloutState"]) for d in (await town.shown())["deployments"]}
    assert states.get(one, ("ACTIVE", "IN_PROGRESS")) == ("ACTIVE", "IN_PROGRESS"), "it did not fail"
    for _ in range(3):
        await healthy(town, old, 9)
        town.balancers.drained()
        await town.advance(15)
    shown = await town.shown()
    assert [d["rolloutState"] for d in shown["deployments"]] == ["COMPLETED"]
    assert (await town.deployment())["status"] == "SUCCESSFUL"


async def test_what_superseded_another_goes_back_to_what_was_complete(town: Town) -> None:
    await town.serve(deploymentConfiguration=BREAKER)
    await town.advance(2)
    good = await town.deployment()
    before = (await town.shown())["taskDefinition"]
    await broken(town)
    await town.advance(0.5)
    await broken(town)
    await town.advance(20)
    back = await town.deployment()
    assert back["status"] == "ROLLBACK_SUCCESSFUL"
    assert back["rollback"]["serviceRevisionArn"] == good["targetServiceRevision"]["arn"]
    shown = await town.shown()
    assert (shown["taskDefinition"], len(shown["deployments"])) == (before, 1)


async def test_a_way_back_that_fails_itself_ends_there(town: Town) -> None:
    await town.serve(deploymentConfiguration=BREAKER)
    await town.advance(2)
    await broken(town)
    town.containers.images = set()
    for one in list(town.containers.specs):
        town.containers.exit(one, code=1)
    await town.advance(60)
    ended = await town.deployment()
    assert ended["status"] == "ROLLBACK_FAILED"
    rolled = [m for m in await town.messages() if "rolling back to deployment" in m]
    assert len(rolled) == 1, "it goes back once"
    started = len(town.containers.started) + len(await town.tasks("STOPPED"))
    await town.advance(120, step=5)
    assert len(town.containers.started) + len(await town.tasks("STOPPED")) == started, (
        "nothing is tried again"
    )
