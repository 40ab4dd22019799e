"""What CloudWatch remembers of alarms, and how their windows of time are cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

Shape = dict[str, Any]
METRIC_ALARM, COMPOSITE_ALARM = "MetricAlarm", "CompositeAlarm"
MOST_ALARMS = 5000
MOST_TAGS = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400
HOUR = 3600
MINUTE = 60


class State(StrEnum):
    """What an alarm says. Any state may follow any other."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A metric or composite alarm as it was asked for; `settings` are members of its API structure.

    `version` counts its updates, so that a composite alarm is judged anew after each.
    """

    account: str
    region: str
    name: str
    kind: str
    settings: Shape
    created_at: datetime
    updated_at: datetime
    version: int = 1
    actions_enabled: bool = True
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return alarm_arn(self.account, self.region, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmState:
    """What an alarm says now, apart from the alarm: it changes much more often.

    `until`: set by hand, it stays so long. `basis`: what a composite alarm was last judged by.
    """

    account: str
    region: str
    name: str
    value: State = State.INSUFFICIENT_DATA
    reason: str = "Unchecked: Initial alarm creation"
    data: str = ""
    updated_at: datetime
    changed_at: datetime
    until: datetime | None = None
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryItem:
    """One thing that happened to an alarm; `number` tells those of one moment apart."""

    account: str
    region: str
    name: str
    number: int
    kind: str
    at: datetime
    type: str
    summary: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message of an alarm that a topic is still to get; `update` is what history says of the change."""

    account: str
    region: str
    id: str
    name: str
    topic: str
    subject: str
    message: str
    update: Shape


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured of what: `dimensions` in order of their names."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @property
    def shape(self) -> Shape:
        """`Metric`."""
        return {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": shown(self.dimensions)}


def shown(dimensions: tuple[tuple[str, str], ...]) -> list[Shape]:
    """A list of `Dimension`."""
    return [{"Name": name, "Value": value} for name, value in dimensions]


def metric_of(said: Any, dimensions: Any = None) -> Metric:
    """A metric from members Namespace, MetricName and Dimensions, whatever structure has them."""
    given = said.get("Dimensions") or () if dimensions is None else dimensions
    pairs = tuple(sorted((one["Name"], one.get("Value", "")) for one in given))
    return Metric(said.get("Namespace", ""), said.get("MetricName", ""), pairs)


def alarm_arn(account: str, region: str, name: str) -> str:
    """An alarm's ARN."""
    return f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"


def window(period: int, scale: float) -> int:
    """The seconds of the machine in which an alarm's period passes: a rehearsal shortens it like any wait."""
    return max(1, round(period / scale))


def available(period: int) -> int:
    """For how many seconds AWS has datapoints of such a period: the finer, the shorter."""
    if period % MINUTE:
        return 3 * HOUR
    if period % (5 * MINUTE):
        return 15 * DAY
    return (455 if period % HOUR == 0 else 63) * DAY


def tick_after(moment: datetime, every: timedelta) -> datetime:
    """The next multiple of `every` since 1970, counted exactly: never `moment` itself."""
    return EPOCH + ((moment - EPOCH) // every + 1) * every


def resolution(storage_resolution: int, scale: float) -> int:
    """In how many seconds the values of a metric are added up when they come in."""
    return 1 if storage_resolution == 1 or scale != 1 else MINUTE
