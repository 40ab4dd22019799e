"""The way back: a new deployment, as on AWS, that gives the traffic to the original task set again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from bambe.kernel.ids import upper_id
from bambe.services.codedeploy import lifecycle
from bambe.services.codedeploy.model import ROLLBACK, Deployment, Phase, Status


def way_back(row: Deployment, now: datetime) -> Deployment:
    """The rollback of `row`, which has ended."""
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
        rolls_back=row.id,
        rollback_message=f"Deployment {row.id} was rolled back: {row.error_message}",
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
