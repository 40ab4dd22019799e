"""Scheduled actions: put, describe, delete."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, cast

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.ids import uuid_id
from bambe.services.application_autoscaling import checks, shapes
from bambe.services.application_autoscaling.errors import ObjectNotFoundException, ValidationException
from bambe.services.application_autoscaling.model import Action
from bambe.services.application_autoscaling.schedule import BadSchedule, check, following, is_once
from bambe.services.application_autoscaling.tables import ACTIONS

if TYPE_CHECKING:
    from types_boto3_application_autoscaling.type_defs import (
        DeleteScheduledActionRequestTypeDef,
        DescribeScheduledActionsRequestTypeDef,
        PutScheduledActionRequestTypeDef,
    )


async def put_scheduled_action(call: Call, request: PutScheduledActionRequestTypeDef) -> Answer:
    said, name = checks.resource(request), request["ScheduledActionName"]

    def put(tx: Tx) -> None:
        checks.target(tx, call, said, "registered")
        known = ACTIONS.find(tx, call.account, call.region, said, name)
        row = _wanted(call, request, said, known)
        due = following(row, call.clock.now())
        if due is None and is_once(row.schedule):
            raise ValidationException(
                f"The schedule {row.schedule} is in the past; at(...) names a moment to come."
            )
        ACTIONS.put(tx, replace(row, due=due))

    await call.store.write(put)
    return {}


async def describe_scheduled_actions(call: Call, request: DescribeScheduledActionsRequestTypeDef) -> Answer:
    names, said = request.get("ScheduledActionNames"), request.get("ResourceId")

    def rows(tx: Tx) -> list[Action]:
        return ACTIONS.list(tx, account=call.account, region=call.region)

    found = await call.store.read(rows) if request["ServiceNamespace"] == checks.NAMESPACE else []
    shown = [
        shapes.action(row)
        for row in found
        if (not names or row.name in names) and said in (None, row.resource)
    ]
    return shapes.paged("ScheduledActions", shown, request)


async def delete_scheduled_action(call: Call, request: DeleteScheduledActionRequestTypeDef) -> Answer:
    said, name = checks.resource(request), request["ScheduledActionName"]

    def delete(tx: Tx) -> None:
        if ACTIONS.find(tx, call.account, call.region, said, name) is None:
            raise ObjectNotFoundException(
                f"No scheduled action found for service namespace: {checks.NAMESPACE}, resource ID: {said},"
                f" scalable dimension: {checks.DIMENSION}, scheduled action name: {name}"
            )
        ACTIONS.delete(tx, call.account, call.region, said, name)

    await call.store.write(delete)
    return {}


def _wanted(call: Call, request: PutScheduledActionRequestTypeDef, said: str, known: Action | None) -> Action:
    """The action as the request wants it; what it leaves out stays as it was, but for start and end."""
    asked = request.get("ScalableTargetAction")
    row = known or Action(
        account=call.account,
        region=call.region,
        resource=said,
        name=request["ScheduledActionName"],
        id=uuid_id(),
        schedule="",
        timezone="",
        created=call.clock.now(),
    )
    row = replace(
        row,
        schedule=request.get("Schedule", row.schedule),
        timezone=request.get("Timezone", row.timezone),
        start=cast("datetime | None", request.get("StartTime")),
        end=cast("datetime | None", request.get("EndTime")),
        least=asked.get("MinCapacity") if asked else row.least,
        most=asked.get("MaxCapacity") if asked else row.most,
    )
    if row.least is None and row.most is None:
        raise ValidationException("A scheduled action needs a minimum or a maximum capacity.")
    checks.limits(row.least, row.most)
    if row.start and row.end and row.end <= row.start:
        raise ValidationException("The end time must be after the start time.")
    try:
        check(row.schedule, row.timezone)
    except BadSchedule as problem:
        raise ValidationException(f"Invalid schedule expression: {problem}") from None
    return row
