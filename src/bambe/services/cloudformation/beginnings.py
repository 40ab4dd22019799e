"""Beginning something with a stack: checked against its template, written as a wish."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bambe.kernel.call import Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.kernel.ids import uuid_id
from bambe.kernel.tags import to_dict
from bambe.services import resource_types
from bambe.services.cloudformation.errors import AlreadyExistsException, InsufficientCapabilitiesException
from bambe.services.cloudformation.intrinsics import holds, is_wanted, without_ifs
from bambe.services.cloudformation.model import (
    UPDATABLE,
    ResourceStatus,
    Stack,
    StackStatus,
    Version,
)
from bambe.services.cloudformation.parameters import chosen
from bambe.services.cloudformation.references import references
from bambe.services.cloudformation.scope import scope_of
from bambe.services.cloudformation.tables import (
    CHANGE_SETS,
    STACKS,
    find_stack,
    importers,
    move_stack,
    put_resource,
    resources_of,
    tell_stack,
)
from bambe.services.cloudformation.template import Template, check_types, parse

NAMED = ("RoleName", "ManagedPolicyName", "UserName", "GroupName", "InstanceProfileName")
NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """What CreateStack, UpdateStack and CreateChangeSet have in common."""

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
    extra: dict[str, Any] = field(default_factory=dict)


def asked(request: Any) -> Asked:
    """The common part of a request; ValidationError where it gives no template."""
    keeps = bool(request.get("UsePreviousTemplate"))
    if "TemplateURL" in request:
        raise ValidationError(
            "TemplateURL is not supported by Bambe: pass the template itself (TemplateBody)"
        )
    if not keeps and "TemplateBody" not in request:
        raise ValidationError("Either Template URL or Template Body must be specified.")
    return Asked(
        name=request["StackName"],
        template=request.get("TemplateBody", ""),
        keeps_template=keeps,
        parameters=tuple(request.get("Parameters", ())),
        capabilities=tuple(request.get("Capabilities", ())),
        tags=to_dict(request["Tags"]) if "Tags" in request else None,
        token=request.get("ClientRequestToken", ""),
        role=request.get("RoleARN", ""),
        on_failure=_on_failure(request),
        protected=bool(request.get("EnableTerminationProtection")),
    )


def _on_failure(request: Any) -> str:
    if request.get("DisableRollback"):
        return "DO_NOTHING"
    said = request.get("OnFailure") or request.get("OnStackFailure")
    return str(said) if said else "ROLLBACK"


def version_of(said: Asked, stack: Stack | None) -> Version:
    """The version asked for, checked; the stack's own template where the request keeps it."""
    text = stack.goal.template if said.keeps_template and stack is not None else said.template
    template = parse(text)
    check_types(template, resource_types())
    check_capabilities(template, said.capabilities)
    previous = stack.goal.parameters if stack is not None else {}
    return Version(text, chosen(template, said.parameters, previous))


def check_capabilities(template: Template, given: tuple[str, ...]) -> None:
    """InsufficientCapabilitiesException where IAM resources are made without a word."""
    needed = needed_capabilities(template)
    if needed and not {*needed, "CAPABILITY_NAMED_IAM"} & set(given):
        raise InsufficientCapabilitiesException(f"Requires capabilities : [{needed[0]}]")


def needed_capabilities(template: Template) -> list[str]:
    """The capability that somebody must grant for the template's IAM resources, if any."""
    made = [one for one in template.resources.values() if one["Type"].startswith("AWS::IAM::")]
    if any(name in one.get("Properties", {}) for one in made for name in NAMED):
        return ["CAPABILITY_NAMED_IAM"]
    return ["CAPABILITY_IAM"] if made else []


def check_conditions(stack: Stack, version: Version) -> None:
    """ValidationError where conditions cannot be evaluated, or what they leave out is referred to."""
    template = parse(version.template)
    scope = scope_of(stack, template, version)
    for name in template.conditions:
        holds(name, scope)
    wanted = {name: template.resources[name] for name in template.resources if is_wanted(name, scope)}
    absent = set(template.resources) - set(wanted)
    missing = {one for said in wanted.values() for one in references(without_ifs(said, scope))} & absent
    if missing:
        raise ValidationError(
            f"Template format error: Unresolved resource dependencies [{', '.join(sorted(missing))}]"
            " in the Resources block of the template"
        )


def check_name(name: str) -> None:
    """ValidationError for what is no name of a stack."""
    begins = f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: "
    if not NAME.fullmatch(name):
        raise ValidationError(f"{begins}Member must satisfy regular expression pattern: {NAME.pattern}")
    if len(name) > 128:
        raise ValidationError(f"{begins}Member must have length less than or equal to 128")


