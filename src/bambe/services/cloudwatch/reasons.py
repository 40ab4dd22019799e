"""Why an alarm is in its state, in AWS's words, and the same as data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from bambe.services.cloudwatch.evaluation import BREACHING, NOT_BREACHING, Terms, Verdict
from bambe.services.cloudwatch.model import Shape, State

WORDS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
TREATED = {BREACHING: "Breaching", NOT_BREACHING: "NonBreaching"}
MOST_SHOWN = 10
LONGEST = 1023
LONGEST_DATA = 4095


def reason(terms: Terms, verdict: Verdict, state: State) -> str:
    """`StateReason`."""
    if state is State.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_count(terms.periods, 'datapoint')} {_was(terms.periods)} unknown."
    if not verdict.used:
        treated = (
            f" and {_count(verdict.filled, 'missing datapoint')} {_was(verdict.filled)} treated as"
            f" [{TREATED[terms.missing]}]"
            if terms.missing in TREATED
            else ""
        )
        return (
            f"Threshold Crossed: no datapoints were received for {_count(terms.periods, 'period')}{treated}."
        )
    told = [one for one in verdict.used if terms.breaches(one[1]) == (state is State.ALARM)] or list(
        verdict.used
    )
    values = ", ".join(f"{value} ({_moment(at):%d/%m/%y %H:%M:%S})" for at, value in told[:MOST_SHOWN])
    no = "" if state is State.ALARM else "not "
    needed = terms.needed if state is State.ALARM else terms.periods - terms.needed + 1
    move = "OK -> ALARM" if state is State.ALARM else "ALARM -> OK"
    return (
        f"Threshold Crossed: {len(told)} out of the last {terms.periods} datapoints [{values}]"
        f" {_was(len(told))} {no}{WORDS[terms.comparison]} the threshold ({terms.threshold})"
        f" (minimum {_count(needed, 'datapoint')} for {move} transition)."
    )[:LONGEST]


def data(
    terms: Terms, verdict: Verdict, now: datetime, about: Mapping[str, Any], counts: Mapping[int, float]
) -> str:
    """`StateReasonData`; `about` the alarm's statistic, period and unit, `counts` samples by window."""
    shown = [
        {"timestamp": stamp(_moment(at)), "sampleCount": counts[at], "value": value}
        if at in counts
        else {"timestamp": stamp(_moment(at)), "value": value}
        for at, value in verdict.used[:MOST_SHOWN]
    ]
    start = {"startDate": stamp(_moment(verdict.used[-1][0]))} if verdict.used else {}
    return text(
        {
            "version": "1.0",
            "queryDate": stamp(now),
            **start,
            **about,
            "recentDatapoints": [value for _, value in reversed(verdict.used[:MOST_SHOWN])],
            "threshold": terms.threshold,
            "evaluatedDatapoints": shown,
        }
    )


def update_of(old: Shape, new: Shape) -> tuple[str, str]:
    """(HistorySummary, HistoryData) of a change of state; states as `told` has them."""
    summary = f"Alarm updated from {old['stateValue']} to {new['stateValue']}"
    short = [{name: one[name] for name in ("stateValue", "stateReason")} for one in (old, new)]
    whole, less = ({"version": "1.0", "oldState": o, "newState": n} for o, n in ((old, new), short))
    return summary, fitting(whole, less)


def told(value: str, why: str, said: str) -> Shape:
    """A state as history has it."""
    told: Shape = {"stateValue": value, "stateReason": why}
    return told | ({"stateReasonData": msgspec.json.decode(said)} if said else {})


def fitting(whole: Shape, less: Shape) -> str:
    """Plain data as `HistoryData`, or less of it where that would be too long."""
    made = text(whole)
    return made if len(made) <= LONGEST_DATA else text(less)


def stamp(moment: datetime) -> str:
    """`2026-11-27T11:00:00.000+0000`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def text(value: Any) -> str:
    """Plain data as the JSON text that AWS puts into members."""
    return msgspec.json.encode(value).decode()


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
