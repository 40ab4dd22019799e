"""A rolling service from its creation to its end, on fake engines."""

from __future__ import annotations

from bambe.engines.containers.port import Health
from bambe.kernel.errors import Refused
from tests.unit.services.ecs.conftest import Town, task_id


async def test_a_service_becomes_steady(town: Town) -> None:
    await town.serve()
    await town.advance(2)
    shown = await town.shown()
    assert (shown["runningCount"], shown["pendingCount"], len(shown["deployments"])) == (2, 0, 1)
    assert shown["deployments"][0]["rolloutState"] == "COMPLETED"
    messages = await town.messages()
    assert messages[-1] == "(service web) has reached a steady state."
    assert messages[0].startswith("(service web) has started 2 tasks: (task ")
    tasks = await town.tasks()
    assert {t["lastStatus"] for t in tasks} == {"RUNNING"}
    assert all(t["startedBy"] == shown["deployments"][0]["id"] for t in tasks)


async def test_a_steady_service_costs_nothing(town: Town) -> None:
    await town.serve(loadBalancers=[town.balancer()])
    await town.advance(3)
    for runner in town.runners.values():
        runner.wake(await runner.reconciler.keys())
        await runner.once()
        assert runner.queue.next_due() is None or runner.queue.next_due() <= town.clock.now()


async def test_all_tasks_of_a_deployment_run_the_image_the_tag_meant_first(town: Town) -> None:
    await town.serve()
    await town.advance(2)
    images = {spec.containers[0].image for spec in town.containers.specs.values()}
    assert len(images) == 1
    assert images.pop().startswith("localhost:4566/web@sha256:")
    assert town.containers.pulled.count("localhost:4566/web:1") == 1


async def test_an_update_starts_the_new_before_it_drains_the_old(town: Town) -> None:
    await town.serve(loadBalancers=[town.balancer()], serviceRegistries=[{"registryArn": town.map.arn}])
    await town.advance(3)
    old = {task_id(t) for t in await town.tasks()}
    assert set(town.map.instances) == old
    town.balancers.health = "initial"
    await town.define()
    await town.aws.ecs.update_service(cluster="shop", service="web", taskDefinition="web")
    await town.advance(3)
    assert old <= {task_id(t) for t in await town.tasks()}, "no old task goes before a new one is healthy"
    assert len(town.containers.started) == 4

    new = set(town.containers.started) - old
    for one in new:
        town.balancers.set(town.containers.task(one).address, "healthy")
    await town.advance(2)
    assert set(town.map.instances) == new
    assert town.containers.stopped == [], "targets still drain"
    town.balancers.drained()
    await town.advance(5)
    assert town.containers.stopped == [], "callers may still have the old addresses in their caches"
    await town.advance(5)
    assert set(town.containers.stopped) == old
    shown = await town.shown()
    assert len(shown["deployments"]) == 1
    assert shown["deployments"][0]["rolloutState"] == "COMPLETED"
    assert shown["runningCount"] == shown["desiredCount"] == 2


async def test_a_dead_container_is_deregistered_at_once_and_replaced(town: Town) -> None:
    await town.serve(loadBalancers=[town.balancer()])
    await town.advance(3)
    dead = town.containers.started[0]
    town.containers.exit(dead, code=137)
    await town.settle()
    assert [what for what, _ in town.balancers.log].count("deregister") == 1
    assert len(town.containers.started) == 3
    stopped = await town.tasks("STOPPED")
    assert stopped[0]["stopCode"] == "EssentialContainerExited"
    assert stopped[0]["stoppedReason"] == "Essential container in task exited"
    assert stopped[0]["containers"][0]["exitCode"] == 137
    await town.advance(2)
    assert (await town.shown())["runningCount"] == 2


