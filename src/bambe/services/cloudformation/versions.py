"""What somebody asked a stack to be: the request's words, and the version they come to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bambe.kernel.call import Call
from bambe.kernel.errors import ValidationError
from bambe.kernel.tags import to_dict
from bambe.services import resource_types
from bambe.services.cloudformation.errors import InsufficientCapabilitiesException
from bambe.services.cloudformation.existing import check_existing
from bambe.services.cloudformation.expansion import check_unextended, expanded, transforms
from bambe.services.cloudformation.lookups import check_secure, from_ssm
from bambe.services.cloudformation.model import Stack, Version
from bambe.services.cloudformation.parameters import chosen
from bambe.services.cloudformation.reading import read
from bambe.services.cloudformation.scope import standing
from bambe.services.cloudformation.tables import find_stack
from bambe.services.cloudformation.template import Template, check_types, declarations, parse

NAMED = ("RoleName", "ManagedPolicyName", "UserName", "GroupName", "InstanceProfileName")
BODY = 51_200
TRIGGERS = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What CreateStack, UpdateStack and CreateChangeSet have in common.

    `reviews` says that somebody looks at the result before it is made. `resolved` and `pseudo` are what was
    looked up for the request.
    """

    name: str
    template: str
    keeps_template: bool
    parameters: tuple[Mapping[str, Any], ...] = ()
    capabilities: tuple[str, ...] = ()
    tags: dict[str, str] | None = None
    token: str = ""
    role: str = ""
    on_failure: str = "ROLLBACK"
    protected: bool = False
    policy: str = ""
    policy_during_update: str = ""
    reviews: bool = False
    retains_new: bool = True
    triggers: list[str] | None = None
    monitoring: int = 0
    resolved: dict[str, str] = field(default_factory=dict)
    pseudo: dict[str, Any] = field(default_factory=dict)


def asked(request: Any) -> Asked:
    """The common part of a request; ValidationError where it gives no template."""
    keeps = bool(request.get("UsePreviousTemplate"))
    if "TemplateURL" in request:
        raise ValidationError(
            "TemplateURL is not supported by Bambe: pass the template itself (TemplateBody)"
        )
    if not keeps and "TemplateBody" not in request:
        raise ValidationError("Either Template URL or Template Body must be specified.")
    rollback = request.get("RollbackConfiguration")
    return Asked(
        name=request["StackName"],
        template=body_of(request) or "",
        keeps_template=keeps,
        parameters=tuple(request.get("Parameters", ())),
        capabilities=tuple(request.get("Capabilities", ())),
        tags=to_dict(request["Tags"]) if "Tags" in request else None,
        token=request.get("ClientRequestToken", ""),
        role=request.get("RoleARN", ""),
        on_failure=_on_failure(request),
        protected=bool(request.get("EnableTerminationProtection")),
        policy=request.get("StackPolicyBody", ""),
        policy_during_update=request.get("StackPolicyDuringUpdateBody", ""),
        reviews="ChangeSetName" in request,
        retains_new=not request.get("RetainExceptOnCreate"),
        triggers=None if rollback is None else _triggers(rollback),
        monitoring=int((rollback or {}).get("MonitoringTimeInMinutes", 0)),
    )


def body_of(request: Any) -> str | None:
    """TemplateBody; ValidationError past AWS's limit."""
    body: str | None = request.get("TemplateBody")
    if body is not None and len(body.encode()) > BODY:
        raise ValidationError(
            f"1 validation error detected: Value at 'templateBody' failed to satisfy constraint:"
            f" Member must have length less than or equal to {BODY}"
        )
    return body


def _triggers(said: Mapping[str, Any]) -> list[str]:
    """The alarms of a RollbackConfiguration."""
    triggers = said.get("RollbackTriggers", ())
    if len(triggers) > TRIGGERS:
        raise ValidationError(f"RollbackConfiguration can have at most {TRIGGERS} rollback triggers")
    for one in triggers:
        if one["Type"] not in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
            raise ValidationError(f"Rollback trigger type {one['Type']} is not supported")
    return [one["Arn"] for one in triggers]


def _on_failure(request: Any) -> str:
    if request.get("DisableRollback"):
        if request.get("OnFailure"):
            raise ValidationError("Cannot specify both OnFailure and DisableRollback.")
        return "DO_NOTHING"
    said = request.get("OnFailure") or request.get("OnStackFailure")
    return str(said) if said else "ROLLBACK"


async def looked_up(call: Call, said: Asked) -> Asked:
    """The same with the values of SSM's parameters that it names; ValidationError where one, or what an
    AWS-specific parameter names, is not there."""
    stack = await call.store.read(lambda tx: find_stack(tx, call.account, call.region, said.name))
    said = replace(said, pseudo=standing(call.account, call.region, said.name))
    text = _text(said, stack)
    if not text:
        return said
    template = declarations(read(text))
    values = chosen(template, said.parameters, stack.goal.parameters if stack else {})
    resolved = await from_ssm(call.aws, template, values)
    await check_existing(call.aws, template, {**values, **resolved})
    return replace(said, resolved=resolved)


def _text(said: Asked, stack: Stack | None) -> str:
    if not said.keeps_template:
        return said.template
    return "" if stack is None else stack.goal.original or stack.goal.template


def version_of(said: Asked, stack: Stack | None) -> Version:
    """The version asked for, checked; the stack's own template where the request keeps it."""
    text = _text(said, stack)
    raw = read(text)
    names = transforms(raw)
    if names:
        values = chosen(declarations(raw), said.parameters, _previous(stack))
        processed = json.dumps(expanded(raw, {**values, **said.resolved}, said.pseudo))
    else:
        check_unextended(raw)
        processed = text
    template = parse(processed)
    check_types(template, resource_types())
    for name, one in template.resources.items():
        check_secure(name, one["Type"], one.get("Properties", {}))
    check_capabilities(template, said.capabilities, said.reviews)
    values = chosen(template, said.parameters, _previous(stack))
    return Version(processed, values, text if names else "", said.resolved)


def _previous(stack: Stack | None) -> Mapping[str, str]:
    return stack.goal.parameters if stack is not None else {}


def check_capabilities(template: Template, given: tuple[str, ...], reviews: bool = False) -> None:
    """InsufficientCapabilitiesException where IAM resources are made without a word, or loops written out
    that nobody looks at before."""
    needed = needed_capabilities(template)
    if needed and not {*needed, "CAPABILITY_NAMED_IAM"} & set(given):
        raise InsufficientCapabilitiesException(f"Requires capabilities : [{needed[0]}]")
    if template.transforms and not reviews and "CAPABILITY_AUTO_EXPAND" not in given:
        raise InsufficientCapabilitiesException("Requires capabilities : [CAPABILITY_AUTO_EXPAND]")


def needed_capabilities(template: Template) -> list[str]:
    """The capability that somebody must grant for the template's IAM resources, if any."""
    made = [one for one in template.resources.values() if one["Type"].startswith("AWS::IAM::")]
    if any(name in one.get("Properties", {}) for one in made for name in NAMED):
        return ["CAPABILITY_NAMED_IAM"]
    return ["CAPABILITY_IAM"] if made else []
