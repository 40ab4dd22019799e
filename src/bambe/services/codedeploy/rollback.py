"""A rollback is a new deployment, as on AWS: by weights to the original task set, else of its revision."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from bambe.kernel.ids import upper_id
from bambe.services.codedeploy import appspec, lifecycle
from bambe.services.codedeploy.deployment import ROLLBACK, Deployment, Phase, Status


def rollback(row: Deployment, now: datetime, *, by_weights: bool) -> Deployment:
    """The rollback of `row`, which has ended; `by_weights` while what was there before still runs."""
    back = _back(row, now)
    if by_weights:
        return back
    return replace(
        back,
        redeploys=True,
        events=lifecycle.fresh(bool(row.plan.test_listener)),
        plan=replace(row.plan, appspec=appspec.from_revision(back.revision)),
        step=0,
        weight=0,
        blue="",
        blue_group="",
        blue_definition="",
        green="",
        green_group="",
    )


def _back(row: Deployment, now: datetime) -> Deployment:
    return replace(
        row,
        id=f"d-{upper_id(9)}",
        status=Status.CREATED,
        phase=Phase.START,
        events=lifecycle.of_rollback(bool(row.plan.test_listener)),
        creator=ROLLBACK,
        description="",
        revision=row.previous_revision or _revision_of_blue(row),
        previous_revision=row.revision,
        created=now,
        entered=now,
        started=None,
        completed=None,
        deadline=None,
        unsteady_until=None,
        stop_asked=False,
        stop_rolls_back=False,
        go_on=False,
        end_wait=False,
        wait_started=False,
        error_code="",
        error_message="",
        rollback_id="",
        rolls_back=row.id,
        rollback_message=f"Deployment {row.id} was rolled back: {row.error_message}",
        hooks=(),
        order=0,
        superseded_by="",
        token="",
    )


def _revision_of_blue(row: Deployment) -> dict[str, Any]:
    """An AppSpec that says what the original task set runs, where no deployment made it."""
    spec = row.plan.appspec
    balancer = {"ContainerName": spec.container, "ContainerPort": spec.port}
    properties = {"TaskDefinition": row.blue_definition, "LoadBalancerInfo": balancer}
    resource = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    content = json.dumps({"version": 0.0, "Resources": [resource]})
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
