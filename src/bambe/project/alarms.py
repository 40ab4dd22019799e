"""Alarms that stop a release: those that exist, by name, and those that Bambe makes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from bambe.project.words import Strict

MOST = 50
"""Alarms of a deployment group (CodeDeploy's limit)."""


def _or_a_name(schema: dict[str, Any]) -> None:
    """In the schema as in the file: `other-alarm` is short for `{name: other-alarm}`."""
    whole = dict(schema)
    schema.clear()
    schema["anyOf"] = [{"type": "string", "minLength": 1, "maxLength": 255}, whole]


class Alarm(Strict):
    """One alarm: the name of one that exists, or what to watch of the service's own target groups."""

    model_config = ConfigDict(json_schema_extra=_or_a_name)

    name: str = Field(default="", max_length=255, description="an alarm that exists")
    metric: (
        Literal["errors", "error_rate", "latency_p50", "latency_p90", "latency_p99", "unhealthy"] | None
    ) = Field(
        default=None, description="errors and unhealthy are counts, error_rate percent, latencies seconds"
    )
    above: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="the value that it must not pass"
    )
    minutes: int = Field(default=1, ge=1, le=60, description="so many in a row")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_of_both(self) -> Alarm:
        if bool(self.name) == bool(self.metric):
            raise ValueError("an alarm is a name, or `metric` and `above`")
        if self.name and self.above is not None:
            raise ValueError(f"the alarm {self.name} has its own limit: `above` goes with a `metric`")
        if self.metric and self.above is None:
            raise ValueError(f"`metric: {self.metric}` needs `above`, the value that it must not pass")
        return self


def check(alarms: tuple[Alarm, ...], rolling: bool) -> None:
    """What must hold of all alarms of a release; ValueError."""
    names = [alarm.name for alarm in alarms if alarm.name]
    again = next((name for name in names if names.count(name) > 1), "")
    if again:
        raise ValueError(f"alarms has {again} twice")
    metrics = [alarm.metric for alarm in alarms if alarm.metric]
    twice = next((metric for metric in metrics if metrics.count(metric) > 1), "")
    if twice:
        raise ValueError(f"alarms has the metric {twice} twice")
    if len(alarms) + len(metrics) > MOST:
        raise ValueError(
            f"alarms takes at most {MOST}, and one with a metric counts twice, once for each colour"
        )
    if metrics and rolling:
        raise ValueError("alarms with a metric stop releases of CodeDeploy, and `strategy: rolling` has none")
