"""The state of an alarm set by hand, and what has happened to alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import msgspec

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.pages import page
from bambe.services.cloudwatch import moves, shapes
from bambe.services.cloudwatch.errors import InvalidFormatFault, InvalidNextToken, ResourceNotFound
from bambe.services.cloudwatch.model import METRIC_ALARM, HistoryItem, State
from bambe.services.cloudwatch.tables import ALARMS, HISTORY

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import DescribeAlarmHistoryInputTypeDef, SetAlarmStateInputTypeDef

Moment = datetime | None
BY_HAND = timedelta(seconds=10)
"""How long a state set by hand stays at least: who watches looks every few seconds. At AWS it is until the
next evaluation, within a minute."""


async def set_alarm_state(call: Call, request: SetAlarmStateInputTypeDef) -> Answer:
    data = request.get("StateReasonData", "")
    if data:
        try:
            msgspec.json.decode(data)
        except msgspec.DecodeError:
            raise InvalidFormatFault("StateReasonData was not syntactically valid JSON.") from None
    now = call.clock.now()

    def write(tx: Tx) -> None:
        row = ALARMS.find(tx, call.account, call.region, request["AlarmName"])
        if row is None:
            raise ResourceNotFound(f"Alarm {request['AlarmName']} does not exist")
        fresh = replace(
            moves.state_of(tx, row),
            value=State(request["StateValue"]),
            reason=request["StateReason"],
            data=data,
            updated_at=now,
            changed_at=now,
            until=now + BY_HAND,
        )
        moves.set_state(tx, row, fresh)

    await call.store.write(write)
    return {}


async def describe_alarm_history(call: Call, request: DescribeAlarmHistoryInputTypeDef) -> Answer:
    place = {"account": call.account, "region": call.region}
    if request.get("AlarmName"):
        place["name"] = request["AlarmName"]
    kinds: Sequence[str] = request.get("AlarmTypes") or [METRIC_ALARM]
    first, last = cast(Moment, request.get("StartDate")), cast(Moment, request.get("EndDate"))

    def fits(row: HistoryItem) -> bool:
        return (
            row.kind in kinds
            and request.get("HistoryItemType") in (None, row.type)
            and (first is None or row.at >= first)
            and (last is None or row.at <= last)
        )

    rows = [row for row in await call.store.read(lambda tx: HISTORY.list(tx, **place)) if fits(row)]
    newest_first = request.get("ScanBy") != "TimestampAscending"
    rows.sort(key=lambda row: (row.at, row.number), reverse=newest_first)
    try:
        some, token = page(rows, request.get("NextToken"), request.get("MaxRecords") or 100)
    except ValueError:
        raise InvalidNextToken() from None
    answer: Answer = {"AlarmHistoryItems": [shapes.history(row) for row in some]}
    return answer | ({"NextToken": token} if token else {})
