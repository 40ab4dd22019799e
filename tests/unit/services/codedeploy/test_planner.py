"""Random worlds: whatever time, health and people do, a deployment ends and breaks nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bambe.services.codedeploy import lifecycle
from bambe.services.codedeploy.actions import (
    Action,
    CreateGreen,
    End,
    Invoke,
    Promote,
    Route,
    Seen,
    TaskSet,
    Terminate,
    Weigh,
)
from bambe.services.codedeploy.configs import steps
from bambe.services.codedeploy.deployment import HOOKS, AppSpec, Deployment, EventStatus, Phase, Plan, Status
from bambe.services.codedeploy.moves import moved
from bambe.services.codedeploy.planner import plan
from bambe.services.codedeploy.rollback import rollback

START = datetime(2026, 1, 1, tzinfo=UTC)
CONFIGS = [
    {"type": "AllAtOnce"},
    {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 5}},
    {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 30, "linearInterval": 1}},
]
PEOPLE = ["stop", "stop back", "continue", "hold", "go", "promote", "by hand"]
TICKS = st.sampled_from(["wait", "minute", "hour", "sick", "well", "crash", "good", "bad", "alarm", *PEOPLE])


@dataclass
class Simulation:
    """A service with one rule, and the deployment that changes it."""

    row: Deployment
    now: datetime = START
    blue: str = "PRIMARY"
    green: str = ""
    green_of: str = ""
    weights: tuple[int, int | None] = (1, None)
    well: bool = True
    stopped: int = 0
    alarm: str = ""
    held: bool = False
    promoted: bool = False
    invoked: list[str] = field(default_factory=list)
    ended: list[Deployment] = field(default_factory=list)

    def seen(self) -> Seen:
        blue = TaskSet("blue", self.blue, "tg-1", steady=True) if self.blue else None
        green = None
        if self.green:
            green = TaskSet("green", self.green, "tg-2", self.green_of, steady=self.well)
        return Seen(
            blue=blue,
            green=green,
            blue_group="tg-1",
            green_group="tg-2",
            routes=(Route(*self.weights),),
            test_routes=(Route(100, 0),),
            healthy=self.well,
            stopped=self.stopped,
            alarm="" if self.row.is_rollback else self.alarm,
            held=self.held,
            promoted=self.promoted,
        )

    def run(self, crash: bool = False) -> None:
        for number, action in enumerate(plan(self.row, self.seen(), self.now)):
            if crash and number == 1:
                return
            self.apply(action)
            self.check()

    def apply(self, action: Action) -> None:
        row = self.row
        match action:
            case CreateGreen():
                assert not self.green
                self.green, self.green_of = "ACTIVE", row.external_id
            case Weigh(percent=percent):
                assert percent == 0 or self.green
                self.weights = (100 - percent, percent)
            case Promote(task_set=name):
                assert self.weights == ((0, 100) if name == "green" else (100, 0))
                self.blue, self.green = (
                    ("ACTIVE", "PRIMARY") if name == "green" else ("PRIMARY", self.green and "ACTIVE")
                )
            case Terminate(task_set="green"):
                assert self.weights[1] == 0, "green is ended only without traffic"
                self.green = ""
            case Terminate():
                assert self.weights[0] == 0, "blue is ended only without traffic"
                self.blue = ""
            case Invoke(run=run):
                assert run.id in [known.id for known in row.hooks]
                self.invoked.append(run.event)
                self.row = self.moved(action)
            case End(rolls_back=back):
                self.row = self.moved(action)
                self.ended.append(self.row)
                if back:
                    self.row = rollback(self.row, self.now, by_weights=bool(self.blue))
            case _:
                self.row = self.moved(action)

    def moved(self, action: Any) -> Deployment:
        return moved(self.row, action, self.now, lambda wait: self.now + wait)

    def check(self) -> None:
        assert [self.blue, self.green].count("PRIMARY") == 1
        assert self.weights == (1, None) or sum(weight or 0 for weight in self.weights) == 100
        if not self.blue:
            assert self.weights[0] == 0
        if not self.green:
            assert not self.weights[1]

    def tick(self, what: str) -> None:
        jumps = {"wait": 1, "minute": 60, "hour": 3600}
        self.now += timedelta(seconds=jumps.get(what, 1))
        over = self.row.is_over or self.row.is_rollback or self.row.phase is Phase.CLEAN_UP
        if what.startswith("stop") and not over:
            self.row = replace(self.row, stop_asked=True, stop_rolls_back=what == "stop back")
        self.judge(what)
        if what == "continue":
            self.row = replace(self.row, go_on=True, end_wait=self.row.phase is Phase.TERMINATION_WAIT)
        if what in ("sick", "well"):
            self.well = what == "well"
            self.stopped += what == "sick"
        self.run(crash=what == "crash")

    def judge(self, what: str) -> None:
        """What functions, alarms and people say."""
        if what in ("good", "bad"):
            said = EventStatus.SUCCEEDED if what == "good" else EventStatus.FAILED
            self.row = replace(
                self.row,
                hooks=tuple(
                    replace(run, status=said) if run.status is EventStatus.IN_PROGRESS else run
                    for run in self.row.hooks
                ),
            )
        self.alarm = "an alarm rings" if what == "alarm" else ""
        self.held = what == "hold" or (self.held and what != "go")
        self.promoted = what == "promote"
        if what == "by hand" and self.row.phase is Phase.SHIFT and self.row.step:
            self.weights = (50, 50)


def deployment(
    config: int, ready: bool, keep: bool, rolls_back: bool, test: bool, hooks: frozenset[str] = frozenset()
) -> Deployment:
    wish = Plan(
        cluster="shop",
        service="orders",
        pair=("one", "two"),
        listener="listener",
        test_listener="test" if test else "",
        steps=steps(CONFIGS[config]),
        terminates_blue=not keep,
        termination_minutes=30,
        waits_ready=ready,
        ready_minutes=10,
        rollback_on=("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM") if rolls_back else (),
        appspec=AppSpec("orders:2", "orders", 8080, hooks=dict.fromkeys(hooks, "judge")),
    )
    return Deployment(
        account="1",
        region="r",
        id="d-ABCDEFGHI",
        application="shop",
        group="orders",
        status=Status.CREATED,
        phase=Phase.START,
        plan=wish,
        config="c",
        revision={},
        created=START,
        entered=START,
        events=lifecycle.fresh(test),
    )


DEPLOYMENTS = st.builds(
    deployment,
    config=st.integers(0, 2),
    ready=st.booleans(),
    keep=st.booleans(),
    rolls_back=st.booleans(),
    test=st.booleans(),
    hooks=st.frozensets(st.sampled_from([hook.value for hook in HOOKS if hook is not Phase.AFTER_TEST])),
)


@settings(max_examples=400, deadline=None)
@given(DEPLOYMENTS, st.lists(TICKS, max_size=40))
def test_ends_whatever_happens(row: Deployment, ticks: list[str]) -> None:
    world = Simulation(row)
    for what in ticks:
        world.tick(what)
    world.held = False
    for _ in range(60):
        world.tick("hour")
    assert world.row.is_over
    assert plan(world.row, world.seen(), world.now) == ()
    assert not any(event.status in ("Pending", "InProgress") for event in world.row.events)
    if world.row.is_way_back:
        assert (world.blue, world.green) == ("PRIMARY", "")
        assert not world.weights[1]


@settings(max_examples=100, deadline=None)
@given(DEPLOYMENTS)
def test_undisturbed_it_succeeds(row: Deployment) -> None:
    world = Simulation(row)
    for _ in range(400):
        world.tick("continue" if world.row.phase is Phase.READY else "minute")
        world.judge("good")
    assert world.row.status is Status.SUCCEEDED
    assert world.green == "PRIMARY"
    assert world.weights == (0, 100)
    assert bool(world.blue) is not row.plan.terminates_blue
    assert world.invoked == [event.name for event in row.events if event.name in row.plan.appspec.hooks]
    assert {event.status for event in world.row.events} == {EventStatus.SUCCEEDED}


@settings(max_examples=100, deadline=None)
@given(DEPLOYMENTS, st.integers(1, 40))
def test_held_it_stays_and_let_go_it_goes_on(row: Deployment, minutes: int) -> None:
    world = Simulation(row, held=True)
    for _ in range(minutes):
        world.tick("minute")
        world.judge("good")
    before = (world.weights, world.row.phase)
    if world.row.phase in (Phase.SHIFT, Phase.TERMINATION_WAIT) and not world.row.is_over:
        world.tick("hour")
        assert (world.weights, world.row.phase) == before
    world.held = False
    for _ in range(400):
        world.tick("continue" if world.row.phase is Phase.READY else "minute")
        world.judge("good")
    assert world.row.status is Status.SUCCEEDED


def test_a_way_back_without_a_rule_to_weigh_terminates_nothing() -> None:
    row = deployment(1, ready=False, keep=False, rolls_back=True, test=False)
    failed = replace(row, status=Status.FAILED, blue="blue", blue_group="tg-1", green_group="tg-2")
    back = rollback(failed, START, by_weights=True)
    seen = Seen(
        blue=TaskSet("blue", "ACTIVE", "tg-1", steady=True),
        green=TaskSet("green", "PRIMARY", "tg-2", back.external_id, steady=True),
        blue_group="tg-1",
        green_group="tg-2",
        routes=(),  # somebody has the rule forward to green alone
    )
    (action, *_) = plan(back, seen, START)
    assert isinstance(action, End)
    assert action.status is Status.FAILED
