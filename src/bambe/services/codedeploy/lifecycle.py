"""Lifecycle events in AWS's order, and the only functions that move a deployment on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bambe.kernel.moves import check_move
from bambe.services.codedeploy.deployment import (
    HOOKS,
    MOVES,
    Deployment,
    EventStatus,
    LifecycleEvent,
    Phase,
    Status,
)

BEFORE = ("BeforeInstall", "Install", "AfterInstall")
TEST = ("AllowTestTraffic", "AfterAllowTestTraffic")
AFTER = ("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")
RUNS = {
    Phase.START: "BeforeInstall",
    Phase.DRAIN: "AllowTraffic",
    **{phase: phase.value for phase in (*HOOKS, Phase.INSTALL, Phase.TEST, Phase.SHIFT)},
}
PAUSES = {Phase.READY: "BeforeAllowTraffic"}
"""Phases between two events: those before are over, this one has not begun."""


def fresh(has_test_listener: bool) -> tuple[LifecycleEvent, ...]:
    """All events of a new deployment; those of the test listener only where there is one."""
    names = (*BEFORE, *(TEST if has_test_listener else ()), *AFTER)
    return tuple(LifecycleEvent(name) for name in names)


def of_rollback(has_test_listener: bool) -> tuple[LifecycleEvent, ...]:
    """The events of a way back: nothing is installed, since the original task set still runs."""
    return tuple(
        replace(event, status=EventStatus.SKIPPED) if event.name in (*BEFORE, *TEST) else event
        for event in fresh(has_test_listener)
    )


def enter(row: Deployment, phase: Phase, status: Status, now: datetime) -> Deployment:
    """`row` in `phase` with `status`: events before it are over, its own one is running."""
    check_move(MOVES, row.status, status)
    started = row.started or now
    return replace(
        row,
        phase=phase,
        status=status,
        entered=now,
        started=started,
        deadline=None,
        events=_run(row.events, RUNS.get(phase), PAUSES.get(phase), now),
    )


def end(row: Deployment, status: Status, now: datetime, message: str = "") -> Deployment:
    """`row` in its terminal `status`; what was running failed with it, what was to come is skipped."""
    check_move(MOVES, row.status, status)
    good = status is Status.SUCCEEDED
    events = _run(row.events, None, None, now) if good else _break(row.events, now, message)
    return replace(
        row, phase=Phase.DONE, status=status, entered=now, completed=now, deadline=None, events=events
    )


def _run(
    events: tuple[LifecycleEvent, ...], running: str | None, pending: str | None, now: datetime
) -> tuple[LifecycleEvent, ...]:
    made = []
    ahead = False
    for event in events:
        if event.name in (running, pending):
            ahead = True
            if event.name == running and event.status is EventStatus.PENDING:
                event = replace(event, status=EventStatus.IN_PROGRESS, start=now)
        elif not ahead and event.status in (EventStatus.PENDING, EventStatus.IN_PROGRESS):
            event = replace(event, status=EventStatus.SUCCEEDED, start=event.start or now, end=now)
        made.append(event)
    return tuple(made)


def _break(events: tuple[LifecycleEvent, ...], now: datetime, message: str) -> tuple[LifecycleEvent, ...]:
    made = []
    for event in events:
        if event.status is EventStatus.IN_PROGRESS:
            event = replace(event, status=EventStatus.FAILED, end=now, message=message)
        elif event.status is EventStatus.PENDING:
            event = replace(event, status=EventStatus.SKIPPED)
        made.append(event)
    return tuple(made)