def fresh(call: Call, said: Asked, version: Version, status: StackStatus) -> Stack:
    """A new stack's row, not yet written."""
    check_name(said.name)
    return Stack(
        account=call.account,
        region=call.region,
        id=uuid_id(),
        name=said.name,
        status=status,
        created_at=call.clock.now(),
        goal=version,
        token=said.token or uuid_id(),
        on_failure=said.on_failure,
        capabilities=list(said.capabilities),
        tags=said.tags or {},
        role=said.role,
        protected=said.protected,
    )


def create(tx: Tx, stack: Stack, reason: str = "User Initiated") -> Stack:
    """Write a new stack; AlreadyExistsException where its name is taken."""
    if find_stack(tx, stack.account, stack.region, stack.name) is not None:
        raise AlreadyExistsException(f"Stack [{stack.name}] already exists")
    check_conditions(stack, stack.goal)
    STACKS.insert(tx, stack)
    return tell_stack(tx, stack, stack.created_at, reason)


def check_updatable(stack: Stack) -> None:
    """ValidationError where the stack is busy or beyond updating."""
    if stack.status not in UPDATABLE:
        raise ValidationError(f"Stack:{stack.arn} is in {stack.status} state and can not be updated.")


def update(tx: Tx, stack: Stack, said: Asked, version: Version, now: datetime, change_set: str = "") -> Stack:
    """Begin an update of `stack` to `version`, asked for by itself or by a change set."""
    check_updatable(stack)
    check_conditions(stack, version)
    for row in resources_of(tx, stack):
        if row.status.failed:
            put_resource(tx, replace(row, stale=True))
    begun = replace(
        stack,
        previous=stack.previous if stack.status == StackStatus.UPDATE_FAILED else stack.goal,
        goal=version,
        updated_at=now,
        token=said.token or uuid_id(),
        on_failure=said.on_failure,
        capabilities=list(said.capabilities) or stack.capabilities,
        tags=stack.tags if said.tags is None else said.tags,
        role=said.role or stack.role,
    )
    STACKS.update(tx, begun)
    forget_change_sets(tx, begun, but=change_set)
    return move_stack(tx, begun, StackStatus.UPDATE_IN_PROGRESS, now, "User Initiated")


def cancel(tx: Tx, stack: Stack, now: datetime) -> None:
    """Take an update back; ValidationError where none is under way."""
    if stack.status != StackStatus.UPDATE_IN_PROGRESS:
        raise ValidationError("CancelUpdateStack cannot be called from current stack status")
    move_stack(tx, stack, StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, now, "User Initiated")


def is_unchanged(stack: Stack, said: Asked, version: Version) -> bool:
    """Whether nothing would change; what failed is tried again by the same template."""
    if stack.status in (StackStatus.CREATE_FAILED, StackStatus.UPDATE_FAILED):
        return False
    same_tags = said.tags is None or said.tags == stack.tags
    return version.parameters == stack.goal.parameters and same_tags and _same(version, stack.goal)


def _same(one: Version, other: Version) -> bool:
    left, right = parse(one.template), parse(other.template)
    return (left.resources, left.outputs, left.conditions, left.mappings) == (
        right.resources,
        right.outputs,
        right.conditions,
        right.mappings,
    )


def forget_change_sets(tx: Tx, stack: Stack, but: str = "") -> None:
    """Drop change sets made for the stack as it was: executing one would undo what came between."""
    for row in CHANGE_SETS.list(tx, account=stack.account, region=stack.region, stack=stack.id):
        if row.name != but:
            CHANGE_SETS.delete(tx, *stack.key, row.name)


def delete(tx: Tx, stack: Stack, now: datetime, keep: tuple[str, ...] = ()) -> None:
    """Begin a deletion; ValidationError where others import what the stack exports."""
    if stack.status in (StackStatus.DELETE_COMPLETE, StackStatus.DELETE_IN_PROGRESS):
        return
    if stack.protected:
        raise ValidationError(
            f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        )
    for output in stack.outputs:
        users = importers(tx, stack.account, stack.region, output.export) if output.export else []
        if users:
            raise ValidationError(
                f"Export {output.export} cannot be deleted as it is in use by {' and '.join(users)}"
            )
    for row in resources_of(tx, stack):
        if row.logical_id in keep:
            put_resource(tx, replace(row, retained=True, status=_kept(row.status), updated_at=now))
        elif row.status == ResourceStatus.DELETE_FAILED:
            again = ResourceStatus.DELETE_IN_PROGRESS
            put_resource(tx, replace(row, status=again, called=False, fail_after=None, updated_at=now))
    stack = STACKS.get(tx, *stack.key)
    forget_change_sets(tx, stack)
    move_stack(tx, stack, StackStatus.DELETE_IN_PROGRESS, now, "User Initiated")


def _kept(status: ResourceStatus) -> ResourceStatus:
    failed = status == ResourceStatus.DELETE_FAILED
    return ResourceStatus.DELETE_SKIPPED if failed else status
