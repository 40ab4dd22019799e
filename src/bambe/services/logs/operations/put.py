"""Events written by a client."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.logs.checks import find_group, find_stream
from bambe.services.logs.errors import InvalidParameterException
from bambe.services.logs.model import MILLISECOND, measure, to_ms
from bambe.services.logs.tables import add_events

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import PutLogEventsRequestTypeDef

LARGEST = 1_048_576
LONGEST = timedelta(hours=24) // MILLISECOND
OLDEST = timedelta(days=14) // MILLISECOND
NEWEST = timedelta(hours=2) // MILLISECOND
DAY = timedelta(days=1) // MILLISECOND
NEXT = "49" + "0" * 54
"""Sequence tokens have no meaning since 2023; one is still answered."""


async def put_log_events(call: Call, request: PutLogEventsRequestTypeDef) -> Answer:
    events = [(event["timestamp"], event["message"]) for event in request["logEvents"]]
    _check(events)
    group, now = request["logGroupName"], to_ms(call.clock.now())

    def write(tx: Tx) -> dict[str, Any]:
        stream = find_stream(tx, call, group, request["logStreamName"])
        days = find_group(tx, call, group).retention_days
        taken, rejected = _sort_out(events, now, days)
        add_events(tx, stream, taken, now)
        return rejected

    rejected = await call.store.write(write)
    return {"nextSequenceToken": NEXT, **({"rejectedLogEventsInfo": rejected} if rejected else {})}


def _check(events: Sequence[tuple[int, str]]) -> None:
    times = [at for at, _ in events]
    if times != sorted(times):
        raise InvalidParameterException(
            "Log events in a single PutLogEvents request must be in chronological order."
        )
    if times[-1] - times[0] > LONGEST:
        raise InvalidParameterException(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    size = sum(measure(message) for _, message in events)
    if size > LARGEST:
        raise InvalidParameterException(f"Upload too large: {size} bytes exceeds limit of {LARGEST}")


def _sort_out(
    events: Sequence[tuple[int, str]], now: int, days: int | None
) -> tuple[list[tuple[int, str]], dict[str, Any]]:
    """The events to keep, and where the others begin and end (by index, `End` not included)."""
    too_old = sum(at < now - OLDEST for at, _ in events)
    expired = sum(at < now - days * DAY for at, _ in events) if days else 0
    too_new = next((index for index, (at, _) in enumerate(events) if at > now + NEWEST), len(events))
    rejected: dict[str, Any] = {}
    if too_new < len(events):
        rejected["tooNewLogEventStartIndex"] = too_new
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired > too_old:
        rejected["expiredLogEventEndIndex"] = expired
    return list(events[max(too_old, expired) : too_new]), rejected
