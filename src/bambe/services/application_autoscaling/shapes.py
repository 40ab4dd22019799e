"""Rows as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bambe.kernel.call import Answer
from bambe.kernel.pages import page
from bambe.services.application_autoscaling import policies
from bambe.services.application_autoscaling.checks import DIMENSION, NAMESPACE
from bambe.services.application_autoscaling.errors import InvalidNextTokenException
from bambe.services.application_autoscaling.model import Action, Activity, Policy, Target

SUSPENDED = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


def _of(row: Target | Action | Activity | Policy) -> Answer:
    return {"ServiceNamespace": NAMESPACE, "ResourceId": row.resource, "ScalableDimension": DIMENSION}


def target(row: Target) -> Answer:
    """A ScalableTarget."""
    return _of(row) | {
        "MinCapacity": row.least,
        "MaxCapacity": row.most,
        "RoleARN": row.role,
        "CreationTime": row.created,
        "SuspendedState": {name: row.suspended.get(name, False) for name in SUSPENDED},
        "ScalableTargetARN": row.arn,
    }


def action(row: Action) -> Answer:
    """A ScheduledAction."""
    limits = {"MinCapacity": row.least, "MaxCapacity": row.most}
    optional = {"Timezone": row.timezone or None, "StartTime": row.start, "EndTime": row.end}
    return (
        _of(row)
        | {
            "ScheduledActionName": row.name,
            "ScheduledActionARN": row.arn,
            "Schedule": row.schedule,
            "ScalableTargetAction": {key: value for key, value in limits.items() if value is not None},
            "CreationTime": row.created,
        }
        | {key: value for key, value in optional.items() if value is not None}
    )


def policy(row: Policy, member: str) -> Answer:
    """A ScalingPolicy."""
    return _of(row) | {
        "PolicyARN": row.arn,
        "PolicyName": row.name,
        "PolicyType": row.kind,
        member: row.settings,
        "Alarms": alarms(row),
        "CreationTime": row.created,
    }


def alarms(row: Policy) -> list[Answer]:
    """The alarms that a policy has made for itself."""
    head = f"arn:aws:cloudwatch:{row.region}:{row.account}:alarm:"
    return [{"AlarmName": name, "AlarmARN": head + name} for name in policies.alarms(row)]


def activity(row: Activity) -> Answer:
    """A ScalingActivity."""
    return _of(row) | {
        "ActivityId": row.id,
        "Description": row.description,
        "Cause": row.cause,
        "StartTime": row.started,
        "EndTime": row.ended,
        "StatusCode": row.status,
        "StatusMessage": row.message,
    }


def paged(member: str, found: Sequence[Answer], request: Mapping[str, Any]) -> Answer:
    """One page of `found` under `member`."""
    try:
        shown, token = page(found, request.get("NextToken"), request.get("MaxResults") or 50)
    except ValueError:
        raise InvalidNextTokenException("The token is not valid.") from None
    return {member: shown} | ({"NextToken": token} if token else {})
