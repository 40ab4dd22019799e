"""A deployment's row after an action: pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bambe.services.codedeploy import lifecycle
from bambe.services.codedeploy.actions import (
    Begin,
    End,
    Enter,
    Expect,
    Invoke,
    Record,
    Reweighed,
    Shifted,
    Watch,
)
from bambe.services.codedeploy.deployment import HOOKS, Deployment, HookRun, Phase, Status

LIMITS = {Phase.INSTALL: timedelta(minutes=60)} | dict.fromkeys(HOOKS, timedelta(hours=1))
"""What green and functions may take: real time, since they do not run faster on a scaled clock."""

After = Callable[[timedelta], datetime]
"""When a wait that AWS counts is over, on a clock that may be scaled."""


def moved(row: Deployment, action: Record | Invoke, now: datetime, after: After) -> Deployment:
    """`row` once `action` is done."""
    match action:
        case Begin(phase=phase, blue=blue):
            return replace(
                _enter(row, phase, None, now, after),
                blue=blue.id,
                blue_definition=blue.definition,
                blue_group=action.blue_group,
                green_group=action.green_group,
            )
        case Expect(run=run):
            return replace(row, hooks=(*row.hooks, run))
        case Invoke(run=run):
            return replace(row, hooks=tuple(_invoked(one, run) for one in row.hooks))
        case Enter(phase=phase, minutes=minutes):
            return _enter(row, phase, minutes, now, after)
        case Shifted(step=step):
            deadline = after(timedelta(minutes=step.minutes))
            return replace(row, step=row.step + 1, weight=step.percent, deadline=deadline)
        case Reweighed(percent=percent):
            return replace(row, weight=percent)
        case Watch(until=until):
            return replace(row, unsteady_until=until)
        case End(status=status, why=why, code=code):
            ended = lifecycle.end(row, status, now, why)
            return replace(ended, error_code=code, error_message=why if code else "")


def _enter(row: Deployment, phase: Phase, minutes: int | None, now: datetime, after: After) -> Deployment:
    status = Status.READY if phase is Phase.READY else Status.IN_PROGRESS
    entered = lifecycle.enter(row, phase, status, now)
    deadline = now + LIMITS[phase] if phase in LIMITS else None
    if minutes is not None:
        deadline = after(timedelta(minutes=minutes))
    if phase is Phase.TERMINATION_WAIT:
        return replace(entered, deadline=deadline, weight=100, wait_started=row.plan.terminates_blue)
    weight = {Phase.DRAIN: 0, Phase.AFTER_TRAFFIC: 100}.get(phase, row.weight)
    return replace(entered, deadline=deadline, weight=weight)


def _invoked(known: HookRun, run: HookRun) -> HookRun:
    return replace(known, invoked=True) if known.id == run.id else known
