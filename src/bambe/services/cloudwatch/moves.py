"""The moves of an alarm: made, changed, in another state, gone; each with its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bambe.kernel.call import Tx
from bambe.kernel.ids import uuid_id
from bambe.services.cloudwatch import notices, reasons, tables
from bambe.services.cloudwatch.model import COMPOSITE_ALARM, Alarm, AlarmState, HistoryItem, Notice, State
from bambe.services.cloudwatch.tables import ALARMS, NOTICES, STATES

ACTIONS = {
    State.OK: "OKActions",
    State.ALARM: "AlarmActions",
    State.INSUFFICIENT_DATA: "InsufficientDataActions",
}


def put(tx: Tx, row: Alarm) -> None:
    """Make or replace an alarm; an old one keeps its state, its tags and its beginning."""
    known = ALARMS.find(tx, *ALARMS.key_of(row))
    if known is None:
        ALARMS.insert(tx, row)
        STATES.put(tx, beginning(row))
        _note(
            tx,
            row,
            row.updated_at,
            "ConfigurationUpdate",
            *_changed(row, "Create", "createdAlarm", "created"),
        )
        return
    fresh = replace(row, created_at=known.created_at, version=known.version + 1, tags=known.tags)
    ALARMS.update(tx, fresh)
    if known.kind != row.kind:
        STATES.put(tx, beginning(row))
    _note(
        tx,
        fresh,
        row.updated_at,
        "ConfigurationUpdate",
        *_changed(fresh, "Update", "updatedAlarm", "updated"),
    )


def delete(tx: Tx, row: Alarm, now: datetime) -> None:
    """Remove an alarm; its history stays."""
    key = ALARMS.key_of(row)
    ALARMS.delete(tx, *key)
    STATES.delete(tx, *key)
    _note(tx, row, now, "ConfigurationUpdate", *_changed(row, "Delete", "deletedAlarm", "deleted"))


def set_state(tx: Tx, row: Alarm, fresh: AlarmState) -> None:
    """Write a state; another value than before is a move, with the actions that would follow it."""
    old = state_of(tx, row)
    if old.value == fresh.value:
        STATES.put(tx, replace(fresh, changed_at=old.changed_at))
        return
    STATES.put(tx, fresh)
    before = reasons.told(old.value, old.reason, old.data)
    after = reasons.told(fresh.value, fresh.reason, fresh.data)
    _note(tx, row, fresh.updated_at, "StateUpdate", *reasons.update_of(before, after))
    if row.actions_enabled:
        for action in row.settings.get(ACTIONS[fresh.value], ()):
            _act(tx, row, action, old, fresh, after)


def _act(tx: Tx, row: Alarm, action: str, old: AlarmState, fresh: AlarmState, update: dict[str, Any]) -> None:
    """A topic is told by a loop; policies of Application Auto Scaling look at their alarms themselves."""
    if action.startswith("arn:aws:sns:"):
        notice = Notice(
            account=row.account,
            region=row.region,
            id=uuid_id(),
            name=row.name,
            topic=action,
            subject=notices.subject(row, fresh),
            message=notices.message(row, old, fresh),
            update=update,
        )
        NOTICES.insert(tx, notice)
    elif action.startswith("arn:aws:autoscaling:") and ":scalingPolicy:" in action:
        _note_action(tx, row, fresh.updated_at, action, {"stateUpdate": update}, "")
    else:
        error = "Bambe runs no such actions of alarms"
        _note_action(tx, row, fresh.updated_at, action, {"stateUpdate": update}, error)


def note_action(tx: Tx, notice: Notice, now: datetime, error: str) -> None:
    """Write down that a topic was told, or why not; nothing of an alarm that is gone."""
    row = ALARMS.find(tx, notice.account, notice.region, notice.name)
    if row is not None:
        more = {"notificationResource": notice.topic, "publishedMessage": notice.message}
        _note_action(tx, row, now, notice.topic, {"stateUpdate": notice.update, **more}, error)


def _note_action(tx: Tx, row: Alarm, at: datetime, action: str, more: dict[str, Any], error: str) -> None:
    summary = f"{'Failed to execute' if error else 'Successfully executed'} action {action}"[:255]
    less = {"actionState": "Failed", "error": error} if error else {"actionState": "Succeeded"}
    _note(tx, row, at, "Action", summary, reasons.fitting({**less, **more}, less))


def state_of(tx: Tx, row: Alarm) -> AlarmState:
    """The state of an alarm that exists."""
    return STATES.find(tx, *ALARMS.key_of(row)) or beginning(row)


def beginning(row: Alarm) -> AlarmState:
    """The state of an alarm nobody has looked at."""
    return AlarmState(
        account=row.account,
        region=row.region,
        name=row.name,
        updated_at=row.updated_at,
        changed_at=row.updated_at,
    )


def _changed(row: Alarm, type: str, member: str, word: str) -> tuple[str, str]:
    named = {"alarmName": row.name, "alarmArn": row.arn}
    less = {"version": "1.0", "type": type, member: named}
    whole = {**less, member: {**named, **_lowered(row.settings)}}
    kind = "Composite alarm" if row.kind == COMPOSITE_ALARM else "Alarm"
    return f'{kind} "{row.name}" {word}'[:255], reasons.fitting(whole, less)


def _lowered(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name[:1].lower() + name[1:]: value for name, value in settings.items()}


def _note(tx: Tx, row: Alarm, at: datetime, type: str, summary: str, data: str) -> None:
    number = tables.next_number(tx, row.account, row.region, row.name)
    tables.note(
        tx,
        [
            HistoryItem(
                account=row.account,
                region=row.region,
                name=row.name,
                number=number,
                kind=row.kind,
                at=at,
                type=type,
                summary=summary,
                data=data,
            )
        ],
    )
