"""What a build does next: a pure function of its row, of what its container shows, and of time.

QUEUED -> PROVISIONING -> DOWNLOAD_SOURCE -> (the script's phases) -> COMPLETED -> swept away
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bambe.services.codebuild.model import Build, PhaseRecord, PhaseType, Status

GRACE = timedelta(seconds=5)
"""How long an exited container stays, so that its last lines reach the logs."""


@dataclass(frozen=True, slots=True)
class Seen:
    """`running`: the container runs (None: there is none); `verdict`: what the script said at its end."""

    running: bool | None = None
    exit_reason: str = ""
    records: tuple[PhaseRecord, ...] = ()
    verdict: Status | None = None
    ended_at_least_for: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Admit:
    """Take the build out of the queue if a place is free, and prepare and start its container."""

    why: str


@dataclass(frozen=True, slots=True)
class Launch:
    """Export the source, write the script, start the container (again, after a crash)."""

    why: str


@dataclass(frozen=True, slots=True)
class Follow:
    """Record the phases the script has reported."""

    records: tuple[PhaseRecord, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Kill:
    """Stop the container."""

    why: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The build is over."""

    status: Status
    why: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Remove the container and the build directory; the logs stay."""

    why: str


Action = Admit | Launch | Follow | Kill | Finish | Sweep


def plan(wish: Build, seen: Seen, now: datetime) -> tuple[Action, ...]:
    """The next step; nothing while there is only to wait."""
    if wish.is_over:
        return _afterwards(wish, seen)
    if wish.stop_asked:
        return (*_kill(seen, "StopBuild"), Finish(Status.STOPPED, "The build was stopped.", "STOPPED"))
    if wish.phase is PhaseType.QUEUED:
        return _queued(wish, now)
    if seen.running is None and seen.verdict is None and wish.phase not in _IN_CONTAINER:
        return (Launch("the container is not there yet"),)
    follow = _follow(wish, seen)
    if seen.verdict is not None:
        return (*follow, Finish(seen.verdict, "the script has come to its end"))
    if wish.deadline is not None and now >= wish.deadline:
        minutes = wish.settings.get("timeoutInMinutes") or 60
        why = f"Build has timed out after {minutes} minutes."
        return (*follow, *_kill(seen, why), Finish(Status.TIMED_OUT, why, "BUILD_TIMED_OUT"))
    if not seen.running:
        why = f"The build container ended before its script did: {seen.exit_reason or 'it is gone'}"
        return (*follow, Finish(Status.FAULT, why, "BUILD_CONTAINER_STOPPED"))
    return follow


_IN_CONTAINER = (PhaseType.INSTALL, PhaseType.PRE_BUILD, PhaseType.BUILD, PhaseType.POST_BUILD)


def _queued(wish: Build, now: datetime) -> tuple[Action, ...]:
    if wish.queued_until is not None and now >= wish.queued_until:
        return (Finish(Status.TIMED_OUT, "The build waited too long in the queue.", "BUILD_TIMED_OUT"),)
    return (Admit("it is in the queue"),)


def _follow(wish: Build, seen: Seen) -> tuple[Action, ...]:
    known = tuple(record for record in wish.phases if record.type in _IN_CONTAINER)
    if known == seen.records:
        return ()
    return (Follow(seen.records, "the script has reported"),)


def _kill(seen: Seen, why: str) -> tuple[Action, ...]:
    return (Kill(why),) if seen.running else ()


def _afterwards(wish: Build, seen: Seen) -> tuple[Action, ...]:
    if wish.cleaned:
        return ()
    if seen.running and seen.verdict is None:
        return (Kill("the build is over"),)
    return (Sweep("the build is over"),) if seen.ended_at_least_for >= GRACE else ()
