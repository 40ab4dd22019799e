"""What a deployment that shifts traffic (BLUE_GREEN, CANARY, LINEAR) does next; pure.

[RECONCILE_SERVICE] -> PRE_SCALE_UP -> SCALE_UP -> POST_SCALE_UP -> TEST_TRAFFIC_SHIFT
-> POST_TEST_TRAFFIC_SHIFT -> (PRE_PRODUCTION_TRAFFIC_SHIFT -> PRODUCTION_TRAFFIC_SHIFT, once a step)
-> POST_PRODUCTION_TRAFFIC_SHIFT -> BAKE_TIME -> CLEAN_UP

People may hold it at a step, weigh by hand during the shift, and press on (`Seen`).

The way back: PRODUCTION_TRAFFIC_SHIFT -> TEST_TRAFFIC_SHIFT -> CLEAN_UP of the target, weights first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bambe.services.ecs import strategy
from bambe.services.ecs.service_deployment import (
    HOOK_WAITS,
    DeploymentStatus,
    HookRun,
    HookStatus,
    ServiceDeployment,
    Stage,
    breaker_opened,
)
from bambe.services.ecs.shift_actions import (
    Action,
    Ask,
    Call,
    Drain,
    End,
    Enter,
    Expire,
    GoBack,
    Part,
    Record,
    Reweighed,
    Scale,
    Seen,
    Shifted,
    Waive,
    Weigh,
)

COMPARED = (
    Stage.PRE_PRODUCTION_TRAFFIC_SHIFT,
    Stage.PRODUCTION_TRAFFIC_SHIFT,
    Stage.POST_PRODUCTION_TRAFFIC_SHIFT,
    Stage.BAKE_TIME,
)
"""While both revisions can have traffic."""
TIMED_OUT = "Service deployment rolled back because the stage {} did not end within 24 hours."
EXPIRED = "Service deployment rolled back because it did not end within 30 days."
SAME = 0.01
"""Percents that differ by less are the same share; two weights a rule can have differ by more."""
HOLDING = (Stage.PRODUCTION_TRAFFIC_SHIFT, Stage.BAKE_TIME)
"""Stages that a hold keeps from ending, and from being too long."""
WITH_ALL_TRAFFIC = (Stage.POST_PRODUCTION_TRAFFIC_SHIFT, Stage.BAKE_TIME)


def plan(row: ServiceDeployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    """The next step; nothing while there is only to wait."""
    if row.is_over:
        return ()
    if row.going_back:
        return _back(row, seen, now)
    if row.asked and row.stage is not Stage.CLEAN_UP:
        return _stop(row, seen)
    if row.stage is None:
        return _begin(row, seen)
    if row.stage is Stage.CLEAN_UP:
        return _clean_up(row, seen, now)
    trouble = _trouble(row, seen)
    if trouble:
        return trouble
    step = _STEPS[row.stage](row, seen, now)
    return step if any(isinstance(action, Record) for action in step) else _late(row, seen, now) or step


def _stop(row: ServiceDeployment, seen: Seen) -> tuple[Action, ...]:
    if row.asked == "ABORT" or row.is_first:
        return (End(DeploymentStatus.STOPPED, row.asked_why),)
    return _go_back(seen, row.asked_why)


def _begin(row: ServiceDeployment, seen: Seen) -> tuple[Action, ...]:
    if seen.others:
        return (Enter(Stage.RECONCILE_SERVICE, "the service has more than one revision"),)
    return (Enter(Stage.PRE_SCALE_UP, "the service can be deployed"),)


def _trouble(row: ServiceDeployment, seen: Seen) -> tuple[Action, ...]:
    """How the deployment fails, if it does."""
    if seen.problem:
        return _fail(row, seen, f"Service deployment rolled back because of {seen.problem}", True)
    if seen.target is None or seen.target.draining:
        return _fail(row, seen, "Service deployment rolled back because its tasks were deleted.", True)
    if seen.alarms:
        names = ", ".join(seen.alarms)
        return _fail(row, seen, f"Service deployment failed: alarm detected: {names}.", seen.alarms_roll_back)
    if seen.worse and row.stage in COMPARED:
        return _fail(row, seen, f"Service deployment rolled back because {seen.worse}.", True)
    if seen.breaker_opens:
        rolls_back = seen.breaker_rolls_back and not row.is_first
        return _fail(row, seen, breaker_opened(rolls_back), rolls_back)
    return ()


def _fail(row: ServiceDeployment, seen: Seen, why: str, rolls_back: bool) -> tuple[Action, ...]:
    if rolls_back and not row.is_first:
        return _go_back(seen, why)
    return (End(DeploymentStatus.STOPPED, why),)


def _go_back(seen: Seen, why: str) -> tuple[Action, ...]:
    """Traffic goes first: what is written down can wait."""
    if seen.source is not None and seen.routes.has_production and seen.routes.production != 0:
        return (Weigh(0, why), GoBack(why))
    return (GoBack(why),)


def _reconcile(row: ServiceDeployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if seen.routes.has_production and seen.source is not None and seen.routes.production != 0:
        return (Weigh(0, "the source revision gets all traffic first"),)
    waits = _judged(row, seen, now)
    if waits is not None:
        return waits
    drains = tuple(Drain(one.id, "it is of an earlier deployment") for one in seen.others if not one.draining)
    if seen.others:
        return drains
    return (Enter(Stage.PRE_SCALE_UP, "one revision is left"),)


def _scale_up(row: ServiceDeployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    target = _part(seen.target)
    if target.scale < 100:
        return (Scale(target.id, "the target revision starts"),)
    if not target.settled:
        return ()
    if not row.is_first:
        return (Enter(Stage.POST_SCALE_UP, "the target revision is healthy"),)
    why = "the first revision is healthy"
    if seen.routes.has_production and seen.routes.production != 100:
        return (Weigh(100, why),)
    return (End(DeploymentStatus.SUCCESSFUL, "Service deployment completed."),)


def _late(row: ServiceDeployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    """What becomes of a stage, or of a deployment, that goes on for too long."""
    if row.expires is not None and now >= row.expires:
        return _fail(row, seen, EXPIRED, True)
    held = seen.held and row.stage in HOLDING
    if row.limit is not None and now >= row.limit and not held:
        return _fail(row, seen, TIMED_OUT.format(row.stage), True)
    return ()


def _test_shift(row: ServiceDeployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if seen.routes.has_test and seen.routes.test != 100:
        return (Weigh(100, "the test rule gets the target revision", test=True),)
    why = "the test rule has the target revision"
    return _then(row, seen, now, Enter(Stage.POST_TEST_TRAFFIC_SHIFT, why))


def _before_shift(row: ServiceDeployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    by_hand = _by_hand(row, seen)
    return by_hand or _then(row, seen, now, Enter(Stage.PRODUCTION_TRAFFIC_SHIFT, f"{row.stage} is over"))


def _production_shift(row: ServiceDeployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if row.deadline is None:
        return _next_step(row, seen)
    by_hand = _by_hand(row, seen)
    if by_hand:
        return by_hand
    waits = _judged(row, seen, now)
    if waits is not None:
        return waits
    if (seen.held or now < row.deadline) and not seen.promoted:
        return ()
    if row.step >= len(strategy.steps(row.configuration)) and row.weight >= 100:
        return (Enter(Stage.POST_PRODUCTION_TRAFFIC_SHIFT, "it has all production traffic"),)
    return (Enter(Stage.PRE_PRODUCTION_TRAFFIC_SHIFT, "the bake time of the step is over"),)


def _next_step(row: ServiceDeployment, seen: Seen) -> tuple[Action, ...]:
    every = strategy.steps(row.configuration)
    last = len(every) - 1
    number = last if seen.promoted or not seen.routes.has_production else min(row.step, last)
    step = every[number]
    why = f"the target revision gets {step.percent:g} percent of the production traffic"
    shifted = Shifted(step, max(row.step, number) + 1, why)
    share = seen.routes.production
    if seen.held and not seen.promoted and seen.routes.has_production:
        if _is(share, step.percent):
            return (shifted,)  # weighed before the hold, and not written down
        if share is not None:
            return _by_hand(row, seen)
    elif not _part(seen.target).settled:
        return ()  # its tasks are replaced first; what keeps failing opens the circuit breaker
    weigh = (Weigh(step.percent, why),) if seen.routes.has_production else ()
    return (*weigh, shifted)


def _by_hand(row: ServiceDeployment, seen: Seen) -> tuple[Action, ...]:
    """Whether somebody has set another share since the last step; nobody may before the first."""
    share = seen.routes.production
    if share is None or not row.step or _is(share, row.weight):
        return ()
    return (Reweighed(share, f"somebody gave the target revision {share:.4g} percent"),)


def _is(share: float | None, percent: float) -> bool:
    return share is not None and abs(share - percent) < SAME


def _bake(row: ServiceDeployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    over = row.deadline is None or now >= row.deadline
    if not (seen.finish or (over and not seen.held)):
        return ()
    enter = Enter(Stage.CLEAN_UP, "the bake time is over")
    if seen.routes.has_production and seen.routes.production != 100:
        return (Weigh(100, "what somebody gave the source revision by hand would be lost with it"), enter)
    return (enter,)


def _clean_up(row: ServiceDeployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if seen.source is not None and not seen.source.draining:
        return (Drain(seen.source.id, "its traffic and its bake time are over"),)
    if seen.source is not None:
        return ()
    return (End(DeploymentStatus.SUCCESSFUL, "Service deployment completed."),)


def _back(row: ServiceDeployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if seen.source is None or seen.source.draining:
        why = "Service deployment could not be rolled back: the source revision is gone."
        return (End(DeploymentStatus.ROLLBACK_FAILED, why),)
    why = row.rollback_reason
    if seen.routes.has_production and seen.routes.production != 0:
        return (Weigh(0, why),)
    if row.stage is Stage.PRODUCTION_TRAFFIC_SHIFT:
        return _then(row, seen, now, Enter(Stage.TEST_TRAFFIC_SHIFT, why))
    if row.stage is Stage.TEST_TRAFFIC_SHIFT:
        if seen.routes.has_test and seen.routes.test != 0:
            return (Weigh(0, why, test=True),)
        return _then(row, seen, now, Enter(Stage.CLEAN_UP, why))
    if seen.target is not None:
        return () if seen.target.draining else (Drain(seen.target.id, why),)
    return (End(DeploymentStatus.ROLLBACK_SUCCESSFUL, why),)


def _hooked(following: Stage) -> Callable[..., tuple[Action, ...]]:
    """The step of a stage in which hooks are all there is."""

    def step(row: ServiceDeployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
        wait = row.configuration.get("bakeTimeInMinutes", 0) if following is Stage.BAKE_TIME else None
        return _then(row, seen, now, Enter(following, f"{row.stage} is over", minutes=wait))

    return step


def _then(row: ServiceDeployment, seen: Seen, now: datetime, following: Enter) -> tuple[Action, ...]:
    """`following`, once the hooks of this passage are content."""
    waits = _judged(row, seen, now)
    return (following,) if waits is None else waits


def _judged(row: ServiceDeployment, seen: Seen, now: datetime) -> tuple[Action, ...] | None:
    """What to do about the hooks of this passage; None when none is left to wait for."""
    wanted = tuple(hook for hook in strategy.hooks(row.configuration) if row.stage in hook.stages)
    runs = [run for run in row.hooks if run.passage == row.passage]
    if row.is_first or not wanted:
        return None
    if not runs:
        return (Ask(wanted, f"{row.stage} has {len(wanted)} hooks"),)
    if not row.going_back:
        refused = [run for run in runs if _refuses(run)]
        if refused:
            return (GoBack(_refusal(refused[0])),)
    waiting = [run for run in runs if run.status in HOOK_WAITS]
    pressed = seen.finish if row.stage in WITH_ALL_TRAFFIC else seen.promoted
    waived = tuple(Waive(run, "somebody has pressed on") for run in waiting if pressed and not run.function)
    return waived or (_wait_for(waiting, now) if waiting else None)


def _wait_for(waiting: Sequence[HookRun], now: datetime) -> tuple[Action, ...]:
    late = tuple(Expire(run, "nobody answered in time") for run in waiting if now >= run.expires_at)
    if late:
        return late
    return tuple(
        Call(run, f"{run.stage} is for {run.function} to judge")
        for run in waiting
        if run.function and run.call_at is not None and now >= run.call_at
    )


def _refuses(run: HookRun) -> bool:
    timed_out = run.status is HookStatus.TIMED_OUT and run.on_timeout == "ROLLBACK"
    return run.status is HookStatus.FAILED or timed_out


def _refusal(run: HookRun) -> str:
    what = run.function or run.id
    if run.status is HookStatus.TIMED_OUT:
        return f"Service deployment rolled back because the lifecycle hook {what} at {run.stage} timed out."
    why = f": {run.answer.rstrip('.')}" if run.answer else ""
    return f"Service deployment rolled back because the lifecycle hook {what} at {run.stage} failed{why}."


def _part(part: Part | None) -> Part:
    if part is None:
        raise ValueError("a deployment without its target has failed before")
    return part


_STEPS: dict[Stage, Callable[[ServiceDeployment, Seen, datetime], tuple[Action, ...]]] = {
    Stage.RECONCILE_SERVICE: _reconcile,
    Stage.PRE_SCALE_UP: _hooked(Stage.SCALE_UP),
    Stage.SCALE_UP: _scale_up,
    Stage.POST_SCALE_UP: _hooked(Stage.TEST_TRAFFIC_SHIFT),
    Stage.TEST_TRAFFIC_SHIFT: _test_shift,
    Stage.POST_TEST_TRAFFIC_SHIFT: _hooked(Stage.PRE_PRODUCTION_TRAFFIC_SHIFT),
    Stage.PRE_PRODUCTION_TRAFFIC_SHIFT: _before_shift,
    Stage.PRODUCTION_TRAFFIC_SHIFT: _production_shift,
    Stage.POST_PRODUCTION_TRAFFIC_SHIFT: _hooked(Stage.BAKE_TIME),
    Stage.BAKE_TIME: _bake,
}
