"""A service deployment's row after an action: pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bambe.kernel.ids import digest_id
from bambe.kernel.moves import check_move
from bambe.services.ecs.service_deployment import (
    DEPLOYMENT_MOVES,
    HOOK_WAITS,
    DeploymentStatus,
    Hook,
    HookRun,
    HookStatus,
    ServiceDeployment,
    Stage,
)
from bambe.services.ecs.shift_actions import (
    Ask,
    End,
    Enter,
    Expire,
    GoBack,
    Record,
    Reweighed,
    Shifted,
    Waive,
)

After = Callable[[timedelta], datetime]
"""When a wait that AWS counts is over, on a clock that may be scaled."""
HOOKS_KEPT = 100
STAGE_LIMIT = timedelta(hours=24)
"""Of each stage, and of each step of the traffic shift (ECS guide, deployment lifecycle stages); a pause may
be given more."""
WHOLE_LIMIT = timedelta(days=30)


def moved(row: ServiceDeployment, action: Record, now: datetime, after: After) -> ServiceDeployment:
    """`row` once `action` is done."""
    row = replace(row, updated_at=now)
    match action:
        case Enter(stage=stage, minutes=minutes):
            deadline = None if minutes is None else after(timedelta(minutes=minutes))
            status = row.status if row.going_back else DeploymentStatus.IN_PROGRESS
            begun = replace(to(row, status), started_at=row.started_at or now)
            begun = replace(begun, limit=after(STAGE_LIMIT), expires=row.expires or after(WHOLE_LIMIT))
            return replace(begun, stage=stage, entered=now, deadline=deadline)
        case Shifted(step=step, done=done):
            deadline = after(timedelta(minutes=step.minutes))
            shifted = replace(row, step=done, weight=step.percent, deadline=deadline)
            return replace(shifted, limit=after(STAGE_LIMIT))
        case Reweighed(percent=percent):
            return replace(row, weight=percent)
        case Ask(hooks=hooks):
            runs = [_run(row, number, hook, now, after) for number, hook in enumerate(hooks)]
            pauses = [run.expires_at for run in runs if not run.function]
            limit = max([after(STAGE_LIMIT), *pauses])
            return replace(row, hooks=[*row.hooks, *runs][-HOOKS_KEPT:], limit=limit)
        case Expire(run=run):
            return answered(row, run.id, HookStatus.TIMED_OUT, now)
        case Waive(run=run):
            return answered(row, run.id, HookStatus.SUCCEEDED, now)
        case GoBack(why=why):
            back = to(row, DeploymentStatus.ROLLBACK_IN_PROGRESS)
            return replace(
                back, going_back=True, stage=Stage.PRODUCTION_TRAFFIC_SHIFT, entered=now, deadline=None,
                weight=0.0, rollback_reason=why, rollback_at=now, started_at=row.started_at or now,
                hooks=[_given_up(run) for run in row.hooks],
            )  # fmt: skip
        case End(status=status, why=why):
            return ended(row, status, why, now)


def ended(row: ServiceDeployment, status: DeploymentStatus, why: str, now: datetime) -> ServiceDeployment:
    """`row` in its terminal status."""
    over = replace(to(row, status), reason=why, deadline=None, updated_at=now, finished_at=now)
    stopped = status is DeploymentStatus.STOPPED
    return replace(over, stopped_at=now) if stopped else over


def to(row: ServiceDeployment, status: DeploymentStatus) -> ServiceDeployment:
    """`row` with another status, if it may have it."""
    check_move(DEPLOYMENT_MOVES, row.status, status)
    return replace(row, status=status)


def answered(
    row: ServiceDeployment, hook: str, status: HookStatus, now: datetime, why: str = ""
) -> ServiceDeployment:
    """`row` with the status of one of its hooks; one that is settled already stays."""
    return replace(row, updated_at=now, hooks=[_answered(run, hook, status, why) for run in row.hooks])


def _answered(run: HookRun, hook: str, status: HookStatus, why: str) -> HookRun:
    if run.id != hook or run.status not in HOOK_WAITS:
        return run
    return replace(run, status=status, call_at=None, answer=why)


def _given_up(run: HookRun) -> HookRun:
    """A hook nobody waits for any more, since the deployment goes back."""
    return replace(run, call_at=None) if run.status is HookStatus.IN_PROGRESS else run


def _run(row: ServiceDeployment, number: int, hook: Hook, now: datetime, after: After) -> HookRun:
    kind = "hook" if hook.function else "pause"
    unique = digest_id(row.account, row.region, row.id, row.passage, str(number), length=20)
    return HookRun(
        id=f"ecs-{kind}-{unique}",
        stage=row.stage or Stage.PRE_SCALE_UP,
        passage=row.passage,
        function=hook.function,
        status=HookStatus.IN_PROGRESS if hook.function else HookStatus.AWAITING_ACTION,
        expires_at=after(timedelta(minutes=hook.minutes)),
        on_timeout=hook.on_timeout,
        call_at=now if hook.function else None,
        details=hook.details,
    )
