"""The five ECS configurations AWS brings along, and a configuration as steps of traffic."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bambe.kernel.ids import digest_id
from bambe.services.codedeploy.deployment import Step
from bambe.services.codedeploy.errors import InvalidTrafficRoutingConfigurationException
from bambe.services.codedeploy.model import Config

DEFAULT = "CodeDeployDefault.ECSAllAtOnce"
PREFIX = "CodeDeployDefault."
SINCE = datetime(2018, 11, 27, tzinfo=UTC)


def _canary(percent: int, minutes: int) -> dict[str, Any]:
    shape = {"canaryPercentage": percent, "canaryInterval": minutes}
    return {"type": "TimeBasedCanary", "timeBasedCanary": shape}


def _linear(percent: int, minutes: int) -> dict[str, Any]:
    shape = {"linearPercentage": percent, "linearInterval": minutes}
    return {"type": "TimeBasedLinear", "timeBasedLinear": shape}


PREDEFINED: Mapping[str, dict[str, Any]] = {
    DEFAULT: {"type": "AllAtOnce"},
    f"{PREFIX}ECSCanary10Percent15Minutes": _canary(10, 15),
    f"{PREFIX}ECSCanary10Percent5Minutes": _canary(10, 5),
    f"{PREFIX}ECSLinear10PercentEvery1Minutes": _linear(10, 1),
    f"{PREFIX}ECSLinear10PercentEvery3Minutes": _linear(10, 3),
}


def predefined(account: str, region: str, name: str) -> Config | None:
    """The configuration of that name which AWS brings along."""
    routing = PREDEFINED.get(name)
    if routing is None:
        return None
    return Config(account, region, name, digest_id(name, length=32), dict(routing), SINCE)


def steps(routing: Mapping[str, Any]) -> tuple[Step, ...]:
    """What green gets, step by step; the last step is always 100 percent."""
    kind = routing.get("type", "AllAtOnce")
    if kind == "TimeBasedCanary":
        canary = routing["timeBasedCanary"]
        return Step(canary["canaryPercentage"], canary["canaryInterval"]), Step(100)
    if kind == "TimeBasedLinear":
        linear = routing["timeBasedLinear"]
        width, minutes = linear["linearPercentage"], linear["linearInterval"]
        return (*(Step(percent, minutes) for percent in range(width, 100, width)), Step(100))
    return (Step(100),)


def check(routing: Mapping[str, Any]) -> None:
    """Refuse percentages and intervals that cannot be (1-99 percent, at least a minute, two days at most)."""
    kind = routing.get("type")
    if kind == "AllAtOnce":
        return
    member = {"TimeBasedCanary": "timeBasedCanary", "TimeBasedLinear": "timeBasedLinear"}.get(str(kind))
    if member is None:
        raise InvalidTrafficRoutingConfigurationException("Traffic routing type is required")
    word = member.removeprefix("timeBased").lower()
    shape = routing.get(member) or {}
    percent, minutes = shape.get(f"{word}Percentage"), shape.get(f"{word}Interval")
    if percent is None or not 1 <= percent <= 99:
        raise InvalidTrafficRoutingConfigurationException(f"{word}Percentage must be between 1 and 99")
    if minutes is None or not 1 <= minutes <= 2880:
        raise InvalidTrafficRoutingConfigurationException(
            f"{word}Interval must be between 1 and 2880 minutes"
        )
