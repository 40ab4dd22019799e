"""Who may change what of a service, and handing it over from one deployment controller to another."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bambe.kernel.call import Tx
from bambe.services.ecs import lookup
from bambe.services.ecs.deploying import colour_of, current, finish, resolved
from bambe.services.ecs.errors import InvalidParameterException
from bambe.services.ecs.model import Controller, Rollout, Service, SetStatus, TaskSet, primary_of
from bambe.services.ecs.service_deployment import DeploymentStatus
from bambe.services.ecs.tables import SERVICES, TASK_SETS

WITH_CODE_DEPLOY = (
    " on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."
)
REFUSED = {
    "task_definition": "Unable to update task definition",
    "network": "Unable to update network parameters",
    "platform_version": "Unable to update platform version",
    "load_balancers": "Unable to update load balancers",
    "registries": "Unable to update service registries",
}
"""UpdateService may change only what needs no new task set (ECS API, UpdateService)."""
HANDED_OVER = frozenset(
    {
        (Controller.CODE_DEPLOY, Controller.ECS),
        (Controller.CODE_DEPLOY, Controller.EXTERNAL),
        (Controller.ECS, Controller.EXTERNAL),
        (Controller.EXTERNAL, Controller.ECS),
    }
)


def check(row: Service, changed: Service, *, force: bool) -> None:
    """InvalidParameterException for what the service's controller does not let UpdateService change."""
    both = row.controller, changed.controller
    if both[0] != both[1] and both not in HANDED_OVER:
        raise InvalidParameterException(
            f"Unable to change the deployment controller from {both[0]} to {both[1]}."
        )
    if changed.controller == Controller.ECS:
        return
    different = [name for name in REFUSED if getattr(row, name) != getattr(changed, name)]
    words = REFUSED[different[0]] if different else "Cannot force a new deployment"
    if not different and not force:
        return
    if changed.controller == Controller.CODE_DEPLOY:
        raise InvalidParameterException(words + WITH_CODE_DEPLOY)
    raise InvalidParameterException(
        f"{words} on services with an EXTERNAL deployment controller. Use CreateTaskSet instead."
    )


def hand_over(tx: Tx, row: Service, to: Controller, now: datetime) -> Service:
    """The service under its new controller; its tasks run on.

    To ECS: the primary task set becomes the one deployment, and the service is what that set runs.
    From ECS: the deployments become task sets.
    """
    sets = lookup.sets_of(tx, row)
    primary = primary_of(sets)
    going = current(tx, row)
    if going is not None:
        finish(tx, going, DeploymentStatus.STOPPED, "The deployment controller was changed.", now)
    changed = replace(row, controller=to)
    if to == Controller.ECS:
        if primary is None:
            raise InvalidParameterException("The service has no primary task set to take over.")
        if any(one.status == SetStatus.ACTIVE for one in sets):
            raise InvalidParameterException(
                "The service has more than one active task set. Delete those that are not primary first."
            )
        done = replace(primary, rollout=Rollout.COMPLETED, scale=100.0, updated_at=now)
        TASK_SETS.update(tx, done)
        changed = replace(_like(changed, primary), completed=done)
    SERVICES.update(tx, changed)
    return changed


def with_pairs(tx: Tx, row: Service, changed: Service) -> Service:
    """`row` with the load balancers of `changed`, where its primary tasks are registered there already: that
    their target group has got an alternate one is no reason to replace them."""
    primary = primary_of(lookup.sets_of(tx, row))
    if primary is None:
        return row
    colour = colour_of(changed.load_balancers, primary)
    same = resolved(changed.load_balancers, colour) == primary.load_balancers
    return replace(row, load_balancers=changed.load_balancers) if same else row


def _like(row: Service, primary: TaskSet) -> Service:
    return replace(
        row,
        task_definition=primary.task_definition,
        load_balancers=primary.load_balancers or row.load_balancers,
        registries=primary.registries or row.registries,
        network=primary.network or row.network,
        platform_version=primary.platform_version or row.platform_version,
    )
