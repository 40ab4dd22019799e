"""Two loops that keep the states of alarms true: of those on metrics by the clock, of composite ones by
their children."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bambe.control import Key
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.cloudwatch import chains, moves, reasons, rules, series
from bambe.services.cloudwatch.evaluation import IGNORE, MISSING, Terms, Verdict, evaluate
from bambe.services.cloudwatch.expressions import BadExpression
from bambe.services.cloudwatch.model import (
    COMPOSITE_ALARM,
    METRIC_ALARM,
    Alarm,
    AlarmState,
    State,
    tick_after,
    window,
)
from bambe.services.cloudwatch.series import Query, period_of, query_of
from bambe.services.cloudwatch.tables import ALARMS, STATES

SELDOM = 10
SETTLES = timedelta(seconds=2)
SETTLES_SOON = timedelta(seconds=0.4)
"""How long after the end of a window its data are there: a look at the proxy takes so long."""
FEW = 10
"""With fewer samples, times the part that lies beyond it, a percentile says little (AWS: "Percentile-based
alarms and low data samples")."""


class MetricAlarms:
    """One alarm on a metric, or on an expression, per key."""

    name = "cloudwatch.alarms"

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return (key,) if table == ALARMS.name else ()

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(lambda tx: ALARMS.list(tx))
        return [ALARMS.key_of(row) for row in rows if row.kind == METRIC_ALARM]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        row = await self._store.read(lambda tx: ALARMS.find(tx, *key))
        if row is None or row.kind != METRIC_ALARM:
            return None
        width = _width(row, self._clock.scale)
        settles = SETTLES if width > SELDOM else SETTLES_SOON
        now = self._clock.now()
        scale = self._clock.scale
        if await self._store.read(lambda tx: _judged(tx, row, now, now - settles, scale)) is not None:
            await self._store.write(lambda tx: _settle(tx, row, now, now - settles, scale))
        return tick_after(now - settles, timedelta(seconds=min(SELDOM, width))) + settles


class CompositeAlarms:
    """All composite alarms of an account and region per key: they hang together."""

    name = "cloudwatch.composites"

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return (key[:2],) if table in (ALARMS.name, STATES.name) else ()

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(lambda tx: ALARMS.list(tx))
        return {(row.account, row.region) for row in rows if row.kind == COMPOSITE_ALARM}

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        now = self._clock.now()
        if not await self._store.read(lambda tx: _composites(tx, key, now)):
            return None
        await self._store.write(lambda tx: _compose(tx, key, now))
        return None


def _width(row: Alarm, scale: float) -> int:
    queries = {query.id: query for query in _queries(row)}
    return window(period_of(queries[_watched(row)], queries), scale)


def _queries(row: Alarm) -> list[Query]:
    said = row.settings
    if "Metrics" in said:
        return [query_of(one) for one in said["Metrics"]]
    stat: dict[str, Any] = {
        "Metric": {name: said.get(name) for name in ("Namespace", "MetricName", "Dimensions")},
        "Period": said["Period"],
        "Stat": said.get("Statistic") or said["ExtendedStatistic"],
        "Unit": said.get("Unit"),
    }
    return [query_of({"Id": "metric", "MetricStat": stat})]


def _watched(row: Alarm) -> str:
    """The id of the query whose values count."""
    if "Metrics" not in row.settings:
        return "metric"
    return next(str(one["Id"]) for one in row.settings["Metrics"] if one.get("ReturnData", True))


def terms(row: Alarm) -> Terms:
    """What the alarm watches for."""
    said = row.settings
    periods = said["EvaluationPeriods"]
    return Terms(
        comparison=said["ComparisonOperator"],
        threshold=float(said["Threshold"]),
        periods=periods,
        needed=said.get("DatapointsToAlarm") or periods,
        missing=said.get("TreatMissingData") or MISSING,
    )


def _judged(tx: Tx, row: Alarm, now: datetime, until: datetime, scale: float) -> AlarmState | None:
    """The state it should be in by the windows that are over `until`, or None where it is in it."""
    old, wish = moves.state_of(tx, row), terms(row)
    if old.until is not None and now < old.until:
        return None
    width = _width(row, scale)
    end = int(tick_after(until, timedelta(seconds=width)).timestamp()) - width
    reader = series.Reader(tx, row.account, row.region, end - wish.reach * width, end)
    queries = _queries(row)
    widths = {one.id: window(period_of(one, {q.id: q for q in queries}), scale) for one in queries}
    grid = reader.grid(width)
    try:
        values = series.as_series(series.Reading(reader, queries, widths).value(_watched(row)), grid)
    except BadExpression:
        values = {}
    if _too_few(row, reader):
        wish = replace(wish, missing=IGNORE)
        values = {}
    found = evaluate(wish, values, grid)
    if found.state is None or found.state == old.value:
        return replace(old, until=None) if old.until else None
    return _changed(row, old, wish, found, reader, now)


def _too_few(row: Alarm, reader: series.Reader) -> bool:
    """Whether a percentile has so few samples that the alarm is told to say nothing of it."""
    if row.settings.get("EvaluateLowSampleCountPercentile") != IGNORE or not reader.counts:
        return False
    percent = float(row.settings["ExtendedStatistic"][1:]) / 100
    return sum(reader.counts.values()) * min(percent, 1 - percent) < FEW


def _changed(
    row: Alarm, old: AlarmState, wish: Terms, found: Verdict, reader: series.Reader, now: datetime
) -> AlarmState:
    said = row.settings
    about = {
        name: value
        for name, value in (
            ("statistic", said.get("Statistic") or said.get("ExtendedStatistic")),
            ("period", said.get("Period")),
            ("unit", said.get("Unit")),
        )
        if value
    }
    state = found.state or old.value
    return replace(
        old,
        value=state,
        reason=reasons.reason(wish, found, state),
        data=reasons.data(wish, found, now, about, reader.counts),
        updated_at=now,
        changed_at=now,
        until=None,
    )


def _composites(tx: Tx, key: Key, now: datetime) -> list[tuple[Alarm, AlarmState]]:
    """Composite alarms whose children or rule have changed since they were last judged, as they are now.

    Children are judged before their parents. Alarms in a cycle are not: AWS stops there too.
    """
    account, region = key
    rows = {row.name: row for row in ALARMS.list(tx, account=account, region=region)}
    states = {name: moves.state_of(tx, row) for name, row in rows.items()}
    judged = {
        name: rules.read(row.settings["AlarmRule"])
        for name, row in rows.items()
        if row.kind == COMPOSITE_ALARM
    }
    found = []
    for name in chains.in_order({name: rule.alarms() for name, rule in judged.items()}):
        row, rule = rows[name], judged[name]
        values = {child: str(states[child].value) if child in states else "" for child in rule.alarms()}
        basis = reasons.text([row.version, sorted(values.items())])
        if basis == states[name].basis:
            continue
        value = State.ALARM if rule.holds(values) else State.OK
        states[name] = _composed(row, states, value, tuple(values), basis, now)
        found.append((row, states[name]))
    return found


def _composed(
    row: Alarm,
    states: dict[str, AlarmState],
    value: State,
    children: tuple[str, ...],
    basis: str,
    now: datetime,
) -> AlarmState:
    old = states[row.name]
    if value == old.value:
        return replace(old, basis=basis)
    there = [states[name] for name in children if name in states]
    last = max(there, key=lambda state: state.changed_at, default=None)
    if last is None or last.changed_at < row.updated_at:
        word = "created" if row.version == 1 else "updated"
        why = f"{row.arn} was {word} and its alarm rule evaluates to {value}"
    else:
        arn = row.arn.removesuffix(row.name) + last.name
        why = f"{arn} transitioned to {last.value} at {last.changed_at:%A %d %B, %Y %H:%M:%S} UTC"
    triggering = [
        {
            "arn": row.arn.removesuffix(row.name) + state.name,
            "state": {"value": state.value, "timestamp": reasons.stamp(state.changed_at)},
        }
        for state in there
        if state.value == State.ALARM
    ]
    return replace(
        old,
        value=value,
        reason=why,
        data=reasons.text({"triggeringAlarms": triggering}),
        updated_at=now,
        changed_at=now,
        until=None,
        basis=basis,
    )


def _settle(tx: Tx, row: Alarm, now: datetime, until: datetime, scale: float) -> None:
    """Write the state of an alarm that is still the one that was looked at."""
    if ALARMS.find(tx, *ALARMS.key_of(row)) == row:
        fresh = _judged(tx, row, now, until, scale)
        if fresh is not None:
            moves.set_state(tx, row, fresh)


def _compose(tx: Tx, key: Key, now: datetime) -> None:
    for row, state in _composites(tx, key, now):
        moves.set_state(tx, row, state)
