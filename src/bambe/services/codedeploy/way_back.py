"""The way back by weights: START -> DRAIN -> CLEAN_UP -> DONE, and when there is one; pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from bambe.services.codedeploy.actions import Action, End, Enter, Promote, Seen, Terminate, Weigh
from bambe.services.codedeploy.deployment import Deployment, Phase, Status

MOMENT = timedelta(seconds=1)
BEHIND = (
    "The ELB could not be updated due to the following error: Primary taskset target group must be behind"
    " listener"
)


def way_back(wish: Deployment, seen: Seen, now: datetime) -> tuple[Action, ...]:
    """The next step of a rollback to a task set that still runs."""
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
        why = "The original task set no longer exists"
        return (End(Status.FAILED, why, "ECS_UPDATE_ERROR", bool(wish.blue_definition)),)
    if not seen.routes:
        return (End(Status.FAILED, BEHIND, "ELASTIC_LOAD_BALANCING_INVALID"),)
    why = "traffic goes back to the original task set"
    actions: list[Action] = []
    if not all(route.gives(0) for route in seen.routes):
        actions.append(Weigh(0, why))
    if not all(route.gives(0) for route in seen.test_routes):
        actions.append(Weigh(0, why, test=True))
    if seen.blue.status != "PRIMARY":
        actions.append(Promote(seen.blue.id, why))
    return (*actions, Enter(Phase.DRAIN, why))


def failed(wish: Deployment, seen: Seen, code: str, why: str) -> End:
    """The end of a deployment that cannot go on."""
    return End(Status.FAILED, why, code, rolls_back(wish, seen, "DEPLOYMENT_FAILURE"))


def rolls_back(wish: Deployment, seen: Seen, event: str) -> bool:
    """Whether the deployment's settings ask for a rollback on `event`, and there is something to undo."""
    return event in wish.plan.rollback_on and can_go_back(wish, seen)


def can_go_back(wish: Deployment, seen: Seen) -> bool:
    """Something was changed, and what was there before still runs or is known."""
    changed = seen.green is not None or wish.weight > 0
    lives = seen.blue is not None and seen.blue.is_alive
    return changed and not wish.redeploys and (lives or bool(wish.blue_definition))
