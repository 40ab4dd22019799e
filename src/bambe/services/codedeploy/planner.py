"""What a deployment does next: pure, from its row, what the services around it show, and the time.

START -> [hook] INSTALL [hook] -> [TEST [hook]] -> [READY] -> [hook] SHIFT (a step at a time) [hook]
      -> TERMINATION_WAIT -> CLEAN_UP -> DONE

The way back is in `way_back`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from bambe.kernel.ids import digest_id
from bambe.services.codedeploy.actions import (
    Action,
    Begin,
    CreateGreen,
    End,
    Enter,
    Expect,
    Invoke,
    Promote,
    Reweighed,
    Seen,
    Shifted,
    TaskSet,
    Terminate,
    Watch,
    Weigh,
)
from bambe.services.codedeploy.deployment import (
    HOOKS,
    Deployment,
    EventStatus,
    HookRun,
    Phase,
    Status,
    Step,
)
from bambe.services.codedeploy.way_back import BEHIND, MOMENT, can_go_back, failed, rolls_back, way_back

UNSTEADY_LIMIT = timedelta(minutes=5)
FAILED_STARTS = 3
ORDER = tuple(phase for phase in Phase if phase is not Phase.DRAIN)
INSTALL_TIMEOUT = (
    "The deployment timed out while waiting for the replacement task set to become healthy. This time out"
    " period is 60 minutes."
)
HOOK_TIMEOUT = (
    "The deployment timed out while waiting for a status callback. CodeDeploy expects a status callback"
    " within one hour after a deployment hook is invoked."
)
HOOK_FAILED = "The deployment failed because one or more of the lifecycle event validation functions failed."


def plan(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    """The next step; nothing while there is only to wait."""
    if wish.is_over:
        return ()
    if wish.is_way_back:
        return way_back(wish, seen, now)
    if wish.stop_asked and wish.phase is not Phase.CLEAN_UP:
        back = wish.stop_rolls_back and can_go_back(wish, seen)
        return (End(Status.STOPPED, "The deployment was stopped on request.", "MANUAL_STOP", back),)
    if wish.is_queued:
        return ()
    if seen.problem:
        return (failed(wish, seen, *seen.problem),)
    if seen.alarm and wish.phase is not Phase.CLEAN_UP:
        back = rolls_back(wish, seen, "DEPLOYMENT_STOP_ON_ALARM")
        return (End(Status.STOPPED, seen.alarm, "ALARM_ACTIVE", back),)
    if seen.worse and wish.phase in (Phase.SHIFT, Phase.AFTER_TRAFFIC, Phase.TERMINATION_WAIT):
        return (End(Status.FAILED, seen.worse, "HEALTH_CONSTRAINTS", can_go_back(wish, seen)),)
    return _STEPS[wish.phase](wish, seen, now)


def _following(wish: Deployment) -> Phase:
    """The phase after the present one, those that this deployment does not have left out."""
    return next(phase for phase in ORDER[ORDER.index(wish.phase) + 1 :] if wish.plan.has(phase))


def _advance(wish: Deployment, why: str) -> tuple[Action, ...]:
    following = _following(wish)
    if following is Phase.TEST:
        why = f"{why}: the test listener gets it"
        return (Weigh(100, why, test=True), Enter(following, why))
    if following is Phase.READY:
        why = "ready: waits for ContinueDeployment"
        return (Enter(following, why, minutes=wish.plan.ready_minutes),)
    if following is Phase.TERMINATION_WAIT:
        minutes = wish.plan.termination_minutes if wish.plan.terminates_blue else None
        return (Enter(following, why, minutes=minutes),)
    return (Enter(following, why),)


def _start(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if seen.blue is None or not seen.blue_group:
        return (failed(wish, seen, "INVALID_ECS_SERVICE", "The ECS service has no primary task set"),)
    if not seen.routes or (wish.plan.test_listener and not seen.test_routes):
        return (failed(wish, seen, "ELASTIC_LOAD_BALANCING_INVALID", BEHIND),)
    why = "the service can be released"
    return (Begin(_following(wish), seen.blue, seen.blue_group, seen.green_group, why),)


def _hook(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    event, run = wish.phase.value, wish.run(wish.phase)
    if run is None:
        function = wish.plan.appspec.hooks[event]
        run = HookRun(event, function, digest_id(f"{wish.account} {wish.id} {event}", length=32))
        why = f"{event} is for {function} to judge"
        return (Expect(run, why), Invoke(run, why))
    if run.status is EventStatus.SUCCEEDED:
        return _advance(wish, f"{run.function} has found {event} good")
    if run.status is EventStatus.FAILED:
        return (failed(wish, seen, "HOOK_EXECUTION_FAILURE", HOOK_FAILED),)
    if wish.deadline is not None and now >= wish.deadline:
        return (failed(wish, seen, "TIMEOUT", HOOK_TIMEOUT),)
    return () if run.invoked else (Invoke(run, "it was not called before the last stop"),)


def _install(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if not seen.routes:
        return (failed(wish, seen, "ELASTIC_LOAD_BALANCING_INVALID", BEHIND),)
    weigh: tuple[Action, ...] = ()
    if not all(route.gives(0) for route in seen.routes):
        weigh = (Weigh(0, "health checks reach a target group only if a rule names it"),)
    if seen.leftovers:
        return weigh or tuple(
            Terminate(task_set.id, f"{task_set.id} is left from an earlier deployment")
            for task_set in seen.leftovers
        )
    if seen.green is None:
        return (*weigh, CreateGreen("the replacement task set is not there yet"))
    if weigh:
        return weigh
    if not seen.green.is_alive:
        return (failed(wish, seen, "ECS_UPDATE_ERROR", "The replacement task set is being deleted"),)
    if seen.green.steady and seen.healthy:
        return _advance(wish, "the replacement task set is healthy")
    if seen.stopped >= FAILED_STARTS:
        return (failed(wish, seen, "HEALTH_CONSTRAINTS", _keeps_failing(seen)),)
    if wish.deadline is not None and now >= wish.deadline:
        return (failed(wish, seen, "TIMEOUT", INSTALL_TIMEOUT),)
    return ()


def _test(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    return _advance(wish, "the test listener has the replacement task set")


def _ready(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if wish.go_on or seen.promoted:
        return _advance(wish, "ContinueDeployment was called")
    if wish.deadline is not None and now >= wish.deadline and not seen.held:
        why = (
            "The deployment timed out while waiting for a notification to continue. This time out period is"
            f" {wish.plan.ready_minutes} minutes."
        )
        return (End(Status.STOPPED, why, "TIMEOUT", rolls_back(wish, seen, "DEPLOYMENT_FAILURE")),)
    return ()


def _shift(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if not seen.routes:
        return (failed(wish, seen, "ELASTIC_LOAD_BALANCING_INVALID", BEHIND),)
    if seen.green is None or not seen.green.is_alive:
        return (failed(wish, seen, "ECS_UPDATE_ERROR", "The replacement task set no longer exists"),)
    if not seen.green.steady:
        return _unsteady(wish, seen, now)
    if wish.unsteady_until is not None:
        return (Watch(None, "the replacement task set is steady again"),)
    due = wish.deadline is None or now >= wish.deadline
    if seen.promoted or (due and not seen.held):
        return _next_step(wish, seen.green, wish.plan.steps[-1 if seen.promoted else wish.step])
    if seen.share not in (None, wish.weight):
        return (Reweighed(seen.share or 0, f"somebody gave the replacement task set {seen.share} percent"),)
    return ()


def _unsteady(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if seen.stopped >= FAILED_STARTS:
        return (failed(wish, seen, "HEALTH_CONSTRAINTS", _keeps_failing(seen)),)
    if wish.unsteady_until is None:
        return (Watch(now + UNSTEADY_LIMIT, "the replacement task set is not steady"),)
    if now >= wish.unsteady_until:
        why = "The replacement task set was not steady for 5 minutes while traffic was shifted"
        return (failed(wish, seen, "HEALTH_CONSTRAINTS", why),)
    return ()


def _next_step(wish: Deployment, green: TaskSet, step: Step) -> tuple[Action, ...]:
    why = f"the replacement task set gets {step.percent} percent of the traffic"
    if step.percent < 100:
        return (Weigh(step.percent, why), Shifted(step, why))
    return (Weigh(100, why), Promote(green.id, "it carries all traffic"), *_advance(wish, why))


def _termination_wait(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if not wish.plan.terminates_blue:
        return (End(Status.SUCCEEDED, "all traffic is shifted; the original task set is kept alive"),)
    over = wish.deadline is None or now >= wish.deadline
    if (wish.end_wait or (over and not seen.held)) and now >= wish.entered + MOMENT:
        why = "the wait was ended early" if wish.end_wait else "the termination wait is over"
        return (Enter(Phase.CLEAN_UP, why),)
    return ()


def _clean_up(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if seen.blue is None or not seen.blue.is_alive:
        return (End(Status.SUCCEEDED, "the original task set is terminated"),)
    if seen.blue.status == "PRIMARY":
        if seen.green is None or not seen.green.is_alive:
            return (End(Status.SUCCEEDED, "the original task set is the only one left: kept"),)
        return (Promote(seen.green.id, "it carries all traffic"),)
    return (Terminate(seen.blue.id, "the original task set is no longer needed"),)


def _keeps_failing(seen: Seen) -> str:
    return (
        f"The replacement task set does not become healthy: {seen.stopped} of its tasks stopped, the last one"
        f" because: {seen.stopped_reason or 'unknown'}"
    )


_STEPS: dict[Phase, Callable[[Deployment, Seen, datetime], tuple[Action, ...]]] = {
    Phase.START: _start,
    Phase.INSTALL: _install,
    Phase.TEST: _test,
    Phase.READY: _ready,
    Phase.SHIFT: _shift,
    Phase.TERMINATION_WAIT: _termination_wait,
    Phase.CLEAN_UP: _clean_up,
    **dict.fromkeys(HOOKS, _hook),
}
