"""Scaling policies: put with their alarms, described, deleted with their alarms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.ids import uuid_id
from bambe.services.application_autoscaling import checks, shapes
from bambe.services.application_autoscaling import policies as rules
from bambe.services.application_autoscaling.alarms import put_alarms, remove_alarms
from bambe.services.application_autoscaling.errors import (
    LimitExceededException,
    ObjectNotFoundException,
    ValidationException,
)
from bambe.services.application_autoscaling.model import Policy
from bambe.services.application_autoscaling.tables import POLICIES, policies_of

if TYPE_CHECKING:
    from types_boto3_application_autoscaling.type_defs import (
        DeleteScalingPolicyRequestTypeDef,
        DescribeScalingPoliciesRequestTypeDef,
        PutScalingPolicyRequestTypeDef,
    )

MOST = 50
"""Scaling policies of a target (Application Auto Scaling quotas)."""
SETTINGS = {
    rules.TRACKING: "TargetTrackingScalingPolicyConfiguration",
    rules.STEPS: "StepScalingPolicyConfiguration",
}


async def put_scaling_policy(call: Call, request: PutScalingPolicyRequestTypeDef) -> Answer:
    said, name = checks.resource(request), request["PolicyName"]

    def put(tx: Tx) -> Policy:
        target = checks.target(tx, call, said, "registered")
        known = POLICIES.find(tx, call.account, call.region, said, name)
        if known is None and len(policies_of(tx, target)) >= MOST:
            raise LimitExceededException(f"A scalable target can have at most {MOST} scaling policies.")
        row = _wanted(call, request, said, known)
        POLICIES.put(tx, row)
        return row

    row = await call.store.write(put)
    await put_alarms(call.aws, row)
    return {"PolicyARN": row.arn, "Alarms": shapes.alarms(row)}


async def describe_scaling_policies(call: Call, request: DescribeScalingPoliciesRequestTypeDef) -> Answer:
    names, said = request.get("PolicyNames"), request.get("ResourceId")

    def rows(tx: Tx) -> list[Policy]:
        return POLICIES.list(tx, account=call.account, region=call.region)

    found = await call.store.read(rows) if request["ServiceNamespace"] == checks.NAMESPACE else []
    shown = []
    for row in found:
        if (not names or row.name in names) and said in (None, row.resource):
            shown.append(shapes.policy(row, SETTINGS[row.kind]))
    return shapes.paged("ScalingPolicies", shown, request)


async def delete_scaling_policy(call: Call, request: DeleteScalingPolicyRequestTypeDef) -> Answer:
    said, name = checks.resource(request), request["PolicyName"]

    def delete(tx: Tx) -> Policy:
        row = POLICIES.find(tx, call.account, call.region, said, name)
        if row is None:
            raise ObjectNotFoundException(
                f"No scaling policy found for service namespace: {checks.NAMESPACE}, resource ID: {said},"
                f" scalable dimension: {checks.DIMENSION}, policy name: {name}"
            )
        POLICIES.delete(tx, *POLICIES.key_of(row))
        return row

    await remove_alarms(call.aws, await call.store.write(delete))
    return {}


def _wanted(call: Call, request: Any, said: str, known: Policy | None) -> Policy:
    kind = request.get("PolicyType") or (known.kind if known else rules.STEPS)
    if kind not in SETTINGS:
        raise NotImplementedByBambe(f"Bambe has no scaling policies of type {kind}.")
    if known is not None and known.kind != kind:
        raise ValidationException("The type of a scaling policy cannot be changed.")
    settings = request.get(SETTINGS[kind]) or (known.settings if known else None)
    if not settings:
        raise ValidationException(f"A policy of type {kind} needs {SETTINGS[kind]}.")
    rules.check(kind, settings)
    if known is not None:
        return replace(known, settings=dict(settings))
    return Policy(
        account=call.account,
        region=call.region,
        resource=said,
        name=request["PolicyName"],
        id=uuid_id(),
        kind=kind,
        settings=dict(settings),
        created=call.clock.now(),
        numbers={word: uuid_id() for word in (rules.HIGH, rules.LOW)},
    )
