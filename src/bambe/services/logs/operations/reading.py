"""Events read: one stream page by page, or a whole group by time and pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.logs import tables
from bambe.services.logs.checks import bad_token, find_group, find_stream, group_of
from bambe.services.logs.errors import InvalidParameterException, ResourceNotFoundException
from bambe.services.logs.filters import Matches, parse
from bambe.services.logs.model import Event, Place
from bambe.services.logs.tables import STREAMS, Scope

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import FilterLogEventsRequestTypeDef, GetLogEventsRequestTypeDef

MOST = 10_000
LARGEST = 1_048_576
SCANNED = 10_000
"""Events one FilterLogEvents looks at before it answers with what it has and a token, as AWS does."""
FIRST = Place(0, 0)
LAST = Place((1 << 62), 0)
TOKEN = re.compile(r"(?P<way>[fb])/(?P<at>\d{20})(?P<id>\d{36})(/s)?")


async def get_log_events(call: Call, request: GetLogEventsRequestTypeDef) -> Answer:
    group, name = group_of(call, request), request["logStreamName"]
    scope = Scope(
        call.account,
        call.region,
        group,
        streams=(name,),
        start=request.get("startTime"),
        end=request.get("endTime"),
    )
    forwards, place = _read_token(request.get("nextToken"), request.get("startFromHead", False))
    limit = request.get("limit", MOST)

    def read(tx: Tx) -> list[Event]:
        find_stream(tx, call, group, name)
        if forwards:
            return _fitting(tables.after(tx, scope, place, limit))
        return _fitting(tables.until(tx, scope, place, limit))[::-1]

    events = await call.store.read(read)
    # A token is a place between two events: past it lies "forward", up to it "backward".
    border = FIRST if place == LAST else place
    end = events[-1].place if events else border
    begin = Place(events[0].place.at_ms, events[0].place.id - 1) if events else border
    return {
        "events": [
            {"timestamp": e.place.at_ms, "message": e.message, "ingestionTime": e.ingested_ms} for e in events
        ],
        "nextForwardToken": f"{_token('f', end)}/s",
        "nextBackwardToken": f"{_token('b', begin)}/s",
    }


async def filter_log_events(call: Call, request: FilterLogEventsRequestTypeDef) -> Answer:
    names, prefix = tuple(request.get("logStreamNames", ())), request.get("logStreamNamePrefix", "")
    if names and prefix:
        raise InvalidParameterException("Log stream names and log stream name prefix are mutually exclusive.")
    start, end = request.get("startTime"), request.get("endTime")
    if start is not None and end is not None and start > end:
        raise InvalidParameterException("Start time must not be later than end time.")
    group = group_of(call, request)
    until = None if end is None else end + 1
    scope = Scope(call.account, call.region, group, names, prefix, start, until)
    way = _read_token(request.get("nextToken"), request.get("startFromHead", True))
    matches, limit = parse(request.get("filterPattern", "")), request.get("limit", MOST)

    def read(tx: Tx) -> tuple[list[Event], str | None]:
        find_group(tx, call, group)
        for name in names:
            if STREAMS.find(tx, call.account, call.region, group, name) is None:
                raise ResourceNotFoundException("The specified log stream does not exist.")
        return _search(tx, scope, way, matches, limit)

    events, token = await call.store.read(read)
    return {
        "events": [_filtered(event) for event in events],
        "searchedLogStreams": [],
        **({"nextToken": token} if token else {}),
    }


def _search(
    tx: Tx, scope: Scope, way: tuple[bool, Place], matches: Matches, limit: int
) -> tuple[list[Event], str | None]:
    """Matching events, and where to go on; None when all were looked at."""
    forwards, place = way
    look = tables.after if forwards else tables.until
    found: list[Event] = []
    scanned = size = 0
    while scanned < SCANNED:
        step = min(1000, SCANNED - scanned)
        events = look(tx, scope, place, step)
        scanned += step
        for event in events:
            if matches(event.message):
                if len(found) == limit or (found and size + event.size > LARGEST):
                    return found, _token("f" if forwards else "b", place)
                found.append(event)
                size += event.size
            place = event.place if forwards else Place(event.place.at_ms, event.place.id - 1)
        if len(events) < step:
            return found, None
    return found, _token("f" if forwards else "b", place)


def _fitting(events: Iterable[Event]) -> list[Event]:
    """As many as fit into one answer, at least one."""
    taken: list[Event] = []
    size = 0
    for event in events:
        size += event.size
        if taken and size > LARGEST:
            break
        taken.append(event)
    return taken


def _token(way: str, place: Place) -> str:
    return f"{way}/{place.at_ms:020d}{place.id:036d}"


def _read_token(token: str | None, from_head: bool) -> tuple[bool, Place]:
    """Whether forwards, and from where."""
    if token is None:
        return (True, FIRST) if from_head else (False, LAST)
    found = TOKEN.fullmatch(token)
    if found is None or int(found["id"]) >= 1 << 63:
        raise bad_token()
    return found["way"] == "f", Place(min(int(found["at"]), LAST.at_ms), int(found["id"]))


def _filtered(event: Event) -> dict[str, Any]:
    return {
        "logStreamName": event.stream,
        "timestamp": event.place.at_ms,
        "message": event.message,
        "ingestionTime": event.ingested_ms,
        "eventId": event.id,
    }
