"""No stage of a deployment that shifts traffic lasts longer than 24 hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bambe.services.ecs import shift_moves, strategy
from bambe.services.ecs.service_deployment import (
    DeploymentStatus,
    Hook,
    HookRun,
    HookStatus,
    ServiceDeployment,
    ShiftStep,
    Stage,
)
from bambe.services.ecs.shift_actions import (
    Ask,
    Call,
    End,
    Enter,
    Expire,
    GoBack,
    Part,
    Routes,
    Seen,
    Shifted,
)
from bambe.services.ecs.shift_planner import plan
from tests.support.mortal import MortalHouse
from tests.unit.services.ecs.test_shifting import HOOK, SERVICES, Functions, Shop

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(hours=24)
FUNCTION = "arn:aws:lambda:eu-central-1:000000000000:function:judge"
WAITING = {
    Stage.RECONCILE_SERVICE: {"others": (Part("before", draining=True, tasks=1),)},
    Stage.SCALE_UP: {"target": Part("new", 100.0)},
    Stage.PRODUCTION_TRAFFIC_SHIFT: {"target": Part("new", 100.0)},
}
"""What keeps a stage from ending where no hook does."""
HOOKED = [
    Stage.RECONCILE_SERVICE,
    Stage.PRE_SCALE_UP,
    Stage.POST_SCALE_UP,
    Stage.TEST_TRAFFIC_SHIFT,
    Stage.POST_TEST_TRAFFIC_SHIFT,
    Stage.PRE_PRODUCTION_TRAFFIC_SHIFT,
    Stage.PRODUCTION_TRAFFIC_SHIFT,
    Stage.POST_PRODUCTION_TRAFFIC_SHIFT,
]


def a_row(stage: Stage, **changes: Any) -> ServiceDeployment:
    hooks = [{**HOOK, "lifecycleStages": changes.pop("hooked", [])}] if "hooked" in changes else []
    said = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1440, "lifecycleHooks": hooks}
    row = ServiceDeployment(
        account="000000000000",
        region="eu-central-1",
        cluster="shop",
        service="orders",
        id="one",
        status=DeploymentStatus.IN_PROGRESS,
        stage=stage,
        configuration=strategy.checked(said),
        source="a",
        target="b",
        source_set="old",
        target_set="new",
        created_at=NOW,
        updated_at=NOW,
        entered=NOW,
        limit=NOW + DAY,
    )
    return replace(row, **changes)


def seen(**changes: Any) -> Seen:
    there: dict[str, Any] = {
        "source": Part("old", 100.0, True),
        "target": Part("new", 100.0, True),
        "routes": Routes(0.0, 0.0, has_production=True),
    }
    return Seen(**{**there, **changes})


@pytest.mark.parametrize("stage", WAITING)
def test_a_stage_that_does_not_end_takes_the_deployment_back(stage: Stage) -> None:
    row, there = a_row(stage), seen(**WAITING[stage])
    assert plan(row, there, NOW + DAY - timedelta(seconds=1)) == ()
    (back,) = plan(row, there, NOW + DAY)
    assert back == GoBack(
        f"Service deployment rolled back because the stage {stage} did not end within 24 hours."
    )
    (ended,) = plan(replace(row, source="", source_set=""), there, NOW + DAY)
    assert isinstance(ended, End)
    assert ended.status is DeploymentStatus.STOPPED


def test_a_stage_that_somebody_holds_may_take_as_long_as_it_is_held() -> None:
    row = a_row(Stage.PRODUCTION_TRAFFIC_SHIFT, deadline=NOW, step=1)
    there = seen(routes=Routes(0.0, 0.0, has_production=True), held=True)
    assert plan(row, there, NOW + 3 * DAY) == ()
    (on,) = plan(row, replace(there, held=False), NOW + 3 * DAY)
    assert isinstance(on, Enter)


@pytest.mark.parametrize("stage", HOOKED)
def test_a_hook_that_is_never_content_does_not_hold_a_stage_for_ever(stage: Stage) -> None:
    row = a_row(stage, hooked=[stage], deadline=NOW if stage is Stage.PRODUCTION_TRAFFIC_SHIFT else None)
    run = HookRun(
        id="ecs-hook-1",
        stage=stage,
        passage=row.passage,
        function=FUNCTION,
        status=HookStatus.IN_PROGRESS,
        expires_at=NOW + 3 * DAY,
        on_timeout="ROLLBACK",
        call_at=NOW,
    )
    row = replace(row, hooks=[run])
    there = seen(routes=Routes(0.0, None))
    (asked,) = plan(row, there, NOW + DAY - timedelta(seconds=1))
    assert isinstance(asked, Call)
    (back,) = plan(row, there, NOW + DAY)
    assert isinstance(back, GoBack)
    (expired,) = plan(row, there, NOW + 3 * DAY)
    assert isinstance(expired, Expire), "what its own timeout says comes first"


def test_a_deployment_ends_within_30_days_whatever_its_pauses_may_take() -> None:
    row = a_row(Stage.SCALE_UP, limit=NOW + 40 * DAY, expires=NOW + 30 * DAY)
    there = seen(target=Part("new", 100.0))
    assert plan(row, there, NOW + 29 * DAY) == ()
    (back,) = plan(row, there, NOW + 30 * DAY)
    assert isinstance(back, GoBack)
    assert "30 days" in back.why
    fresh = replace(row, stage=None, expires=None)
    first = shift_moves.moved(fresh, Enter(Stage.PRE_SCALE_UP, ""), NOW, lambda wait: NOW + wait)
    second = shift_moves.moved(first, Enter(Stage.SCALE_UP, ""), NOW + DAY, lambda wait: NOW + DAY + wait)
    assert second.expires == first.expires == NOW + 30 * DAY


def test_a_bake_time_of_24_hours_is_not_too_long() -> None:
    row = a_row(Stage.BAKE_TIME, deadline=NOW + DAY)
    there = seen(routes=Routes(100.0, 100.0, has_production=True))
    assert plan(row, there, NOW + DAY) == (Enter(Stage.CLEAN_UP, "the bake time is over"),)
    step = a_row(Stage.PRODUCTION_TRAFFIC_SHIFT, deadline=NOW + DAY, weight=10.0, step=1)
    (entered,) = plan(step, seen(routes=Routes(10.0, 0.0, has_production=True)), NOW + DAY)
    assert isinstance(entered, Enter)


def test_the_limit_begins_anew_with_each_stage_step_and_hook() -> None:
    now = NOW + timedelta(hours=5)
    row = a_row(Stage.SCALE_UP)

    def moved(action: Any) -> ServiceDeployment:
        return shift_moves.moved(row, action, now, lambda wait: now + wait)

    assert moved(Enter(Stage.POST_SCALE_UP, "")).limit == now + DAY
    assert moved(Shifted(ShiftStep(10.0, 5), 1, "")).limit == now + DAY
    judge = Hook(function=FUNCTION, stages=(Stage.SCALE_UP,))
    assert moved(Ask((judge,), "")).limit == now + DAY
    pause = Hook(function="", stages=(Stage.SCALE_UP,), minutes=20160)
    assert moved(Ask((judge, pause), "")).limit == now + timedelta(days=14), "a pause may last for 14 days"


async def test_a_function_that_takes_its_time_for_ever_takes_the_deployment_back(tmp_path: Path) -> None:
    house = MortalHouse(tmp_path, SERVICES, scale=3600)
    await house.start()
    shop = Shop(house)
    judge = Functions({"hookStatus": "IN_PROGRESS", "callBackDelay": 1})
    house.services["lambda"] = judge.service()  # type: ignore[index]
    forever = {"timeoutConfiguration": {"timeoutInMinutes": 20160, "action": "CONTINUE"}}
    await shop.open(lifecycleHooks=[{**HOOK, **forever, "lifecycleStages": ["POST_SCALE_UP"]}])
    await shop.release()
    await shop.until("POST_SCALE_UP")
    back = await shop.until("ROLLBACK_SUCCESSFUL")
    assert "POST_SCALE_UP did not end within 24 hours" in back["statusReason"]
    assert len(judge.asked) > 10
    await house.advance(15)
    await shop.check_end()
    await house.stop()
