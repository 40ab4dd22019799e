"""Rows as CloudFormation's API shows them."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Answer
from bambe.kernel.tags import to_list
from bambe.services.cloudformation.model import ChangeSet, Event, Resource, Stack
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
            "Parameters": parameters_shape(stack.goal.parameters, template),
            "CreationTime": stack.created_at,
            "LastUpdatedTime": stack.updated_at,
            "DeletionTime": stack.deleted_at,
            "RollbackConfiguration": {},
            "StackStatus": stack.status.value,
            "StackStatusReason": stack.reason,
            "DisableRollback": stack.on_failure == "DO_NOTHING",
            "NotificationARNs": [],
            "Capabilities": stack.capabilities,
            "Outputs": outputs,
            "RoleARN": stack.role,
            "Tags": to_list(stack.tags),
            "EnableTerminationProtection": stack.protected,
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        }
    )


def parameters_shape(values: dict[str, str], template: Template) -> list[Answer]:
    """`Parameters` with NoEcho ones hidden."""
    shown = []
    for name in sorted(values):
        hidden = is_secret(template.parameters.get(name, {}))
        shown.append({"ParameterKey": name, "ParameterValue": "****" if hidden else values[name]})
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
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        }
    )


def resource_shape(stack: Stack, row: Resource, time: str = "Timestamp") -> Answer:
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
            "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
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
            "Parameters": parameters_shape(row.version.parameters, template),
            "CreationTime": row.created_at,
            "ExecutionStatus": row.execution,
            "Status": row.status,
            "StatusReason": row.reason,
            "NotificationARNs": [],
            "RollbackConfiguration": {},
            "Capabilities": row.capabilities,
            "Tags": to_list(row.tags),
            "Changes": row.changes,
            "IncludeNestedStacks": False,
        }
    )
