"""What a deployment sees and what it can do next: each step with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bambe.services.codedeploy.model import Phase, Status, Step


@dataclass(frozen=True, slots=True)
class TaskSet:
    """One task set of the service, as ECS describes it."""

    id: str
    status: str
    group: str
    external_id: str = ""
    definition: str = ""
    steady: bool = False

    @property
    def is_alive(self) -> bool:
        return self.status != "DRAINING"


@dataclass(frozen=True, slots=True)
class Route:
    """One rule that forwards to the live target group; `green` None: the other group is not in it."""

    blue: int
    green: int | None

    def gives(self, percent: int) -> bool:
        return (self.blue, self.green) == (100 - percent, percent)


@dataclass(frozen=True, slots=True)
class Seen:
    """What ECS and the load balancer show; `problem`: (code, message) of what rules a release out."""

    blue: TaskSet | None = None
    green: TaskSet | None = None
    blue_group: str = ""
    green_group: str = ""
    leftovers: tuple[TaskSet, ...] = ()
    routes: tuple[Route, ...] = ()
    test_routes: tuple[Route, ...] = ()
    healthy: bool = False
    stopped: int = 0
    stopped_reason: str = ""
    problem: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    """Record which task set and groups this is about, and enter INSTALL."""

    blue: TaskSet
    blue_group: str
    green_group: str
    why: str


@dataclass(frozen=True, slots=True)
class CreateGreen:
    why: str


@dataclass(frozen=True, slots=True)
class Weigh:
    """Give green `percent` on every rule of the production (or test) listener."""

    percent: int
    why: str
    test: bool = False


@dataclass(frozen=True, slots=True)
class Promote:
    task_set: str
    why: str


@dataclass(frozen=True, slots=True)
class Terminate:
    task_set: str
    why: str


@dataclass(frozen=True, slots=True)
class Enter:
    """Enter `phase`. `minutes` is a wait AWS counts (scaled by the clock)."""

    phase: Phase
    why: str
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Shifted:
    """A step of the shift is done: green has `step.percent`, the next comes after `step.minutes`."""

    step: Step
    why: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Remember until when green may be unsteady (None: it is steady again)."""

    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class End:
    """The deployment is over; with `rolls_back`, a new deployment leads back to blue."""

    status: Status
    why: str
    code: str = ""
    rolls_back: bool = False


Action = Begin | CreateGreen | Weigh | Promote | Terminate | Enter | Shifted | Watch | End
