"""Templates: a stack's own, and what somebody's says before it is used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call
from bambe.kernel.errors import ValidationError
from bambe.services import resource_types
from bambe.services.cloudformation.expansion import check_unextended, expanded, transforms
from bambe.services.cloudformation.lookup import get_change_set, get_stack
from bambe.services.cloudformation.model import Version
from bambe.services.cloudformation.parameters import is_secret
from bambe.services.cloudformation.reading import as_text, read
from bambe.services.cloudformation.scope import standing
from bambe.services.cloudformation.template import Template, check_types, declarations, parse
from bambe.services.cloudformation.versions import body_of, needed_capabilities

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        GetTemplateInputTypeDef,
        GetTemplateSummaryInputTypeDef,
        ValidateTemplateInputTypeDef,
    )


async def get_template(call: Call, request: GetTemplateInputTypeDef) -> Answer:
    name, change_set = request.get("StackName"), request.get("ChangeSetName")
    version = await _version(call, name, change_set)
    original = request.get("TemplateStage", "Original") == "Original"
    return {
        "TemplateBody": (original and version.original) or version.template,
        "StagesAvailable": ["Original", "Processed"],
    }


async def get_template_summary(call: Call, request: GetTemplateSummaryInputTypeDef) -> Answer:
    if "StackName" in request:
        template = parse((await _version(call, request["StackName"], None)).template)
    else:
        template = _template(call, request)
    described = _described(template)
    for parameter, said in zip(described["Parameters"], template.parameters.values(), strict=True):
        allowed = [as_text(one) for one in said.get("AllowedValues", ())]
        parameter["ParameterConstraints"] = {"AllowedValues": allowed} if allowed else {}
    return {**described, "ResourceTypes": sorted({str(one["Type"]) for one in template.resources.values()})}


async def validate_template(call: Call, request: ValidateTemplateInputTypeDef) -> Answer:
    template = _template(call, request)
    check_types(template, resource_types())
    described = _described(template)
    for parameter in described["Parameters"]:
        parameter.pop("ParameterType")
    return described


async def _version(call: Call, name: str | None, change_set: str | None) -> Version:
    """The version of a stack, or of a change set."""
    if change_set is not None:
        return (await call.store.read(lambda tx: get_change_set(tx, call, change_set, name)))[1].version
    if name is None:
        raise ValidationError("StackName must be specified.")
    return (await call.store.read(lambda tx: get_stack(tx, call, name))).goal


def _template(call: Call, request: Any) -> Template:
    """The template a request brings; its loops written out as its parameters' defaults say."""
    body = body_of(request)
    if body is None:
        raise ValidationError("Either Template URL or Template Body must be specified.")
    raw = read(body)
    if not transforms(raw):
        check_unextended(raw)
        return parse(body)
    declared = declarations(raw).parameters
    defaults = {name: as_text(one["Default"]) for name, one in declared.items() if "Default" in one}
    return parse(json.dumps(expanded(raw, defaults, standing(call.account, call.region, ""))))


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
    if template.transforms:
        capabilities = [*capabilities, "CAPABILITY_AUTO_EXPAND"]
    return {
        "Parameters": parameters,
        "Description": template.description,
        "Capabilities": capabilities,
        **({"CapabilitiesReason": _reason(template)} if capabilities else {}),
        **({"DeclaredTransforms": list(template.transforms)} if template.transforms else {}),
    }


def _reason(template: Template) -> str:
    names = sorted(n for n, one in template.resources.items() if str(one["Type"]).startswith("AWS::IAM::"))
    if not names:
        return f"The following transform(s) require capabilities: {json.dumps(template.transforms)}"
    return f"The following resource(s) require capabilities: {json.dumps(names)}"