async def test_an_unhealthy_container_is_replaced_before_it_goes(town: Town) -> None:
    check = {"command": ["CMD-SHELL", "true"], "interval": 5}
    await town.define(container={"healthCheck": check})
    await town.serve()
    await town.advance(2)
    sick = town.containers.started[0]
    town.containers.set_health(sick, Health.UNHEALTHY)
    await town.advance(3)
    assert town.containers.stopped == [sick]
    assert (await town.shown())["runningCount"] == 2
    assert any("failed container health checks" in message for message in await town.messages())


async def test_an_unhealthy_target_is_replaced_after_the_grace_period(town: Town) -> None:
    await town.serve(loadBalancers=[town.balancer()], healthCheckGracePeriodSeconds=30, desiredCount=1)
    town.balancers.health = "unhealthy"
    await town.advance(20)
    assert len(town.containers.started) == 1
    town.balancers.drained()
    await town.advance(15)
    assert len(town.containers.started) == 2
    assert any("is unhealthy in (target-group" in message for message in await town.messages())


async def test_an_image_that_is_nowhere_says_so_and_is_tried_ever_more_rarely(town: Town) -> None:
    town.containers.images = set()
    await town.serve(desiredCount=1)
    await town.advance(10)
    tasks = await town.tasks("STOPPED")
    assert {t["stopCode"] for t in tasks} == {"TaskFailedToStart"}
    assert tasks[0]["stoppedReason"].startswith("CannotPullContainerError: ")
    assert "(service web) is unable to consistently start tasks successfully." in await town.messages()
    before = len(tasks)
    await town.advance(10)
    assert len(await town.tasks("STOPPED")) - before <= 1
    town.containers.images = None
    await town.advance(60)
    assert (await town.shown())["runningCount"] == 1


async def test_the_circuit_breaker_rolls_back_to_what_completed(town: Town) -> None:
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    await town.serve(deploymentConfiguration=breaker)
    await town.advance(2)
    good = (await town.shown())["taskDefinition"]
    await town.define(container={"image": "localhost:4566/bad:1"})
    town.containers.images = {c.image for s in town.containers.specs.values() for c in s.containers}
    await town.aws.ecs.update_service(cluster="shop", service="web", taskDefinition="web")
    await town.advance(20)
    shown = await town.shown()
    assert shown["taskDefinition"] == good
    assert shown["runningCount"] == 2
    assert town.containers.stopped == []
    assert any("rolling back to deployment" in message for message in await town.messages())


async def test_a_failed_update_leaves_nothing_of_itself_in_the_service(town: Town) -> None:
    pair = {
        "alternateTargetGroupArn": "arn:green",
        "productionListenerRule": "arn:rule",
        "roleArn": "arn:aws:iam::000000000000:role/ecs",
    }
    await town.serve(
        loadBalancers=[{**town.balancer(), "advancedConfiguration": pair}],
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )
    await town.advance(3)
    before = await town.shown()
    await town.define(container={"image": "localhost:4566/bad:1"})
    town.containers.images = {c.image for s in town.containers.specs.values() for c in s.containers}
    await town.aws.ecs.update_service(
        cluster="shop", service="web", taskDefinition="web", enableExecuteCommand=True
    )
    assert (await town.shown())["enableExecuteCommand"]
    await town.advance(20)
    after = await town.shown()
    assert any("rolling back to deployment" in message for message in await town.messages())
    for member in ("taskDefinition", "loadBalancers", "enableExecuteCommand", "platformVersion"):
        assert after[member] == before[member], member


async def test_what_worked_is_kept_up_while_the_new_version_fails(town: Town) -> None:
    await town.serve()
    await town.advance(2)
    await town.define(container={"image": "localhost:4566/bad:1"})
    town.containers.images = {c.image for s in town.containers.specs.values() for c in s.containers}
    await town.aws.ecs.update_service(cluster="shop", service="web", taskDefinition="web")
    await town.advance(5)
    town.containers.exit(town.containers.started[0])
    await town.advance(5)
    shown = await town.shown()
    assert shown["runningCount"] == 2
    assert [d["runningCount"] for d in shown["deployments"]] == [0, 2]


