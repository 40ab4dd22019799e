"""How many tasks a service has on the average: by its number, its scaling and its schedule; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bambe.kernel import cron
from bambe.project.model import Hours, Service
from bambe.synth.scaling import ceiling

BEGIN, DAYS = date(2026, 6, 1), 28
"""Four whole weeks, taken to come again and again: what is said by the month is a little off."""


def task_counts(wish: Service) -> tuple[float, float]:
    """The least and the most tasks, each as the mean over four weeks; alike without `scaling`."""
    least, most = (wish.scaling.min, wish.scaling.max) if wish.scaling else (wish.tasks, wish.tasks)
    shares = _shares(wish.schedule)
    if not shares:
        return float(least), float(most)
    return (
        sum(tasks * share for tasks, share in shares.items()),
        sum(ceiling(tasks, most, wish.scaling) * share for tasks, share in shares.items()),
    )


@lru_cache(maxsize=256)
def _shares(schedule: tuple[Hours, ...]) -> Mapping[int, float]:
    """The share of the time in which each number of tasks was said last; empty where nothing is said."""
    said = sorted(moment for one in schedule for moment in _moments(one))
    found: dict[int, float] = defaultdict(float)
    period = timedelta(days=DAYS)
    for number, (moment, tasks) in enumerate(said, 1):
        until = said[number][0] if number < len(said) else said[0][0] + period
        found[tasks] += (until - moment) / period
    return found


def _moments(said: Hours) -> list[tuple[datetime, int]]:
    zone, times = ZoneInfo(said.timezone), cron.parse(said.cron)
    days = (BEGIN + timedelta(days=number) for number in range(DAYS))
    return [(at.replace(tzinfo=zone).astimezone(UTC), said.tasks) for day in days for at in times.on(day)]
