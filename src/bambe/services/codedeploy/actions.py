"""What a deployment sees and what it can do next: each step with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bambe.services.codedeploy.deployment import HookRun, Phase, Status, Step


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

    @property
    def percent(self) -> int | None:
        """Green's share, rounded."""
        if self.green is None or not self.blue + self.green:
            return None
        return round(100 * self.green / (self.blue + self.green))

    def gives(self, percent: int) -> bool:
        return (self.blue, self.green) == (100 - percent, percent)


@dataclass(frozen=True, slots=True)
class Seen:
    """What ECS, the load balancer and CloudWatch show; `problem`: (code, message) that rules a release out.

    `alarm`: why an alarm stops the release, "" for none. `held` and `promoted`: somebody asked to stay
    at this step, or to skip the waits. `worse`: what the comparison of green with blue has found.
    """

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
    alarm: str = ""
    held: bool = False
    promoted: bool = False
    worse: str = ""

    @property
    def share(self) -> int | None:
        """What green has on every rule, in percent; None where the rules differ or green is in none."""
        found = {route.percent for route in self.routes}
        return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Begin:
    """Record which task set and groups this is about, and enter `phase`."""

    phase: Phase
    blue: TaskSet
    blue_group: str
    green_group: str
    why: str


@dataclass(frozen=True, slots=True)
class CreateGreen:
    why: str


@dataclass(frozen=True, slots=True)
class Expect:
    """Record that the function of `run` is about to be called: it may answer before the call returns."""

    run: HookRun
    why: str


@dataclass(frozen=True, slots=True)
class Invoke:
    """Call the function, then record that it was."""

    run: HookRun
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
class Reweighed:
    """Somebody set green's share to `percent` by hand: it holds until the next step."""

    percent: int
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


Record = Begin | Expect | Enter | Shifted | Reweighed | Watch | End
"""What is done by writing it down."""

Action = Record | CreateGreen | Weigh | Promote | Terminate | Invoke
