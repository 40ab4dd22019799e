"""When a delivery that failed is tried again, by SNS's delivery policies; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

DEFAULT: Mapping[str, Any] = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "numMaxDelayRetries": 0,
    "backoffFunction": "linear",
}
FUNCTIONS = ("linear", "arithmetic", "geometric", "exponential")
LONGEST, MOST = 3600, 100
BASE = 2.0


class BadPolicy(Exception):
    """The text is no delivery policy; the message says why."""


def policy(text: str, member: str = "healthyRetryPolicy") -> Mapping[str, Any]:
    """The retry policy in a DeliveryPolicy, whole; BadPolicy."""
    try:
        said = json.loads(text) if text else {}
        found = {**DEFAULT, **((said.get("http") or {}).get("defaultHealthyRetryPolicy") or {})}
        found |= said.get(member) or {}
        numbers = {name: int(found[name]) for name in DEFAULT if name != "backoffFunction"}
    except (ValueError, TypeError, AttributeError):
        raise BadPolicy("DeliveryPolicy: not a JSON document of retries") from None
    phases = sum(numbers[f"num{phase}DelayRetries"] for phase in ("No", "Min", "Max"))
    if not 0 <= numbers["numRetries"] <= MOST or min(numbers.values()) < 0:
        raise BadPolicy(f"DeliveryPolicy: numRetries must be between 0 and {MOST}")
    if not 1 <= numbers["minDelayTarget"] <= numbers["maxDelayTarget"] <= LONGEST:
        raise BadPolicy(f"DeliveryPolicy: delays must be between 1 and {LONGEST}, the least first")
    if phases > numbers["numRetries"]:
        raise BadPolicy("DeliveryPolicy: there are more retries in phases than retries")
    if found["backoffFunction"] not in FUNCTIONS:
        raise BadPolicy(f"DeliveryPolicy: backoffFunction must be one of {', '.join(FUNCTIONS)}")
    return {**numbers, "backoffFunction": found["backoffFunction"]}


def delays(said: Mapping[str, Any]) -> list[float]:
    """The seconds before each retry: none at first, then the least, more and more, and the most."""
    least, most = float(said["minDelayTarget"]), float(said["maxDelayTarget"])
    ends = ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries")
    none, low, high = (int(said[name]) for name in ends)
    between = int(said["numRetries"]) - none - low - high
    grown = [least + (most - least) * _share(said["backoffFunction"], n, between) for n in range(between)]
    return [0.0] * none + [least] * low + grown + [most] * high


def _share(function: str, number: int, count: int) -> float:
    part = number / (count - 1) if count > 1 else 0.0
    if function == "linear":
        return part
    if function == "arithmetic":
        return part * (number + 1) / count
    power = 1.0 if function == "geometric" else 2.0
    return float((BASE ** (part * power * 4) - 1) / (BASE ** (power * 4) - 1))


def is_passing(status: int) -> bool:
    """Whether an answer may be another one next time: 429 and the server's own failures."""
    return status == 429 or status >= 500 or status < 200
