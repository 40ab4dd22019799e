"""What a deployment group's triggers tell their topics: which moves, in which words; pure."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from bambe.services.codedeploy.deployment import EVENTS, ROLLBACK_EVENT, Deployment, Status
from bambe.services.codedeploy.model import Group, Notice
from bambe.services.codedeploy.shapes import OVERVIEW, target_status

SUBJECT = 100


def notices(group: Group, old: Deployment | None, row: Deployment) -> list[Notice]:
    """The messages of a move from `old` (None: it is new) to `row`."""
    events = _events(old, row)
    return [
        _notice(row, trigger, event)
        for event in events
        for trigger in group.triggers
        if event in trigger.get("triggerEvents", ())
    ]


def _events(old: Deployment | None, row: Deployment) -> list[str]:
    if old is not None and old.status == row.status:
        return []
    event = EVENTS.get(row.status)
    begins = event == EVENTS[Status.CREATED]
    return ([ROLLBACK_EVENT] if begins and row.is_rollback else []) + ([event] if event else [])


def _notice(row: Deployment, trigger: dict[str, Any], event: str) -> Notice:
    number = f"{event}/{trigger['triggerName']}"
    subject = f"{row.status.upper()}: AWS CodeDeploy {row.id} in {row.region} to {row.application}"
    return Notice(
        account=row.account,
        region=row.region,
        deployment=row.id,
        number=number,
        topic=trigger["triggerTargetArn"],
        subject=subject[:SUBJECT],
        message=_message(row, trigger),
    )


def _message(row: Deployment, trigger: dict[str, Any]) -> str:
    counts = dict.fromkeys(OVERVIEW, "0") | {target_status(row): "1"}
    said: dict[str, Any] = {
        "region": row.region,
        "accountId": row.account,
        "eventTriggerName": trigger["triggerName"],
        "applicationName": row.application,
        "deploymentId": row.id,
        "deploymentGroupName": row.group,
        "createTime": _seconds(row.created),
    }
    if row.completed is not None:
        said["completeTime"] = _seconds(row.completed)
    said |= {"deploymentOverview": counts, "status": row.status.value}
    if row.is_rollback:
        said["rollbackInformation"] = {
            "RollbackTriggeringDeploymentId": row.rolls_back,
            "RollbackMessage": row.rollback_message,
        }
    if row.error_code:
        said["errorInformation"] = {"ErrorCode": row.error_code, "ErrorMessage": row.error_message}
    return json.dumps(said, ensure_ascii=False)


def _seconds(moment: datetime) -> str:
    return f"{moment.timestamp():.3f}"
