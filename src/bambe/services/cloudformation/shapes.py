"""Rows as CloudFormation's API shows them."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Answer
from bambe.kernel.tags import to_list
from bambe.services.cloudformation.model import ChangeSet, Drift, Event, Resource, Stack, Version
from bambe.services.cloudformation.parameters import is_secret
from bambe.services.cloudformation.template import Template, parse


def without_empty(shape: dict[str, Any]) -> Answer:
    """A shape without members that are None or empty text."""
    return {key: value for key, value in shape.items() if value is not None and value != ""}


def stack_shape(stack: Stack) -> Answer:
    """`Stack` of DescribeStacks."""
    template = parse(stack.goal.template)
    outputs = [
        without_empty(
            {
                "OutputKey": one.key,
                "OutputValue": one.value,
                "Description": one.description,
                "ExportName": one.export,
            }
        )
        for one in stack.outputs
    ]
    return without_empty(
        {
            "StackId": stack.arn,
            "StackName": stack.name,
            "ChangeSetId": stack.change_set,
            "Description": template.description,
            "Parameters": parameters_shape(stack.goal, template),
            "CreationTime": stack.created_at,
            "LastUpdatedTime": stack.updated_at,
            "DeletionTime": stack.deleted_at,
            "RollbackConfiguration": rollback_shape(stack.triggers, stack.monitoring),
            "StackStatus": stack.status.value,
            "StackStatusReason": stack.reason,
            "DisableRollback": stack.on_failure == "DO_NOTHING",
            "NotificationARNs": [],
            "Capabilities": stack.capabilities,
            "Outputs": outputs,
            "RoleARN": stack.role,
            "Tags": to_list(stack.tags),
            "EnableTerminationProtection": stack.protected,
            "DriftInformation": drift_of(stack),
        }
    )


def drift_of(stack: Stack) -> Answer:
    """`DriftInformation` of a stack."""
    return without_empty({"StackDriftStatus": stack.drift, "LastCheckTimestamp": stack.drift_at})


def rollback_shape(triggers: list[str], monitoring: int) -> Answer:
    """`RollbackConfiguration`, or nothing where nobody gave one."""
    if not triggers and not monitoring:
        return {}
    shown = [{"Arn": arn, "Type": "AWS::CloudWatch::Alarm"} for arn in triggers]
    return {"RollbackTriggers": shown, "MonitoringTimeInMinutes": monitoring}


def parameters_shape(version: Version, template: Template) -> list[Answer]:
    """`Parameters` with NoEcho ones hidden, and what those stand for that name SSM's."""
    shown = []
    for name, value in sorted(version.parameters.items()):
        is_hidden = is_secret(template.parameters.get(name, {}))
        one = {"ParameterKey": name, "ParameterValue": "****" if is_hidden else value}
        if name in version.resolved:
            one["ResolvedValue"] = "****" if is_hidden else version.resolved[name]
        shown.append(one)
    return shown


def summary_shape(stack: Stack) -> Answer:
    """`StackSummary` of ListStacks."""
    return without_empty(
        {
            "StackId": stack.arn,
            "StackName": stack.name,
            "CreationTime": stack.created_at,
            "LastUpdatedTime": stack.updated_at,
            "DeletionTime": stack.deleted_at,
            "StackStatus": stack.status.value,
            "StackStatusReason": stack.reason,
            "DriftInformation": drift_of(stack),
        }
    )


def resource_shape(
    stack: Stack, row: Resource, time: str = "Timestamp", drift: Drift | None = None
) -> Answer:
    """`StackResource` (or its detail or summary: `time` names the moment's member)."""
    return without_empty(
        {
            "StackName": stack.name,
            "StackId": stack.arn,
            "LogicalResourceId": row.logical_id,
            "PhysicalResourceId": row.physical_id,
            "ResourceType": row.type,
            time: row.updated_at,
            "ResourceStatus": row.status.value,
            "ResourceStatusReason": row.reason,
            "DriftInformation": without_empty(
                {
                    "StackResourceDriftStatus": drift.status if drift else "NOT_CHECKED",
                    "LastCheckTimestamp": drift.at if drift else None,
                }
            ),
        }
    )


def event_shape(stack: Stack, event: Event) -> Answer:
    """`StackEvent`."""
    return without_empty(
        {
            "StackId": stack.arn,
            "EventId": event.id,
            "StackName": stack.name,
            "LogicalResourceId": event.logical_id,
            "PhysicalResourceId": event.physical_id,
            "ResourceType": event.type,
            "Timestamp": event.at,
            "ResourceStatus": event.status,
            "ResourceStatusReason": event.reason,
            "ResourceProperties": event.properties,
            "ClientRequestToken": event.token,
        }
    )


def change_set_shape(stack: Stack, row: ChangeSet) -> Answer:
    """DescribeChangeSet's answer."""
    template = parse(row.version.template)
    return without_empty(
        {
            "ChangeSetName": row.name,
            "ChangeSetId": row.arn,
            "StackId": stack.arn,
            "StackName": stack.name,
            "Description": row.description,
            "Parameters": parameters_shape(row.version, template),
            "CreationTime": row.created_at,
            "ExecutionStatus": row.execution,
            "Status": row.status,
            "StatusReason": row.reason,
            "NotificationARNs": [],
            "RollbackConfiguration": rollback_shape(row.triggers or [], row.monitoring),
            "Capabilities": row.capabilities,
            "Tags": to_list(row.tags),
            "IncludeNestedStacks": False,
        }
    )
