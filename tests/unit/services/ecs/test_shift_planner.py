"""What a shifting deployment does next when people step in: hold, promote, finish, weights by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bambe.services.ecs.service_deployment import (
    DeploymentStatus,
    HookRun,
    HookStatus,
    ServiceDeployment,
    ShiftStep,
    Stage,
)
from bambe.services.ecs.shift_actions import (
    Action,
    Ask,
    Call,
    End,
    Enter,
    GoBack,
    Part,
    Reweighed,
    Routes,
    Seen,
    Shifted,
    Waive,
    Weigh,
)
from bambe.services.ecs.shift_moves import moved
from bambe.services.ecs.shift_planner import plan

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
LINEAR = {
    "strategy": "LINEAR",
    "linearConfiguration": {"stepPercent": 12.5, "stepBakeTimeInMinutes": 5},
    "bakeTimeInMinutes": 30,
}
DUE, LATER = NOW - timedelta(seconds=1), NOW + timedelta(minutes=1)
SHIFT, BAKE = Stage.PRODUCTION_TRAFFIC_SHIFT, Stage.BAKE_TIME


def row(stage: Stage = SHIFT, **changes: Any) -> ServiceDeployment:
    """A deployment with its first step done."""
    base = ServiceDeployment(
        account="0", region="r", cluster="shop", service="orders", id="D", stage=stage, step=1, weight=12.5,
        status=DeploymentStatus.IN_PROGRESS, configuration=LINEAR, source="1", target="2", source_set="old",
        target_set="new", created_at=NOW, updated_at=NOW, entered=NOW, deadline=DUE,
    )  # fmt: skip
    return replace(base, **changes)


def seen(share: float | None = 12.5, **changes: Any) -> Seen:
    sides = {"source": Part("old", 100.0, True), "target": Part("new", 100.0, True)}
    return Seen(**{**sides, "routes": Routes(production=share, has_production=True), **changes})


def pause(stage: Stage, passage: str, function: str = "") -> tuple[dict[str, Any], HookRun]:
    """A hook as configured, and its run that waits."""
    kind = {"hookTargetArn": function, "roleArn": "role"} if function else {"targetType": "PAUSE"}
    status = HookStatus.IN_PROGRESS if function else HookStatus.AWAITING_ACTION
    run = HookRun(
        id="h", stage=stage, passage=passage, function=function, status=status, expires_at=LATER,
        on_timeout="ROLLBACK", call_at=NOW if function else None,
    )  # fmt: skip
    return {**kind, "lifecycleStages": [stage.value]}, run


def asked(wish: ServiceDeployment, function: str = "") -> ServiceDeployment:
    """The deployment with a hook that waits at its present passage."""
    hook, run = pause(wish.stage or SHIFT, wish.passage, function)
    return replace(wish, configuration={**LINEAR, "lifecycleHooks": [hook]}, hooks=[run])


def entered(actions: tuple[Action, ...]) -> list[Stage]:
    return [one.stage for one in actions if isinstance(one, Enter)]


def test_held_it_stays_at_its_step_and_in_its_bake_time() -> None:
    assert entered(plan(row(), seen(), NOW)) == [Stage.PRE_PRODUCTION_TRAFFIC_SHIFT]
    assert plan(row(), seen(held=True), NOW) == ()
    whole = row(BAKE, weight=100.0, step=8)
    assert entered(plan(whole, seen(100.0), NOW)) == [Stage.CLEAN_UP]
    assert plan(whole, seen(100.0, held=True), NOW) == ()


def test_held_before_its_first_step_it_gives_no_traffic() -> None:
    fresh = row(deadline=None, step=0, weight=0.0)
    assert plan(fresh, seen(0.0, held=True), NOW) == ()
    assert [type(one) for one in plan(fresh, seen(0.0), NOW)] == [Weigh, Shifted]


def test_a_hold_may_last_longer_than_a_stage_and_not_longer_than_a_deployment() -> None:
    for long in (row(limit=DUE), row(BAKE, weight=100.0, step=8, limit=DUE)):
        assert plan(long, seen(long.weight, held=True), NOW) == ()
        assert len(entered(plan(long, seen(long.weight), NOW))) == 1, "let go, it goes on"
        longest = replace(long, expires=DUE)
        ended = plan(longest, seen(long.weight, held=True), NOW)
        assert [type(one) for one in ended] == [Weigh, GoBack]


def test_held_alarms_and_stops_and_hooks_go_on() -> None:
    rings = plan(row(), seen(held=True, alarms=("errors",), alarms_roll_back=True), NOW)
    assert [type(one) for one in rings] == [Weigh, GoBack]
    breaks = plan(row(), seen(held=True, failures=3, threshold=3), NOW)
    assert [type(one) for one in breaks] == [End]
    stops = plan(row(asked="ABORT", asked_why="stopped"), seen(held=True), NOW)
    assert [type(one) for one in stops] == [End]
    late = asked(row(), "judge")
    late = replace(late, hooks=[replace(late.hooks[0], expires_at=DUE)])
    assert plan(late, seen(held=True), NOW) != ()


def test_promoted_it_gets_all_traffic_in_one_step_past_the_hooks_before_and_after_it() -> None:
    early = row(deadline=LATER)
    assert plan(early, seen(), NOW) == ()
    assert entered(plan(early, seen(promoted=True), NOW)) == [Stage.PRE_PRODUCTION_TRAFFIC_SHIFT]
    before = asked(row(Stage.PRE_PRODUCTION_TRAFFIC_SHIFT), "judge")
    assert [type(one) for one in plan(replace(before, hooks=[]), seen(promoted=True), NOW)] == [Ask]
    assert [type(one) for one in plan(before, seen(promoted=True), NOW)] == [Call]
    weigh, shifted = plan(row(deadline=None), seen(promoted=True), NOW)
    assert isinstance(weigh, Weigh)
    assert weigh.percent == 100
    assert isinstance(shifted, Shifted)
    assert shifted.step == ShiftStep(100.0)
    done = moved(row(deadline=None), shifted, NOW, lambda wait: NOW + wait)
    assert (done.weight, done.step) == (100.0, 8), "no step is left"
    assert entered(plan(done, seen(100.0, promoted=True), NOW)) == [Stage.POST_PRODUCTION_TRAFFIC_SHIFT]


def test_promoting_does_not_end_the_bake_time_and_finishing_does() -> None:
    baking = row(BAKE, weight=100.0, step=8, deadline=LATER)
    assert plan(baking, seen(100.0, promoted=True), NOW) == ()
    assert entered(plan(baking, seen(100.0, finish=True), NOW)) == [Stage.CLEAN_UP]
    assert plan(row(deadline=LATER), seen(finish=True), NOW) == (), "it has not all traffic yet"


def test_both_win_over_a_hold() -> None:
    held = seen(held=True, promoted=True)
    assert entered(plan(row(deadline=LATER), held, NOW)) == [Stage.PRE_PRODUCTION_TRAFFIC_SHIFT]
    assert [type(one) for one in plan(row(deadline=None), held, NOW)] == [Weigh, Shifted]
    baking = row(BAKE, weight=100.0, step=8, deadline=LATER)
    assert entered(plan(baking, seen(100.0, held=True, finish=True), NOW)) == [Stage.CLEAN_UP]


@pytest.mark.parametrize(
    ("stage", "wish"),
    [
        (Stage.POST_TEST_TRAFFIC_SHIFT, "promoted"),
        (Stage.PRE_PRODUCTION_TRAFFIC_SHIFT, "promoted"),
        (Stage.POST_PRODUCTION_TRAFFIC_SHIFT, "finish"),
    ],
)
def test_a_person_who_pressed_on_is_not_asked_again(stage: Stage, wish: str) -> None:
    waits = asked(row(stage, weight=100.0 if wish == "finish" else 12.5))
    other = {"promoted": "finish", "finish": "promoted"}[wish]
    assert plan(waits, seen(**{other: True}), NOW) == ()
    (waived,) = plan(waits, seen(**{wish: True}), NOW)
    assert isinstance(waived, Waive)
    after = moved(waits, waived, NOW, lambda wait: NOW + wait)
    assert [run.status for run in after.hooks] == [HookStatus.SUCCEEDED]


def test_weights_set_by_hand_hold_until_the_next_step() -> None:
    early = row(deadline=LATER)
    (found,) = plan(early, seen(40.0), NOW)
    assert isinstance(found, Reweighed)
    known = moved(early, found, NOW, lambda wait: NOW + wait)
    assert (known.weight, known.step, known.deadline) == (40.0, 1, LATER)
    assert plan(known, seen(40.0), NOW) == ()
    due = replace(known, deadline=DUE)
    assert entered(plan(due, seen(40.0), NOW)) == [Stage.PRE_PRODUCTION_TRAFFIC_SHIFT]
    weigh = plan(replace(due, deadline=None), seen(40.0), NOW)[0]
    assert isinstance(weigh, Weigh)
    assert weigh.percent == 25.0


@pytest.mark.parametrize("share", [12.5, 12.500001, None])
def test_what_a_step_has_set_is_not_taken_for_set_by_hand(share: float | None) -> None:
    assert plan(row(deadline=LATER), seen(share), NOW) == ()


def test_a_step_that_was_weighed_and_not_written_down_is_not_taken_for_set_by_hand() -> None:
    died = row(deadline=None)
    assert [type(one) for one in plan(died, seen(25.0), NOW)] == [Weigh, Shifted]
    assert [type(one) for one in plan(died, seen(25.0, held=True), NOW)] == [Shifted]
    assert [type(one) for one in plan(died, seen(None, held=True), NOW)] == [Weigh, Shifted]


def test_a_hand_may_weigh_while_somebody_is_asked_between_two_steps_and_not_before_the_first() -> None:
    waits = asked(row(Stage.PRE_PRODUCTION_TRAFFIC_SHIFT, deadline=None))
    assert [type(one) for one in plan(waits, seen(40.0), NOW)] == [Reweighed]
    first = asked(row(Stage.PRE_PRODUCTION_TRAFFIC_SHIFT, deadline=None, step=0, weight=0.0))
    assert plan(first, seen(40.0), NOW) == ()


def test_all_traffic_by_hand_is_not_the_last_step() -> None:
    known = row(weight=100.0)
    assert entered(plan(known, seen(100.0), NOW)) == [Stage.PRE_PRODUCTION_TRAFFIC_SHIFT]


def test_a_share_taken_away_by_hand_comes_back_before_the_old_version_ends() -> None:
    last = row(weight=40.0, step=8)
    assert entered(plan(last, seen(40.0), NOW)) == [Stage.PRE_PRODUCTION_TRAFFIC_SHIFT]
    weigh, shifted = plan(replace(last, deadline=None), seen(40.0), NOW)
    assert isinstance(weigh, Weigh)
    assert weigh.percent == 100
    assert isinstance(shifted, Shifted)
    over = plan(row(BAKE, weight=100.0, step=8), seen(40.0), NOW)
    assert isinstance(over[0], Weigh)
    assert over[0].percent == 100
    assert entered(over) == [Stage.CLEAN_UP]


def test_without_a_rule_there_is_nothing_to_weigh() -> None:
    plain = Routes()
    assert entered(plan(row(BAKE, weight=100.0, step=8), seen(routes=plain), NOW)) == [Stage.CLEAN_UP]
    assert [type(one) for one in plan(row(deadline=None), seen(routes=plain), NOW)] == [Shifted]
