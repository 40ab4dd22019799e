"""Looking into a stack: its events, its resources, its template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.kernel.pages import page
from bambe.services import resource_types
from bambe.services.cloudformation.beginnings import needed_capabilities
from bambe.services.cloudformation.lookup import get_stack
from bambe.services.cloudformation.model import Event, Resource, Stack
from bambe.services.cloudformation.parameters import is_secret
from bambe.services.cloudformation.reading import as_text
from bambe.services.cloudformation.shapes import event_shape, resource_shape
from bambe.services.cloudformation.tables import EVENTS, resources_of
from bambe.services.cloudformation.template import Template, check_types, parse

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        DescribeStackEventsInputTypeDef,
        DescribeStackResourceInputTypeDef,
        DescribeStackResourcesInputTypeDef,
        GetTemplateInputTypeDef,
        GetTemplateSummaryInputTypeDef,
        ListStackResourcesInputTypeDef,
        ValidateTemplateInputTypeDef,
    )

PAGE = 100


async def describe_stack_events(call: Call, request: DescribeStackEventsInputTypeDef) -> Answer:
    def read(tx: Tx) -> tuple[Stack, list[Event]]:
        stack = get_stack(tx, call, request["StackName"])
        return stack, EVENTS.list(tx, account=stack.account, region=stack.region, stack=stack.id)

    stack, events = await call.store.read(read)
    shown = [event_shape(stack, one) for one in reversed(events)]
    part, token = _paged(shown, request.get("NextToken"))
    return {"StackEvents": part, **({"NextToken": token} if token else {})}


async def describe_stack_resource(call: Call, request: DescribeStackResourceInputTypeDef) -> Answer:
    stack, rows = await _resources(call, request["StackName"])
    wanted = request["LogicalResourceId"]
    for row in rows:
        if row.logical_id == wanted:
            return {"StackResourceDetail": resource_shape(stack, row, "LastUpdatedTimestamp")}
    raise ValidationError(f"Resource {wanted} does not exist for stack {stack.name}")


async def describe_stack_resources(call: Call, request: DescribeStackResourcesInputTypeDef) -> Answer:
    if "StackName" not in request:
        raise ValidationError("PhysicalResourceId alone is not supported by Bambe: give StackName")
    stack, rows = await _resources(call, request["StackName"])
    wanted = request.get("LogicalResourceId")
    shown = [resource_shape(stack, row) for row in rows if wanted in (None, row.logical_id)]
    return {"StackResources": shown}


async def list_stack_resources(call: Call, request: ListStackResourcesInputTypeDef) -> Answer:
    stack, rows = await _resources(call, request["StackName"])
    shown = []
    for row in rows:
        shape = resource_shape(stack, row, "LastUpdatedTimestamp")
        shown.append({key: value for key, value in shape.items() if key not in ("StackName", "StackId")})
    part, token = _paged(shown, request.get("NextToken"))
    return {"StackResourceSummaries": part, **({"NextToken": token} if token else {})}


async def get_template(call: Call, request: GetTemplateInputTypeDef) -> Answer:
    if "StackName" not in request:
        raise ValidationError("StackName must be specified.")
    name = request["StackName"]
    stack = await call.store.read(lambda tx: get_stack(tx, call, name))
    return {"TemplateBody": stack.goal.template, "StagesAvailable": ["Original", "Processed"]}


async def get_template_summary(call: Call, request: GetTemplateSummaryInputTypeDef) -> Answer:
    if "StackName" in request:
        name = request["StackName"]
        template = parse((await call.store.read(lambda tx: get_stack(tx, call, name))).goal.template)
    else:
        template = _template(request.get("TemplateBody"))
    return {
        **_described(template),
        "ResourceTypes": sorted({str(one["Type"]) for one in template.resources.values()}),
    }


async def validate_template(call: Call, request: ValidateTemplateInputTypeDef) -> Answer:
    template = _template(request.get("TemplateBody"))
    check_types(template, resource_types())
    described = _described(template)
    for parameter in described["Parameters"]:
        parameter.pop("ParameterType")
    return described


def _template(body: str | None) -> Template:
    if body is None:
        raise ValidationError("Either Template URL or Template Body must be specified.")
    return parse(body)


def _described(template: Template) -> Answer:
    parameters = [
        {
            "ParameterKey": name,
            "ParameterType": str(said.get("Type", "String")),
            "NoEcho": is_secret(said),
            **({"DefaultValue": as_text(said["Default"])} if "Default" in said else {}),
            **({"Description": str(said["Description"])} if "Description" in said else {}),
        }
        for name, said in template.parameters.items()
    ]
    capabilities = needed_capabilities(template)
    return {
        "Parameters": parameters,
        "Description": template.description,
        "Capabilities": capabilities,
        **({"CapabilitiesReason": _reason(template)} if capabilities else {}),
    }


def _reason(template: Template) -> str:
    names = sorted(n for n, one in template.resources.items() if str(one["Type"]).startswith("AWS::IAM::"))
    return f"The following resource(s) require capabilities: {json.dumps(names)}"


async def _resources(call: Call, name: str) -> tuple[Stack, list[Resource]]:
    def read(tx: Tx) -> tuple[Stack, list[Resource]]:
        stack = get_stack(tx, call, name)
        return stack, resources_of(tx, stack)

    return await call.store.read(read)


def _paged(items: list[Answer], token: str | None) -> tuple[list[Answer], str | None]:
    try:
        return page(items, token, PAGE)
    except ValueError:
        raise ValidationError("Invalid NextToken") from None
