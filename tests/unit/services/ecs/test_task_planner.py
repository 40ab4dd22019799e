"""The steps of one task, one at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bambe.services.ecs import task_planner
from bambe.services.ecs.model import (
    TASK_MOVES,
    Container,
    Desired,
    Health,
    Registry,
    StopCode,
    Target,
    Task,
    TaskStatus,
)
from bambe.services.ecs.task_actions import (
    GONE,
    Announce,
    Conceal,
    Condemn,
    Forget,
    Halt,
    Launch,
    Note,
    Register,
    Remove,
    Sight,
    TargetSight,
    Withdraw,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = Target(group="tg", container="web", port=80)
RUNS = Container(name="web", image="web:1", status="RUNNING", runtime_id="r")
UP = Sight("10.0.0.2", (RUNS,))


def a_task(**changes: Any) -> Task:
    said = {
        "account": "0",
        "region": "r",
        "cluster": "c",
        "service": "s",
        "id": "t",
        "task_definition": "d",
        "group": "g",
        "created_at": NOW,
        "containers": [RUNS],
    }
    return Task(**{**said, **changes})


def running(**changes: Any) -> Task:
    up = {"status": TaskStatus.RUNNING, "started_at": NOW, "address": "10.0.0.2", "is_registered": True}
    return a_task(**{**up, **changes})


def ending(**changes: Any) -> Task:
    return running(**{"desired": Desired.STOPPED, "stop_code": StopCode.SCHEDULER, **changes})


def plan(task: Task, seen: Sight | None = UP, state: str = "", seconds: float = 0) -> list[Any]:
    targets = {TARGET: TargetSight(state)} if state else {}
    return list(task_planner.plan(task, seen, targets, NOW + timedelta(seconds=seconds)))


def status(actions: list[Any]) -> Any:
    return next((a.changes.get("status") for a in actions if isinstance(a, Note)), None)


def test_the_way_up() -> None:
    assert [type(a) for a in plan(a_task(), None)] == [Launch]
    assert status(plan(a_task(status=TaskStatus.PENDING))) == TaskStatus.ACTIVATING
    activating = a_task(status=TaskStatus.ACTIVATING, address="10.0.0.2", targets=[TARGET])
    assert [type(a) for a in plan(activating)] == [Register]
    assert status(plan(replace(activating, is_registered=True), state="initial")) == TaskStatus.RUNNING


def test_a_launch_that_was_cut_short_is_repeated() -> None:
    pending = a_task(status=TaskStatus.PENDING)
    created = Sight("", (replace(RUNS, status="PENDING"),))
    assert [type(a) for a in plan(pending, created)] == [Launch]
    two = replace(pending, containers=[RUNS, Container(name="second", image="x")])
    assert [type(a) for a in plan(two, UP)] == [Launch]
    assert [type(a) for a in plan(running(containers=two.containers), UP)] == [Condemn]


def test_a_task_is_announced_before_it_is_ready() -> None:
    task = running(targets=[TARGET], registries=[Registry(arn="a/srv-1")], target_state="initial")
    assert plan(task, state="initial") == []
    announce, note = plan(task, state="healthy")
    assert isinstance(announce, Announce)
    assert note.changes["is_ready"] is True


def test_a_target_no_listener_uses_counts_as_well() -> None:
    assert plan(running(targets=[TARGET]), state="unused")[-1].changes["is_ready"] is True


def test_a_target_somebody_removed_is_registered_again() -> None:
    assert [type(a) for a in plan(running(targets=[TARGET]), state=GONE)] == [Register]


def test_without_a_check_a_second_of_running_counts() -> None:
    assert plan(running(), seconds=0.5) == []
    assert plan(running(), seconds=1)[0].changes == {"is_ready": True, "was_ready": True}


def test_a_container_check_decides() -> None:
    starting = replace(RUNS, checked=True)
    task = running(containers=[starting])
    assert plan(task, Sight("10.0.0.2", (starting,)), seconds=60) == []
    well = plan(task, Sight("10.0.0.2", (replace(starting, health=Health.HEALTHY),)))
    assert well[0].changes["is_ready"] is True
    announced = replace(task, is_announced=True, registries=[Registry(arn="a/srv-1")])
    sick = plan(announced, Sight("10.0.0.2", (replace(starting, health=Health.UNHEALTHY),)))
    assert isinstance(sick[0], Conceal)
    assert sick[1].changes["health"] == Health.UNHEALTHY


def test_a_dead_or_lost_container_condemns_the_task() -> None:
    died = Sight("", (replace(RUNS, status="STOPPED", exit_code=1),))
    note, condemn = plan(running(is_ready=True), died)
    assert note.changes["containers"][0].exit_code == 1
    assert isinstance(condemn, Condemn)
    assert [type(a) for a in plan(running(), None)] == [Condemn]


def test_the_death_of_what_is_not_essential_is_only_noted() -> None:
    aside = Container(name="aside", image="x", essential=False, status="STOPPED", exit_code=0)
    seen = Sight("10.0.0.2", (RUNS, aside))
    assert [type(a) for a in plan(running(containers=[RUNS, replace(aside, status="RUNNING")]), seen)] == [
        Note
    ]


def test_the_way_down() -> None:
    assert [type(a) for a in plan(ending(), state="healthy")] == [Withdraw]
    withdrawn = ending(is_withdrawn=True, targets=[TARGET], quiet_at=NOW + timedelta(seconds=10))
    assert status(plan(withdrawn, state="draining")) == TaskStatus.DEACTIVATING
    draining = replace(withdrawn, status=TaskStatus.DEACTIVATING)
    assert plan(draining, state="draining", seconds=60) == []
    assert plan(draining, state=GONE, seconds=9) == []
    assert status(plan(draining, state=GONE, seconds=10)) == TaskStatus.STOPPING
    stopping = replace(draining, status=TaskStatus.STOPPING)
    assert [type(a) for a in plan(stopping, state=GONE, seconds=10)] == [Halt]
    over = plan(stopping, Sight("", (replace(RUNS, status="STOPPED", exit_code=143),)), seconds=11)
    assert status(over) == TaskStatus.STOPPED


def test_the_dead_do_not_drain() -> None:
    dead = Sight("", (replace(RUNS, status="STOPPED", exit_code=137),))
    task = ending(is_withdrawn=True, targets=[TARGET], quiet_at=NOW + timedelta(seconds=10))
    assert status(plan(task, dead, "draining")) == TaskStatus.STOPPED


def test_afterwards_containers_go_and_then_the_row() -> None:
    task = ending(status=TaskStatus.STOPPED, stopped_at=NOW)
    assert plan(task, None, seconds=4) == []
    assert [type(a) for a in plan(task, None, seconds=5)] == [Remove]
    removed = replace(task, is_removed=True)
    assert plan(removed, None, seconds=3599) == []
    assert [type(a) for a in plan(removed, None, seconds=3600)] == [Forget]


@given(
    st.sampled_from(list(TaskStatus)),
    st.sampled_from(list(Desired)),
    st.sampled_from([None, UP, Sight("", (replace(RUNS, status="STOPPED"),))]),
    st.sampled_from(["", "initial", "healthy", "unhealthy", "draining", GONE]),
    st.booleans(),
    st.booleans(),
)
def test_it_only_makes_legal_moves_and_never_ends_what_is_in_use(
    was: TaskStatus, desired: Desired, seen: Sight | None, state: str, registered: bool, withdrawn: bool
) -> None:
    task = running(
        status=was, desired=desired, is_registered=registered, is_withdrawn=withdrawn, targets=[TARGET]
    )
    actions = plan(task, seen, state)
    to = status(actions)
    assert to is None or to in TASK_MOVES[was]
    if to == TaskStatus.STOPPING or any(isinstance(action, Halt) for action in actions):
        assert withdrawn
        assert state in ("", GONE) or was in (TaskStatus.STOPPING, TaskStatus.DEPROVISIONING)
