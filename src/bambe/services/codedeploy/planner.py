"""What a deployment does next: pure, from its row, what ECS and the load balancer show, and the time.

START -> INSTALL -> [TEST] -> [READY] -> SHIFT (a step at a time) -> TERMINATION_WAIT -> CLEAN_UP -> DONE
a way back:  START -> DRAIN -> CLEAN_UP -> DONE
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from bambe.services.codedeploy.actions import (
    Action,
    Begin,
    CreateGreen,
    End,
    Enter,
    Promote,
    Seen,
    Shifted,
    TaskSet,
    Terminate,
    Watch,
    Weigh,
)
from bambe.services.codedeploy.model import Deployment, Phase, Status

INSTALL_LIMIT = timedelta(minutes=60)
UNSTEADY_LIMIT = timedelta(minutes=5)
MOMENT = timedelta(seconds=1)
FAILED_STARTS = 3
BEHIND = (
    "The ELB could not be updated due to the following error: Primary taskset target group must be behind"
    " listener"
)
INSTALL_TIMEOUT = (
    "The deployment timed out while waiting for the replacement task set to become healthy. This time out"
    " period is 60 minutes."
)


def plan(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    """The next step; nothing while there is only to wait."""
    if wish.is_over:
        return ()
    if wish.is_rollback:
        return _way_back(wish, seen, now)
    if wish.stop_asked and wish.phase is not Phase.CLEAN_UP:
        back = wish.stop_rolls_back and _can_go_back(wish, seen)
        return (End(Status.STOPPED, "The deployment was stopped on request.", "MANUAL_STOP", back),)
    if seen.problem:
        return (_failed(wish, seen, *seen.problem),)
    return _STEPS[wish.phase](wish, seen, now)


def _start(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if seen.blue is None or not seen.blue_group:
        return (_failed(wish, seen, "INVALID_ECS_SERVICE", "The ECS service has no primary task set"),)
    if not seen.routes or (wish.plan.test_listener and not seen.test_routes):
        return (_failed(wish, seen, "ELASTIC_LOAD_BALANCING_INVALID", BEHIND),)
    return (Begin(seen.blue, seen.blue_group, seen.green_group, "the service can be released"),)


def _install(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if not seen.routes:
        return (_failed(wish, seen, "ELASTIC_LOAD_BALANCING_INVALID", BEHIND),)
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
        return (_failed(wish, seen, "ECS_UPDATE_ERROR", "The replacement task set is being deleted"),)
    if seen.green.steady and seen.healthy:
        return _installed(wish)
    if seen.stopped >= FAILED_STARTS:
        return (_failed(wish, seen, "HEALTH_CONSTRAINTS", _keeps_failing(seen)),)
    if wish.deadline is not None and now >= wish.deadline:
        return (_failed(wish, seen, "TIMEOUT", INSTALL_TIMEOUT),)
    return ()


def _installed(wish: Deployment) -> tuple[Action, ...]:
    if wish.plan.test_listener:
        why = "the replacement task set is healthy: the test listener gets it"
        return (Weigh(100, why, test=True), Enter(Phase.TEST, why))
    return (_after_test(wish),)


def _after_test(wish: Deployment) -> Enter:
    if wish.plan.waits_ready:
        why = "ready: waits for ContinueDeployment"
        return Enter(Phase.READY, why, minutes=wish.plan.ready_minutes)
    return Enter(Phase.SHIFT, "the replacement task set is healthy")


def _test(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    return (_after_test(wish),)


def _ready(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if wish.go_on:
        return (Enter(Phase.SHIFT, "ContinueDeployment was called"),)
    if wish.deadline is not None and now >= wish.deadline:
        why = (
            "The deployment timed out while waiting for a notification to continue. This time out period is"
            f" {wish.plan.ready_minutes} minutes."
        )
        return (End(Status.STOPPED, why, "TIMEOUT", _rolls_back(wish, seen, "DEPLOYMENT_FAILURE")),)
    return ()


def _shift(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if not seen.routes:
        return (_failed(wish, seen, "ELASTIC_LOAD_BALANCING_INVALID", BEHIND),)
    if seen.green is None or not seen.green.is_alive:
        return (_failed(wish, seen, "ECS_UPDATE_ERROR", "The replacement task set no longer exists"),)
    if not seen.green.steady:
        return _unsteady(wish, seen, now)
    if wish.unsteady_until is not None:
        return (Watch(None, "the replacement task set is steady again"),)
    if wish.deadline is None or now >= wish.deadline:
        return _next_step(wish, seen.green)
    if not all(route.gives(wish.weight) for route in seen.routes):
        return (Weigh(wish.weight, f"the replacement task set has {wish.weight} percent"),)
    return ()


def _unsteady(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if seen.stopped >= FAILED_STARTS:
        return (_failed(wish, seen, "HEALTH_CONSTRAINTS", _keeps_failing(seen)),)
    if wish.unsteady_until is None:
        return (Watch(now + UNSTEADY_LIMIT, "the replacement task set is not steady"),)
    if now >= wish.unsteady_until:
        why = "The replacement task set was not steady for 5 minutes while traffic was shifted"
        return (_failed(wish, seen, "HEALTH_CONSTRAINTS", why),)
    return ()


def _next_step(wish: Deployment, green: TaskSet) -> tuple[Action, ...]:
    step = wish.plan.steps[wish.step]
    why = f"the replacement task set gets {step.percent} percent of the traffic"
    if step.percent < 100:
        return (Weigh(step.percent, why), Shifted(step, why))
    return (
        Weigh(100, why),
        Promote(green.id, "it carries all traffic"),
        Enter(
            Phase.TERMINATION_WAIT,
            why,
            minutes=wish.plan.termination_minutes if wish.plan.terminates_blue else None,
        ),
    )


def _termination_wait(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if not wish.plan.terminates_blue:
        return (End(Status.SUCCEEDED, "all traffic is shifted; the original task set is kept alive"),)
    waited = wish.end_wait or wish.deadline is None or now >= wish.deadline
    if waited and now >= wish.entered + MOMENT:
        why = "ContinueDeployment ended the wait" if wish.end_wait else "the termination wait is over"
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


def _way_back(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    if seen.problem:
        code, why = seen.problem
        return (End(Status.FAILED, why, code),)
    if wish.phase is Phase.START:
        return _back_to_blue(wish, seen)
    if wish.phase is Phase.DRAIN:
        over = now >= wish.entered + MOMENT
        return (Enter(Phase.CLEAN_UP, "no traffic reaches the replacement task set"),) if over else ()
    if seen.green is None or not seen.green.is_alive:
        return (End(Status.SUCCEEDED, "the original task set has all traffic again"),)
    return (Terminate(seen.green.id, "it was rolled back"),)


def _back_to_blue(wish: Deployment, seen: Seen) -> tuple[Action, ...]:
    if seen.blue is None or not seen.blue.is_alive:
        return (End(Status.FAILED, "The original task set no longer exists", "ECS_UPDATE_ERROR"),)
    why = "traffic goes back to the original task set"
    actions: list[Action] = []
    if not all(route.gives(0) for route in seen.routes):
        actions.append(Weigh(0, why))
    if not all(route.gives(0) for route in seen.test_routes):
        actions.append(Weigh(0, why, test=True))
    if seen.blue.status != "PRIMARY":
        actions.append(Promote(seen.blue.id, why))
    return (*actions, Enter(Phase.DRAIN, why))


def _failed(wish: Deployment, seen: Seen, code: str, why: str) -> End:
    return End(Status.FAILED, why, code, _rolls_back(wish, seen, "DEPLOYMENT_FAILURE"))


def _rolls_back(wish: Deployment, seen: Seen, event: str) -> bool:
    return event in wish.plan.rollback_on and _can_go_back(wish, seen)


def _can_go_back(wish: Deployment, seen: Seen) -> bool:
    """Something was changed, and the task set to go back to still runs."""
    changed = seen.green is not None or wish.weight > 0
    return changed and seen.blue is not None and seen.blue.is_alive


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
}
