"""AWS's cron expressions: minutes hours day-of-month month day-of-week year; pure.

`*`, `,`, `-`, `/`, `?`, names of months and days, `L` (last), `W` (nearest weekday), `#` (the n-th such day).
Days of the week are 1 (SUN) to 7 (SAT). One of the two day fields is `?`.
https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
DAYS = {name.upper(): number % 7 + 1 for number, name in enumerate(calendar.day_abbr, 1)}
YEARS = (1970, 2199)
FAR = 28 * 366
"""Days to look ahead: a 29 February on a given day of the week may be so far away."""

DayTest = Callable[[date], bool]


class BadCron(Exception):
    """The text is no cron expression; the message says why."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression."""

    minutes: frozenset[int]
    hours: frozenset[int]
    is_day: DayTest
    months: frozenset[int]
    years: frozenset[int]

    def after(self, moment: datetime) -> datetime | None:
        """The first minute after `moment` (a local time without a zone) that fits; None for none."""
        start = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        for offset in range(FAR):
            day = start.date() + timedelta(days=offset)
            if day.year > max(self.years):
                return None
            for found in self.on(day):
                if found >= start:
                    return found
        return None

    def on(self, day: date) -> Iterator[datetime]:
        """The minutes of a day that fit, in order."""
        if not (day.year in self.years and day.month in self.months and self.is_day(day)):
            return
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                yield datetime(day.year, day.month, day.day, hour, minute)


def parse(text: str) -> Cron:
    """The expression; BadCron for what is none."""
    fields = text.upper().split()
    if len(fields) != 6:
        raise BadCron("a cron expression has six fields")
    minutes, hours, month_day, months, week_day, years = fields
    if (month_day == "?") == (week_day == "?"):
        raise BadCron("one of day-of-month and day-of-week is ?, the other is not")
    return Cron(
        _numbers(minutes, 0, 59),
        _numbers(hours, 0, 23),
        _month_days(month_day) if week_day == "?" else _week_days(week_day),
        _numbers(months, 1, 12, MONTHS),
        _numbers(years, *YEARS),
    )


def _numbers(text: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        found |= set(_range(part, low, high, names or {}))
    return frozenset(found)


def _range(part: str, low: int, high: int, names: dict[str, int]) -> range:
    body, slash, step = part.partition("/")
    if slash and (not _is_plain(step) or not int(step)):
        raise BadCron(f"{part} has no step")
    first, dash, last = body.partition("-")
    start = low if body == "*" else _number(first, low, high, names)
    end = high if body == "*" or (slash and not dash) else start
    if dash:
        end = _number(last, low, high, names)
    if end < start:
        raise BadCron(f"{part} ends before it begins")
    return range(start, end + 1, int(step or 1))


def _number(text: str, low: int, high: int, names: dict[str, int]) -> int:
    value = names.get(text, int(text) if _is_plain(text) else -1)
    if not low <= value <= high:
        raise BadCron(f"{text or 'nothing'} is not between {low} and {high}")
    return value


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _month_days(text: str) -> DayTest:
    if text == "L":
        return lambda day: day.day == _length(day)
    if text in ("LW", "WL"):
        return lambda day: day.day == _weekday_near(day, _length(day))
    hit = re.fullmatch(r"(\d{1,2})W", text)
    if hit:
        wanted = _number(hit[1], 1, 31, {})
        return lambda day: wanted <= _length(day) and day.day == _weekday_near(day, wanted)
    days = _numbers(text, 1, 31)
    return lambda day: day.day in days


def _week_days(text: str) -> DayTest:
    if text == "L":
        return lambda day: _day_of_week(day) == 7
    nth = re.fullmatch(r"(\w{1,3})#(\d)", text)
    if nth:
        wanted, number = _number(nth[1], 1, 7, DAYS), _number(nth[2], 1, 5, {})
        return lambda day: _day_of_week(day) == wanted and (day.day - 1) // 7 + 1 == number
    last = re.fullmatch(r"(\w{1,3})L", text)
    if last:
        of_week = _number(last[1], 1, 7, DAYS)
        return lambda day: _day_of_week(day) == of_week and day.day + 7 > _length(day)
    days = _numbers(text, 1, 7, DAYS)
    return lambda day: _day_of_week(day) in days


def _day_of_week(day: date) -> int:
    return day.isoweekday() % 7 + 1


def _length(day: date) -> int:
    """Days of the month."""
    return calendar.monthrange(day.year, day.month)[1]


def _weekday_near(day: date, wanted: int) -> int:
    """The day from Monday to Friday nearest to the `wanted` one, within its month."""
    middle = day.replace(day=wanted)
    if middle.isoweekday() == 6:
        return wanted - 1 if wanted > 1 else wanted + 2
    if middle.isoweekday() == 7:
        return wanted + 1 if wanted < _length(day) else wanted - 2
    return wanted
