"""How a new version comes in: the part `release:` of a bambe.yml."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from bambe.project.alarms import Alarm, check
from bambe.project.words import Duration, Strict

Hook = Literal[
    "BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"
]
RequestPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9_.:/=+@-]*$", examples=["/health"])]
FunctionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9:_-]{1,140}$", examples=["check-orders"])]


def _or_one_word(schema: dict[str, Any]) -> None:
    """In the schema as in the file: `release: rolling` is short for `release: {strategy: rolling}`."""
    whole = dict(schema)
    schema.clear()
    schema["anyOf"] = [whole["properties"]["strategy"], whole]


class Release(Strict):
    """How a new version comes in."""

    model_config = ConfigDict(json_schema_extra=_or_one_word)

    controller: Literal["codedeploy", "ecs"] = Field(
        default="codedeploy", description="who shifts the traffic: CodeDeploy, or ECS's own strategies"
    )
    strategy: Literal["canary", "linear", "all_at_once", "rolling"] = "canary"
    percent: int = Field(default=10, ge=1, le=99, description="canary: first share; linear: each step")
    interval: Duration = Field(default=timedelta(minutes=5), description="between the shifts")
    keep_old: Duration = Field(default=timedelta(minutes=30), description="before the old version ends")

    approval: Duration = Field(
        default=timedelta(0), description="wait so long for `bambe approve` before any traffic shifts"
    )
    queue: Literal["newest", "wait", "off"] = Field(
        default="newest",
        description="pushes during a release wait; newest: and end the old version's wait early",
    )
    analysis: Literal["rollback", "report", "off"] = Field(
        default="rollback", description="what to do when the new version is found worse than the old one"
    )
    synthetic: tuple[RequestPath, ...] = Field(
        default=(), description="paths to ask both versions for when too few requests come in to compare them"
    )
    alarms: tuple[Alarm, ...] = Field(
        default=(), description="CloudWatch alarms that stop a release and roll it back"
    )
    events: Literal["shared", "hold", "canary"] | None = Field(
        default=None,
        description="what a new version that consumes takes of the events before it has all traffic:"
        " shared, what its number of tasks brings; hold, nothing; canary, the release's share",
    )
    on_rollback: Literal["skip", "replay"] = Field(
        default="skip",
        description="events: canary; what becomes of the events taken since the release began",
    )
    hooks: dict[Hook, FunctionName] = Field(
        default={}, description="Lambda functions that judge a release at its lifecycle events"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: Any) -> Any:
        return {"strategy": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _ecs_shifts_as_it_can(self) -> Release:
        if self.controller != "ecs" or self.strategy == "rolling":
            return self
        if "queue" in self.model_fields_set and self.queue != "off":
            raise ValueError("`queue` is there with `controller: codedeploy` only")
        if self.strategy == "linear" and self.percent < 3:
            raise ValueError("percent is at least 3 for a linear release by ECS")
        for name in ("interval", "keep_old"):
            if getattr(self, name) > timedelta(days=1):
                raise ValueError(f"{name} is at most 24h with `controller: ecs` (ECS's limit)")
        return self

    @property
    def steers_events(self) -> bool:
        """Whether consumers of a new version are told how much of the events is theirs."""
        return self.events in ("hold", "canary")

    @model_validator(mode="after")
    def _events_are_steered_by_a_shift(self) -> Release:
        if self.steers_events and self.strategy == "rolling":
            raise ValueError(
                f"`events: {self.events}` needs a release that shifts: write `strategy: canary`,"
                " and `controller: ecs` where the service has no route"
            )
        if self.on_rollback == "replay" and self.events != "canary":
            raise ValueError("`on_rollback: replay` is there with `events: canary` only")
        return self

    @model_validator(mode="after")
    def _whole_minutes(self) -> Release:
        for name in ("interval", "keep_old", "approval"):
            if getattr(self, name).total_seconds() % 60:
                raise ValueError(f"{name} takes whole minutes: AWS counts in them")
        if self.strategy in ("canary", "linear") and not self.interval:
            raise ValueError("interval is at least 1m; for none, write `strategy: all_at_once`")
        if len(" ".join(self.synthetic)) > 256:
            raise ValueError("synthetic has at most 256 characters in all (a tag's limit)")
        for name in ("keep_old", "approval"):
            if getattr(self, name) > timedelta(days=2):
                raise ValueError(f"{name} is at most 48h (AWS's limit)")
        check(self.alarms, self.strategy == "rolling")
        return self
