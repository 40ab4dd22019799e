"""The only functions that move a build on: phase by phase, and to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bambe.kernel.moves import check_move
from bambe.services.codebuild.model import MOVES, Build, PhaseRecord, PhaseType, Status

TAIL = (PhaseType.UPLOAD_ARTIFACTS, PhaseType.FINALIZING)


def enter(row: Build, phase: PhaseType, now: datetime) -> Build:
    """`row` in `phase`; the phase before it is over and good. Entering it again changes nothing."""
    if any(record.type is phase for record in row.phases):
        return row
    phases = _close(row.phases, now, Status.SUCCEEDED)
    return replace(row, phase=phase, phases=(*phases, PhaseRecord(phase, now)))


def admitted(row: Build, now: datetime) -> Build:
    """Out of the queue: from now on the build's own timeout counts."""
    minutes = row.settings.get("timeoutInMinutes") or 60
    return replace(enter(row, PhaseType.PROVISIONING, now), deadline=now + timedelta(minutes=minutes))


def reported(row: Build, records: Sequence[PhaseRecord], now: datetime) -> Build:
    """`row` with the phases its script has reported."""
    if not records:
        return row
    known = {record.type for record in records}
    before = tuple(record for record in row.phases if record.type not in known)
    closed = _close(before, min(now, records[0].start), Status.SUCCEEDED)
    return replace(row, phase=records[-1].type, phases=(*closed, *records))


def end(row: Build, status: Status, now: datetime, code: str = "", message: str = "") -> Build:
    """`row` at its end; `code` and `message` become the context of the phase that was running."""
    check_move(MOVES, row.status, status)
    phases = _close(row.phases, now, status, code, message)
    phases += tuple(PhaseRecord(phase, now, now, Status.SUCCEEDED) for phase in TAIL)
    phases += (PhaseRecord(PhaseType.COMPLETED, now),)
    return replace(row, status=status, phase=PhaseType.COMPLETED, phases=phases, ended=now)


def _close(
    phases: Sequence[PhaseRecord], now: datetime, status: Status, code: str = "", message: str = ""
) -> tuple[PhaseRecord, ...]:
    return tuple(
        record
        if record.end is not None
        else replace(
            record,
            end=max(now, record.start),
            status=status,
            code=record.code or code,
            message=record.message or message,
        )
        for record in phases
    )
