"""What Application Auto Scaling remembers: scalable targets, scheduled actions and what they did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An ECS service whose desired count may be scaled; `resource` is `service/CLUSTER/NAME`."""

    account: str
    region: str
    resource: str
    id: str
    least: int
    most: int
    role: str
    created: datetime
    suspended: dict[str, bool] = field(default_factory=dict)
    out_until: datetime | None = None
    in_until: datetime | None = None
    """Until when no policy may add, or take away."""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:application-autoscaling:{self.region}:{self.account}:scalable-target/{self.id}"

    @property
    def is_scheduled_off(self) -> bool:
        """Whether scheduled actions are not to run now."""
        return self.suspended.get("ScheduledScalingSuspended", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """At its times the target gets these limits. `due`: when it runs next, None for never again."""

    account: str
    region: str
    resource: str
    name: str
    id: str
    schedule: str
    timezone: str
    created: datetime
    start: datetime | None = None
    end: datetime | None = None
    least: int | None = None
    most: int | None = None
    due: datetime | None = None

    @property
    def arn(self) -> str:
        head = f"arn:aws:autoscaling:{self.region}:{self.account}:scheduledAction:{self.id}"
        return f"{head}:resource/ecs/{self.resource}:scheduledActionName/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a target is scaled: `settings` are in the API's words, `numbers` tell its alarms from others."""

    account: str
    region: str
    resource: str
    name: str
    id: str
    kind: str
    settings: dict[str, Any]
    created: datetime
    numbers: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        head = f"arn:aws:autoscaling:{self.region}:{self.account}:scalingPolicy:{self.id}"
        return f"{head}:resource/ecs/{self.resource}:policyName/{self.name}"

    def alarm(self, word: str) -> str:
        """The name of the alarm `AlarmHigh` or `AlarmLow`, as AWS makes it."""
        return f"TargetTracking-{self.resource}-{word}-{self.numbers[word]}"

    @property
    def names(self) -> list[str]:
        """The names of all alarms it may have."""
        return [self.alarm(word) for word in self.numbers] if self.kind == "TargetTrackingScaling" else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One change of a desired count, or why there was none."""

    account: str
    region: str
    resource: str
    id: str
    started: datetime
    ended: datetime
    description: str
    cause: str
    status: str = "Successful"
    message: str = ""
