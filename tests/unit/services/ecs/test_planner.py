"""The service planner in random worlds: it settles, keeps floor and ceiling, and touches only its own."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bambe.services.ecs import planner
from bambe.services.ecs.actions import (
    Action,
    Complete,
    CountFailure,
    Drop,
    Fail,
    Recover,
    Retire,
    Settle,
    Start,
    Steady,
    Stop,
)
from bambe.services.ecs.model import (
    Controller,
    Desired,
    Health,
    Rollout,
    Service,
    ServiceStatus,
    SetStatus,
    StopCode,
    Task,
    TaskSet,
    TaskStatus,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WHERE = {"account": "000000000000", "region": "eu-central-1", "cluster": "shop"}


def a_service(**changes: object) -> Service:
    wish: dict[str, object] = {
        "name": "web",
        "controller": Controller.ECS,
        "desired_count": 2,
        "created_at": NOW,
        "created_by": "me",
    }
    return Service(**WHERE, **{**wish, **changes})  # type: ignore[arg-type]


def a_set(name: str, **changes: object) -> TaskSet:
    said: dict[str, object] = {
        "service": "web",
        "status": SetStatus.PRIMARY,
        "task_definition": f"definition:{name}",
        "created_at": NOW,
        "updated_at": NOW,
        "steady_at": NOW,
    }
    return TaskSet(**WHERE, id=name, **{**said, **changes})  # type: ignore[arg-type]


def a_task(name: str, of: str, **changes: object) -> Task:
    said: dict[str, object] = {
        "service": "web",
        "task_definition": "d",
        "group": "service:web",
        "created_at": NOW,
        "task_set": of,
    }
    return Task(**WHERE, id=name, **{**said, **changes})  # type: ignore[arg-type]


def ready(name: str, of: str, **changes: object) -> Task:
    up: dict[str, object] = {
        "status": TaskStatus.RUNNING,
        "is_ready": True,
        "was_ready": True,
        "started_at": NOW,
    }
    return a_task(name, of, **{**up, **changes})


@dataclass
class World:
    """A service and its tasks, which live on by chance."""

    service: Service
    sets: dict[str, TaskSet]
    tasks: dict[str, Task]
    chance: random.Random
    now: datetime = NOW
    born: int = 0
    kinds: list[str] = field(default_factory=list)

    def plan(self) -> tuple[Action, ...]:
        return planner.plan(self.service, list(self.sets.values()), list(self.tasks.values()), self.now)

    def waits(self) -> bool:
        sets, tasks = list(self.sets.values()), list(self.tasks.values())
        return planner.look_again(self.service, sets, tasks, self.now) is not None

    def ready(self) -> int:
        return sum(t.is_ready and t.is_live and t.service == "web" for t in self.tasks.values())

    def live(self) -> int:
        return sum(t.is_live and t.service == "web" for t in self.tasks.values())

    def apply(self, actions: Iterable[Action]) -> None:  # noqa: C901 - one arm per action
        for action in actions:
            self.kinds.append(type(action).__name__)
            match action:
                case Start(task_set=name, count=count):
                    for _ in range(count):
                        self.born += 1
                        self._put(a_task(f"n{self.born}", name, created_at=self.now))
                case Stop(task=name):
                    task = self.tasks[name]
                    self._put(
                        replace(task, desired=Desired.STOPPED, stop_code=StopCode.SCHEDULER, is_ready=False)
                    )
                case CountFailure():
                    self._put(replace(self.tasks[action.task], is_counted=True))
                    self._set(
                        action.task_set, failures_in_row=action.failures_in_row, retry_at=action.retry_at
                    )
                case Recover(task_set=name):
                    self._set(name, failures_in_row=0, retry_at=None)
                case Complete(task_set=name):
                    self._set(name, rollout=Rollout.COMPLETED)
                case Settle(task_set=name, is_steady=is_steady):
                    self._set(name, is_steady=is_steady)
                case Steady(is_steady=is_steady):
                    self.service = replace(self.service, is_steady=is_steady)
                case Drop(task_set=name):
                    del self.sets[name]
                case Retire():
                    self.service = replace(self.service, status=ServiceStatus.INACTIVE)
                    self.sets = {}
                case Fail():
                    raise AssertionError("no breaker was asked for")

    def live_on(self, kindly: bool) -> None:
        """A second passes: tasks start, get well, and, unless `kindly`, fall ill and die."""
        self.now += timedelta(seconds=1)
        for task in list(self.tasks.values()):
            if task.service == "web" and task.status != TaskStatus.STOPPED:
                self._put(self._later(task, kindly))

    def _later(self, task: Task, kindly: bool) -> Task:
        if task.desired == Desired.STOPPED:
            gone = kindly or self.chance.random() < 0.5
            return replace(task, status=TaskStatus.STOPPED) if gone else task
        luck = 1.0 if kindly else self.chance.random()
        if luck < 0.1:
            return replace(task, desired=Desired.STOPPED, stop_code=StopCode.ESSENTIAL_EXITED, is_ready=False)
        if luck < 0.2 and task.status == TaskStatus.RUNNING:
            return replace(task, health=Health.UNHEALTHY, is_ready=False)
        if task.status != TaskStatus.RUNNING:
            return replace(task, status=TaskStatus.RUNNING, started_at=self.now)
        if task.health == Health.UNHEALTHY or (luck < 0.5 and not task.is_ready):
            return task
        return replace(task, is_ready=True, was_ready=True)

    def _put(self, task: Task) -> None:
        self.tasks[task.id] = task

    def _set(self, name: str, **changes: object) -> None:
        self.sets[name] = replace(self.sets[name], **changes)  # type: ignore[arg-type]


@st.composite
def worlds(draw: st.DrawFn, controller: Controller | None = None, strays: bool = True) -> World:
    chosen = controller or draw(st.sampled_from(list(Controller)))
    minimum = draw(st.sampled_from([0, 50, 100]))
    service = a_service(
        controller=chosen,
        desired_count=draw(st.integers(0, 5)),
        deployment_configuration={
            "minimumHealthyPercent": minimum,
            "maximumPercent": draw(st.sampled_from([150, 200] if minimum == 100 else [100, 150, 200])),
        },
    )
    if planner.ceiling(service) == planner.least(service):
        service = replace(service, desired_count=2)  # with one task nothing could be replaced
    names = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True))
    roles = [SetStatus.ACTIVE] if chosen == Controller.ECS else [SetStatus.ACTIVE, SetStatus.DRAINING]
    sets = {}
    for place, name in enumerate(names):
        status = draw(st.sampled_from(roles)) if place else SetStatus.PRIMARY
        scale = 100.0 if chosen == Controller.ECS else draw(st.sampled_from([0.0, 33.3, 50.0, 100.0]))
        rollout = draw(st.sampled_from([Rollout.IN_PROGRESS, Rollout.COMPLETED]))
        sets[name] = a_set(name, status=status, scale=scale, rollout=rollout)
    tasks: dict[str, Task] = {}
    for number in range(draw(st.integers(0, 8))):
        name = f"t{number}"
        of = draw(st.sampled_from([*names, *(["gone"] if strays else [])]))
        make = draw(st.sampled_from([a_task, ready]))
        tasks[name] = make(name, of)
    tasks["other"] = ready("other", names[0], service="another")
    return World(service, sets, tasks, random.Random(draw(st.integers(0, 2**32))))


def settle(world: World) -> None:
    for _ in range(400):
        actions = world.plan()
        world.apply(actions)
        if not actions and not world.waits() and all(_is_still(t) for t in world.tasks.values()):
            return
        world.live_on(kindly=True)
    raise AssertionError(f"does not settle: {world.service} {world.sets} {world.tasks}")


def _is_still(task: Task) -> bool:
    return task.status == TaskStatus.STOPPED or (task.is_live and task.is_ready)


@given(worlds())
@settings(max_examples=300, deadline=None)
def test_it_settles_with_as_many_tasks_as_wished_and_then_plans_nothing(world: World) -> None:
    for _ in range(15):
        world.apply(world.plan())
        world.live_on(kindly=False)
    for task in world.tasks.values():
        if task.health == Health.UNHEALTHY and task.is_live:
            world.tasks[task.id] = replace(task, health=Health.HEALTHY)
    settle(world)
    if world.service.controller == Controller.ECS:
        assert world.ready() == world.service.desired_count
        assert len(world.sets) == 1
    else:
        wanted = sum(s.computed_count(world.service.wanted) for s in world.sets.values())
        assert world.ready() == world.live() == wanted
    assert world.plan() == ()


def test_what_is_started_for_a_version_that_failed_is_not_stopped_for_it() -> None:
    """The new version's tasks are all unhealthy: the old one's are wanted again, and no place for the new."""
    half = {"minimumHealthyPercent": 50, "maximumPercent": 200}
    for changes in (
        {"rollout": Rollout.FAILED},
        {"failures_in_row": 2, "retry_at": NOW + timedelta(minutes=1)},
    ):
        sick = {"health": Health.UNHEALTHY, "is_ready": False}
        tasks = {f"n{number}": ready(f"n{number}", "b", **sick) for number in range(3)}
        old = a_set("a", status=SetStatus.ACTIVE, rollout=Rollout.COMPLETED)
        service = a_service(desired_count=3, deployment_configuration=half)
        world = World(service, {"a": old, "b": a_set("b", **changes)}, tasks, random.Random(0), born=10)
        for _ in range(10):
            world.apply(world.plan())
        assert world.plan() == ()
        assert sum(t.is_live and t.task_set == "a" for t in world.tasks.values()) == 2
        assert world.born == 12


@given(worlds(Controller.ECS, strays=False))
@settings(max_examples=300, deadline=None)
def test_a_rollout_keeps_floor_and_ceiling(world: World) -> None:
    floor, ceiling = planner.least(world.service), planner.ceiling(world.service)
    for _ in range(25):
        ready_before, live_before = world.ready(), world.live()
        world.apply(world.plan())
        assert world.ready() >= min(ready_before, floor)
        assert world.live() <= max(live_before, ceiling)
        world.live_on(kindly=False)


@given(worlds())
@settings(max_examples=200, deadline=None)
def test_it_never_touches_what_is_not_its_own(world: World) -> None:
    for _ in range(20):
        world.apply(world.plan())
        world.live_on(kindly=False)
    assert world.tasks["other"] == ready("other", world.tasks["other"].task_set, service="another")


@given(worlds())
@settings(max_examples=200, deadline=None)
def test_a_deleted_service_leaves_an_empty_world(world: World) -> None:
    world.service = replace(world.service, status=ServiceStatus.DRAINING)
    if world.service.controller != Controller.ECS:
        world.sets = {name: replace(s, status=SetStatus.DRAINING) for name, s in world.sets.items()}
    settle_gone(world)
    assert world.live() == 0
    assert world.service.status == ServiceStatus.INACTIVE
    assert "Start" not in world.kinds


def settle_gone(world: World) -> None:
    for _ in range(100):
        if world.service.status == ServiceStatus.INACTIVE:
            return
        world.apply(world.plan())
        world.live_on(kindly=True)


def test_a_failure_backs_off_twice_as_long_each_time() -> None:
    task_set = a_set("a", failures_in_row=2)
    dead = a_task("t", "a", desired=Desired.STOPPED, stop_code=StopCode.FAILED_TO_START)
    (action,) = planner.plan(a_service(), [task_set], [dead], NOW)
    assert action == CountFailure("t", "a", 3, NOW + timedelta(seconds=2), "the task failed")
    held = replace(task_set, retry_at=NOW + timedelta(seconds=2))
    counted = replace(dead, is_counted=True)
    assert planner.plan(a_service(), [held], [counted], NOW) == ()
    assert planner.look_again(a_service(), [held], [counted], NOW) == held.retry_at
    later = planner.plan(a_service(), [held], [counted], NOW + timedelta(seconds=2))
    assert [type(a) for a in later] == [Start]


def test_a_task_that_served_long_is_replaced_at_once() -> None:
    dead = ready("t", "a", desired=Desired.STOPPED, stop_code=StopCode.ESSENTIAL_EXITED)
    (action,) = planner.plan(a_service(), [a_set("a")], [dead], NOW + timedelta(minutes=1))
    assert isinstance(action, CountFailure)
    assert (action.failures_in_row, action.retry_at) == (0, NOW + timedelta(minutes=1))


def test_a_share_is_rounded_up() -> None:
    task_set = a_set("a", scale=50.0)
    assert [task_set.computed_count(count) for count in range(5)] == [0, 1, 1, 2, 2]
    assert replace(task_set, scale=33.3).computed_count(3) == 1


def test_a_steady_rollout_is_completed_once() -> None:
    tasks = [ready("1", "a"), ready("2", "a")]
    moved = planner.plan(a_service(), [a_set("a")], tasks, NOW)
    assert [type(a) for a in moved] == [Complete, Settle, Steady]
    done = a_set("a", rollout=Rollout.COMPLETED, is_steady=True)
    assert planner.plan(a_service(is_steady=True), [done], tasks, NOW) == ()


@pytest.mark.parametrize(
    ("breaker", "in_row", "failed", "opens"),
    [
        ({}, 2, 9, False),
        ({}, 3, 3, True),
        ({"resetOnHealthyTask": True}, 0, 9, False),
        ({"resetOnHealthyTask": False}, 0, 2, False),
        ({"resetOnHealthyTask": False}, 0, 3, True),
        ({"thresholdConfiguration": {"type": "COUNT", "value": 1}}, 1, 1, True),
        ({"thresholdConfiguration": {"type": "COUNT", "value": 5}}, 4, 4, False),
        ({"thresholdConfiguration": {"type": "UNBOUNDED_PERCENT", "value": 50}}, 1, 1, True),
        ({"thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50}}, 1, 1, False),
        ({"enable": False}, 9, 9, False),
    ],
)
def test_the_circuit_breaker_counts_as_configured(
    breaker: dict[str, object], in_row: int, failed: int, opens: bool
) -> None:
    said = {"deploymentCircuitBreaker": {"enable": True, "rollback": False, **breaker}}
    task_set = a_set("a", failures_in_row=in_row, failed_tasks=failed, retry_at=NOW + timedelta(minutes=1))
    actions = planner.plan(a_service(deployment_configuration=said), [task_set], [], NOW)
    assert any(isinstance(action, Fail) for action in actions) is opens


@given(worlds(Controller.ECS, strays=False), st.sampled_from(["BLOCKING", "DEFERRED"]), st.integers(0, 100))
@settings(max_examples=300, deadline=None)
def test_early_success_keeps_the_floor_and_settles_all_the_same(
    world: World, cleanup: str, percent: int
) -> None:
    percent = max(percent, world.service.minimum_percent)
    criteria = {"enable": True, "healthyPercent": percent, "sourceServiceRevisionCleanup": cleanup}
    said = {**world.service.deployment_configuration, "earlySuccessCriteria": criteria}
    world.service = replace(world.service, deployment_configuration=said)
    floor, ceiling = planner.least(world.service), planner.ceiling(world.service)
    for _ in range(25):
        ready_before, live_before = world.ready(), world.live()
        world.apply(world.plan())
        assert world.ready() >= min(ready_before, floor)
        assert world.live() <= max(live_before, ceiling)
        world.live_on(kindly=False)
    for task in world.tasks.values():
        if task.health == Health.UNHEALTHY and task.is_live:
            world.tasks[task.id] = replace(task, health=Health.HEALTHY)
    settle(world)
    assert world.ready() == world.live() == world.service.desired_count
    assert [one.rollout for one in world.sets.values()] == [Rollout.COMPLETED]