async def test_scaling(town: Town) -> None:
    await town.serve()
    await town.advance(2)
    await town.aws.ecs.update_service(cluster="shop", service="web", desiredCount=5)
    await town.advance(2)
    assert (await town.shown())["runningCount"] == 5
    await town.aws.ecs.update_service(cluster="shop", service="web", desiredCount=1)
    await town.advance(2)
    shown = await town.shown()
    assert (shown["runningCount"], len(shown["deployments"])) == (1, 1)
    assert shown["events"][0]["message"] == "(service web) has reached a steady state."


async def test_a_deleted_service_ends_its_tasks_and_is_shown_inactive_for_an_hour(town: Town) -> None:
    await town.serve(loadBalancers=[town.balancer()])
    await town.advance(3)
    await town.aws.ecs.delete_service(cluster="shop", service="web", force=True)
    await town.advance(1)
    assert (await town.shown())["status"] == "DRAINING"
    town.balancers.drained()
    await town.advance(2)
    assert (await town.shown())["status"] == "INACTIVE"
    await town.advance(6)
    assert town.containers.specs == {}
    await town.advance(3601, step=600)
    answer = await town.aws.ecs.describe_services(cluster="shop", services=["web"])
    assert answer["failures"][0]["reason"] == "MISSING"
    assert await town.tasks("STOPPED") == []


async def test_after_a_crash_tasks_are_adopted_and_strangers_removed(town: Town) -> None:
    await town.serve()
    await town.advance(2)
    first, second = town.containers.started
    await town.containers.remove_task(first)
    spec = town.containers.specs[second]
    stray = type(spec)(id="f" * 32, containers=spec.containers, labels=spec.labels)
    await town.containers.start_task(stray)
    await town.advance(2)
    running = set(town.containers.specs)
    assert second in running
    assert first not in running
    assert "f" * 32 not in running
    assert len(running) == 2


async def test_environment_files_fail_the_task_with_a_clear_reason(town: Town) -> None:
    await town.define(container={"environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::b/x.env"}]})
    await town.serve(desiredCount=1)
    await town.advance(1)
    stopped = await town.tasks("STOPPED")
    assert stopped[0]["stoppedReason"].startswith("ResourceInitializationError: container web uses env")


async def test_a_refused_start_is_a_failed_task(town: Town) -> None:
    await town.serve(desiredCount=1)
    await town.advance(2)
    image = next(iter(town.containers.specs.values())).containers[0].image
    town.containers.fail_start(image, Refused("exec: no such file"))
    town.containers.exit(town.containers.started[0])
    await town.advance(1)
    reasons = {t["stoppedReason"] for t in await town.tasks("STOPPED")}
    assert "CannotStartContainerError: exec: no such file" in reasons


async def test_tasks_that_fail_wait_for_their_next_try_also_beside_one_that_is_ready(town: Town) -> None:
    await town.serve()
    await town.advance(2)
    (one, _) = sorted(town.containers.specs)
    town.containers.images = set()
    town.containers.exit(one, code=1)
    await town.advance(30)
    assert len(town.containers.started) == 2
    stopped = await town.tasks("STOPPED")
    assert 3 <= len(stopped) <= 10, "half a second, one, two, four..."
    assert "(service web) is unable to consistently start tasks successfully." in "".join(
        await town.messages()
    ).replace(f" (deployment {(await town.shown())['deployments'][0]['id']})", "")


async def test_a_steady_service_says_so_again_every_six_hours(town: Town) -> None:
    await town.serve()
    await town.advance(3)
    before = await town.messages()
    await town.advance(6 * 3600, step=1800)
    assert await town.messages() == [*before, "(service web) has reached a steady state."]
    await town.advance(6 * 3600, step=1800)
    assert (await town.messages())[len(before) :] == 2 * ["(service web) has reached a steady state."]
