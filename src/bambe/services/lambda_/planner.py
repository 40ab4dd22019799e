"""What an invocation does next; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from bambe.services.lambda_.model import Invocation, Result, Stage

ATTEMPTS = 3
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=2))
"""Asynchronous invocation: two more tries (AWS Lambda guide, "Asynchronous invocation: error handling")."""
LOGS_SHIPPED = timedelta(seconds=3)
KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """`running`: its containers run (None: there are none); `result`: what the function left."""

    running: bool | None = None
    reason: str = ""
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Start:
    why: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Record the result, and stop what still runs."""

    result: Result
    why: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again once `wait` (which AWS counts) is over."""

    wait: timedelta
    why: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove the containers and files."""

    why: str


@dataclass(frozen=True, slots=True)
class Forget:
    why: str


Action = Start | Finish | Retry | Remove | Forget


def plan(wish: Invocation, seen: Seen, now: datetime, *, has_place: bool) -> tuple[Action, ...]:
    """The next step; nothing while there is only to wait. `has_place`: another container may start."""
    if wish.stage is Stage.DONE:
        return _afterwards(wish, seen, now)
    if wish.stage is Stage.WAITING:
        due = wish.not_before is None or now >= wish.not_before
        return (Start("its turn has come"),) if due and has_place else ()
    if seen.result is not None:
        return _ended(wish, seen.result, "the function has answered")
    if wish.deadline is not None and now >= wish.deadline:
        return _ended(wish, _timed_out(wish, now), "it took too long")
    if seen.running is None:
        return (Start("its container is not there"),)
    if not seen.running:
        return _ended(wish, _exited(wish, seen.reason), "its container exited")
    return ()


def _ended(wish: Invocation, result: Result, why: str) -> tuple[Action, ...]:
    if result.error and not wish.waited_for and wish.attempt < ATTEMPTS:
        return (Retry(RETRY_AFTER[wish.attempt - 1], why),)
    return (Finish(result, why),)


def _afterwards(wish: Invocation, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if wish.ended is None or now < wish.ended + LOGS_SHIPPED:
        return ()
    if seen.running is not None:
        return (Remove("its logs have been shipped"),)
    return (Forget("it ended an hour ago"),) if now >= wish.ended + KEPT else ()


def look_again(wish: Invocation, now: datetime) -> datetime | None:
    """When time alone changes the plan."""
    if wish.stage is Stage.DONE:
        ended = wish.ended or now
        return ended + (LOGS_SHIPPED if now < ended + LOGS_SHIPPED else KEPT)
    if wish.stage is Stage.WAITING:
        return max(wish.not_before or now, now + timedelta(seconds=0.1))
    soon = now + timedelta(seconds=0.05)
    return min(soon, wish.deadline) if wish.deadline and wish.deadline > now else soon


def _timed_out(wish: Invocation, now: datetime) -> Result:
    began, ends = wish.started or now, wish.deadline or now
    seconds = (ends - began).total_seconds()
    at = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03}Z"
    return _failure(f"{at} {wish.id} Task timed out after {seconds:.2f} seconds")


def _exited(wish: Invocation, reason: str) -> Result:
    detail = reason or "exit status 1"
    return _failure(f"RequestId: {wish.id} Error: Runtime exited with error: {detail}", "Runtime.ExitError")


def _failure(message: str, kind: str = "") -> Result:
    said = ({"errorType": kind} if kind else {}) | {"errorMessage": message}
    return Result(json.dumps(said).encode(), "Unhandled", message.encode())
