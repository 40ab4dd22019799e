"""What a shifting deployment sees and what it can do next: each step with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from bambe.services.ecs.service_deployment import DeploymentStatus, Hook, HookRun, ShiftStep, Stage


@dataclass(frozen=True, slots=True)
class Part:
    """One side of the deployment: a task set. `settled`: as many tasks as are wanted, all ready.
    `tasks`: those that have not stopped yet."""

    id: str
    scale: float = 0.0
    settled: bool = False
    draining: bool = False
    tasks: int = 0


@dataclass(frozen=True, slots=True)
class Routes:
    """What the rules give the target revision, in percent: None where they differ or none says."""

    production: float | None = None
    test: float | None = None
    has_production: bool = False
    has_test: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What is there now. `problem`: why traffic cannot be shifted. `others`: task sets of neither side.
    `failures` of tasks of the target against `threshold` (0: no circuit breaker), `alarms` that ring.
    `worse`: what the comparison of the target with the source has found against it.
    Somebody asked: `held` to stay at this step, `promoted` for all traffic now, `finish` for the end of the
    source revision now, once it has none."""

    source: Part | None = None
    target: Part | None = None
    others: tuple[Part, ...] = ()
    routes: Routes = Routes()
    problem: str = ""
    failures: int = 0
    threshold: int = 0
    breaker_rolls_back: bool = False
    alarms: tuple[str, ...] = ()
    alarms_roll_back: bool = False
    worse: str = ""
    held: bool = False
    promoted: bool = False
    finish: bool = False

    @property
    def breaker_opens(self) -> bool:
        """Whether so many tasks failed that the circuit breaker ends the deployment."""
        return bool(self.threshold) and self.failures >= self.threshold


@dataclass(frozen=True, slots=True)
class Enter:
    """The deployment goes on to `stage`, in which it waits `minutes` (None: not for time)."""

    stage: Stage
    why: str
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """The task set gets all the tasks of the service."""

    task_set: str
    why: str


@dataclass(frozen=True, slots=True)
class Weigh:
    """The target revision gets `percent` of the traffic: production's, or the test rule's."""

    percent: float
    why: str
    test: bool = False


@dataclass(frozen=True, slots=True)
class Shifted:
    """A step of the shift is done: `done` are, counting those that were left out."""

    step: ShiftStep
    done: int
    why: str


@dataclass(frozen=True, slots=True)
class Reweighed:
    """Somebody set the target revision's share to `percent` by hand: it holds until the next step."""

    percent: float
    why: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Hooks are to judge this passage of the stage."""

    hooks: tuple[Hook, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Call:
    """The function of a hook is asked."""

    run: HookRun
    why: str


@dataclass(frozen=True, slots=True)
class Expire:
    """Nobody answered a hook in time."""

    run: HookRun
    why: str


@dataclass(frozen=True, slots=True)
class Waive:
    """A PAUSE need not be answered: somebody has pressed on already."""

    run: HookRun
    why: str


@dataclass(frozen=True, slots=True)
class Drain:
    """A task set has no use any more."""

    task_set: str
    why: str


@dataclass(frozen=True, slots=True)
class GoBack:
    """The source revision is to have everything again."""

    why: str


@dataclass(frozen=True, slots=True)
class End:
    """The deployment is over."""

    status: DeploymentStatus
    why: str


Record = Enter | Shifted | Reweighed | Ask | Expire | Waive | GoBack | End
"""What changes the deployment's own row; the last two its service too."""

Action = Record | Scale | Weigh | Call | Drain
