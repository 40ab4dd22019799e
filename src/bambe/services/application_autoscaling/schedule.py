"""Schedules `at(...)`, `rate(...)` and `cron(...)`, and when they are due next; pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bambe.kernel import cron
from bambe.services.application_autoscaling.model import Action

FORM = re.compile(r"(at|rate|cron)\((.*)\)")
RATE = re.compile(r"([0-9]+) (minutes?|hours?|days?)")


class BadSchedule(Exception):
    """The text is no schedule; the message says why."""


def check(schedule: str, timezone: str) -> None:
    """BadSchedule for what is none."""
    zone = _zone(timezone)
    kind, inside = _parts(schedule)
    if kind == "at":
        _once(inside, zone)
    elif kind == "rate":
        _rate(inside)
    else:
        _cron(inside)


def following(action: Action, since: datetime) -> datetime | None:
    """The first time after `since` at which the action is due; None when there is none any more."""
    try:
        found = _next(action, since)
    except OverflowError:
        return None
    return None if found is None or (action.end and found > action.end) else found


def is_once(schedule: str) -> bool:
    """Whether it names one moment."""
    return _parts(schedule)[0] == "at"


def _next(action: Action, since: datetime) -> datetime | None:
    kind, inside = _parts(action.schedule)
    zone = _zone(action.timezone)
    floor = max(since, action.start - timedelta(microseconds=1)) if action.start else since
    if kind == "at":
        at = _once(inside, zone)
        return at if at > floor else None
    if kind == "rate":
        begin, every = action.start or action.created, _rate(inside)
        return begin + every * max(0 if action.start else 1, (floor - begin) // every + 1)
    return _after(_cron(inside), floor, zone)


def _after(expression: cron.Cron, floor: datetime, zone: ZoneInfo) -> datetime | None:
    """A local time comes twice when clocks are set back: its first coming counts. One that clocks set forward
    leave out is as long after midnight as it would have been."""
    local = expression.after(floor.astimezone(zone).replace(tzinfo=None))
    while local is not None:
        found = local.replace(tzinfo=zone).astimezone(UTC)
        if found > floor:
            return found
        local = expression.after(local)
    return None


def _parts(schedule: str) -> tuple[str, str]:
    hit = FORM.fullmatch(schedule.strip())
    if hit is None:
        raise BadSchedule("Use at(yyyy-mm-ddThh:mm:ss), rate(value unit) or cron(fields).")
    return hit[1], hit[2].strip()


def _once(text: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        raise BadSchedule(f"{text} is not yyyy-mm-ddThh:mm:ss.") from None
    except OverflowError:
        raise BadSchedule(f"{text} is too far away.") from None


def _rate(text: str) -> timedelta:
    hit = RATE.fullmatch(text)
    if hit is None or not int(hit[1]):
        raise BadSchedule(f"{text} is not a positive number of minutes, hours or days.")
    try:
        return timedelta(**{hit[2].rstrip("s") + "s": int(hit[1])})
    except OverflowError:
        raise BadSchedule(f"{text} is too long.") from None


def _cron(text: str) -> cron.Cron:
    try:
        return cron.parse(text)
    except cron.BadCron as problem:
        raise BadSchedule(f"{text}: {problem}.") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSchedule(f"{name} is no time zone of the IANA database.") from None
