"""The order in which a task's containers start and stop, and what becomes of those that wait in vain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.engines.containers.port import Health
from bambe.services.ecs import ordering
from bambe.services.ecs.definition_checks import find_cycle
from bambe.services.ecs.model import Container, Dependency
from tests.unit.services.ecs.conftest import NETWORK, Town, task_id
from tests.unit.services.ecs.test_operations import refused

CHECK = {"command": ["CMD-SHELL", "true"]}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def container(name: str, *waits: str, **more: Any) -> dict[str, Any]:
    """A container that waits for `other:CONDITION`s."""
    order = [dict(zip(("containerName", "condition"), w.split(":"), strict=True)) for w in waits]
    return {"name": name, "image": f"localhost:4566/{name}:1", "dependsOn": order, **more}


async def run(town: Town, *containers: dict[str, Any]) -> str:
    """A task of these containers; its id."""
    await town.aws.ecs.register_task_definition(
        family="pod",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=list(containers),
    )
    ran = await town.aws.ecs.run_task(
        cluster="shop", taskDefinition="pod", launchType="FARGATE", networkConfiguration=NETWORK
    )
    await town.settle()
    return task_id(ran["tasks"][0])


async def shown(town: Town, task: str) -> dict[str, Any]:
    return dict((await town.aws.ecs.describe_tasks(cluster="shop", tasks=[task]))["tasks"][0])


async def containers(town: Town, task: str) -> dict[str, dict[str, Any]]:
    return {c["name"]: c for c in (await shown(town, task))["containers"]}


def there(town: Town, task: str) -> list[str]:
    return [c.name for c in town.containers.task(task).containers]


async def test_a_container_starts_after_those_it_depends_on(town: Town) -> None:
    task = await run(
        town,
        container("app", "migrate:SUCCESS", "proxy:HEALTHY"),
        container("migrate", "proxy:START", essential=False),
        container("proxy", healthCheck=CHECK),
    )
    assert there(town, task) == ["migrate", "proxy"]
    assert (await shown(town, task))["lastStatus"] == "PENDING"
    assert (await containers(town, task))["app"]["lastStatus"] == "PENDING"
    town.containers.exit(task, "migrate", 0)
    await town.advance(3)
    assert there(town, task) == ["app", "migrate", "proxy"]
    assert (await shown(town, task))["lastStatus"] == "RUNNING"
    after = await containers(town, task)
    assert [after[n]["lastStatus"] for n in ("app", "migrate", "proxy")] == ["RUNNING", "STOPPED", "RUNNING"]
    assert len(town.containers.started) == 1


async def test_complete_takes_any_exit_code_and_success_only_zero(town: Town) -> None:
    task = await run(town, container("app", "job:COMPLETE"), container("job", essential=False))
    town.containers.exit(task, "job", 7)
    await town.advance(2)
    assert there(town, task) == ["app", "job"]
    task = await run(town, container("app", "job:SUCCESS"), container("job", essential=False))
    town.containers.exit(task, "job", 7)
    await town.advance(2)
    ended = await shown(town, task)
    assert (ended["lastStatus"], ended["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert ended["stoppedReason"] == "Essential container in task exited"
    app = (await containers(town, task))["app"]
    assert app["exitCode"] == 143
    assert app["reason"].startswith("CannotStartContainerError: dependency graph: failed to resolve")
    assert app["reason"].endswith("for target [app] as dependency did not exit successfully.")
    assert "runtimeId" not in app


async def test_a_container_waits_until_another_is_healthy_but_not_for_ever(town: Town) -> None:
    town.containers.health = Health.STARTING
    task = await run(
        town, container("app", "db:HEALTHY"), container("db", healthCheck=CHECK, startTimeout=20)
    )
    await town.advance(19)
    assert there(town, task) == ["db"]
    await town.advance(2)
    assert (await shown(town, task))["lastStatus"] == "STOPPED"
    assert (await containers(town, task))["app"]["reason"].endswith("for target [app] has timed out.")
    task = await run(town, container("app", "db:HEALTHY"), container("db", healthCheck=CHECK))
    await town.advance(179)
    assert there(town, task) == ["db"]
    town.containers.set_health(task, Health.HEALTHY)
    await town.advance(1)
    assert there(town, task) == ["app", "db"]


async def test_who_is_not_essential_is_given_up_alone(town: Town) -> None:
    task = await run(
        town,
        container("app"),
        container("extra", "job:SUCCESS", essential=False),
        container("more", "extra:START", essential=False),
        container("job", essential=False),
    )
    town.containers.exit(task, "job", 1)
    await town.advance(3)
    assert (await shown(town, task))["lastStatus"] == "RUNNING"
    after = await containers(town, task)
    assert [after[n]["lastStatus"] for n in ("app", "extra", "more")] == ["RUNNING", "STOPPED", "STOPPED"]
    assert after["more"]["reason"].endswith("because dependency will never start")
    assert there(town, task) == ["app", "job"]


async def test_containers_stop_in_the_opposite_order(town: Town) -> None:
    task = await run(
        town, container("db"), container("app", "db:START"), container("proxy", "app:START", "db:START")
    )
    await town.advance(2)
    await town.aws.ecs.stop_task(cluster="shop", task=task)
    await town.advance(2)
    assert [name for _, name in town.containers.ended] == ["proxy", "app", "db"]


async def test_a_task_can_be_stopped_while_a_container_waits(town: Town) -> None:
    town.containers.health = Health.STARTING
    task = await run(town, container("app", "db:HEALTHY"), container("db", healthCheck=CHECK))
    await town.aws.ecs.stop_task(cluster="shop", task=task)
    await town.advance(2)
    assert (await shown(town, task))["lastStatus"] == "STOPPED"
    assert [c["lastStatus"] for c in (await containers(town, task)).values()] == ["STOPPED", "STOPPED"]
    assert there(town, task) == ["db"]


async def test_health_of_the_task_is_that_of_its_checked_containers(town: Town) -> None:
    task = await run(town, container("app", healthCheck=CHECK), container("side", essential=False))
    await town.advance(2)
    assert (await shown(town, task))["healthStatus"] == "HEALTHY"
    town.containers.set_health(task, Health.UNHEALTHY, "app")
    await town.advance(1)
    assert (await shown(town, task))["healthStatus"] == "UNHEALTHY"
    town.containers.exit(task, "side", 1)
    await town.advance(1)
    assert (await shown(town, task))["lastStatus"] == "RUNNING"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            [container("app", "nobody:START")],
            "Cannot depend on container + 'nobody' because it does not exist",
        ),
        (
            [container("app", "job:SUCCESS"), container("job")],
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        ),
        ([container("app", "db:HEALTHY"), container("db")], "must have a health check: 'db' has none."),
        ([container("app", "app:START")], "cannot be circular: app -> app."),
        (
            [container("a", "b:START"), container("b", "c:START"), container("c", "a:START")],
            "cannot be circular: a -> b -> c -> a.",
        ),
        ([container("app", startTimeout=121)], "Container.startTimeout cannot be greater than 120 seconds"),
    ],
)
async def test_orders_that_cannot_be(town: Town, said: list[dict[str, Any]], words: str) -> None:
    code, message = await refused(run(town, *said))
    assert code == "ClientException"
    assert words in message


NAMES = "abcdef"
orders = st.fixed_dictionaries({n: st.lists(st.sampled_from(NAMES), max_size=2, unique=True) for n in NAMES})
forward = st.fixed_dictionaries(
    {
        name: st.lists(st.sampled_from(NAMES[:place]), max_size=2, unique=True) if place else st.just([])
        for place, name in enumerate(NAMES)
    }
)


@given(orders)
def test_a_circle_is_found_exactly_where_there_is_one(order: dict[str, list[str]]) -> None:
    found = find_cycle(order)
    if found:
        assert found[0] == found[-1]
        assert all(after in order[before] for before, after in pairwise(found))
    left = dict(order)
    while free := [n for n in left if not any(o in left for o in left[n])]:
        for name in free:
            del left[name]
    assert bool(found) is bool(left)


@given(forward, st.sampled_from(["START", "COMPLETE", "SUCCESS", "HEALTHY"]), st.data())
def test_every_container_is_started_or_given_up(
    order: dict[str, list[str]], condition: str, data: st.DataObject
) -> None:
    """Whatever containers do, none starts before its turn and none waits past the time-out."""
    rows = [
        Container(name=n, image="x", depends_on=[Dependency(name=d, condition=condition) for d in order[n]])
        for n in NAMES
    ]
    now = NOW
    for _ in range(40):
        rows = ordering.given_up(rows, now)
        for name in ordering.startable(rows):
            by_name = {r.name: r for r in rows}
            assert all(by_name[d].started_at is not None for d in order[name])
            rows = [
                replace(r, status="RUNNING", started_at=now, runtime_id="r") if r.name == name else r
                for r in rows
            ]
        name = data.draw(st.sampled_from(NAMES))
        code = data.draw(st.sampled_from([None, 0, 1]))
        rows = [
            replace(r, status="STOPPED", exit_code=code)
            if r.name == name and r.status == "RUNNING" and code is not None
            else r
            for r in rows
        ]
        now += timedelta(seconds=60)
    assert all(row.status != "PENDING" for row in rows)
