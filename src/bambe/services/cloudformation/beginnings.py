"""Beginning something with a stack: checked against its template, written as a wish."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from bambe.kernel.call import Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.kernel.ids import uuid_id
from bambe.services.cloudformation import policies, rules
from bambe.services.cloudformation.errors import AlreadyExistsException
from bambe.services.cloudformation.intrinsics import holds, is_wanted, without_ifs
from bambe.services.cloudformation.model import (
    UPDATABLE,
    ResourceStatus,
    Stack,
    StackStatus,
    Version,
)
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
from bambe.services.cloudformation.template import parse
from bambe.services.cloudformation.versions import Asked

NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")


def check_conditions(stack: Stack, version: Version) -> None:
    """ValidationError where conditions cannot be evaluated, or what they leave out is referred to."""
    template = parse(version.template)
    scope = scope_of(stack, template, version)
    rules.check(template.rules, scope)
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
        policy=said.policy,
        triggers=said.triggers or [],
        monitoring=said.monitoring,
        retains_new=said.retains_new,
    )


def create(tx: Tx, stack: Stack, reason: str = "User Initiated") -> Stack:
    """Write a new stack; AlreadyExistsException where its name is taken."""
    if find_stack(tx, stack.account, stack.region, stack.name) is not None:
        raise AlreadyExistsException(f"Stack [{stack.name}] already exists")
    check_conditions(stack, stack.goal)
    if stack.policy:
        policies.check_form(stack.policy)
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
    check_kinds(stack, version)
    for policy in (said.policy, said.policy_during_update):
        if policy:
            policies.check_form(policy)
    forget_failures(tx, stack)
    begun = replace(
        stack,
        previous=stack.previous if stack.status == StackStatus.UPDATE_FAILED else stack.goal,
        goal=version,
        updated_at=now,
        token=said.token or uuid_id(),
        on_failure=said.on_failure,
        capabilities=list(said.capabilities) or stack.capabilities,
        tags=stack.tags if said.tags is None else said.tags,
        previous_tags=stack.previous_tags if stack.status == StackStatus.UPDATE_FAILED else stack.tags,
        role=said.role or stack.role,
        policy=said.policy or stack.policy,
        policy_during_update=said.policy_during_update,
        skipped=[],
        triggers=stack.triggers if said.triggers is None else said.triggers,
        monitoring=stack.monitoring if said.triggers is None else said.monitoring,
        watched_until=None,
        retains_new=said.retains_new,
        drift="NOT_CHECKED",
        drift_at=None,
    )
    STACKS.update(tx, begun)
    forget_change_sets(tx, begun, but=change_set)
    return move_stack(tx, begun, StackStatus.UPDATE_IN_PROGRESS, now, "User Initiated")


def forget_failures(tx: Tx, stack: Stack) -> None:
    """Let what failed in an earlier operation be tried again by the next."""
    for row in resources_of(tx, stack):
        if row.status.failed:
            put_resource(tx, replace(row, stale=True))


def check_kinds(stack: Stack, version: Version) -> None:
    """ValidationError where a resource would become one of another type."""
    before, after = parse(stack.goal.template).resources, parse(version.template).resources
    changed = [name for name in before if name in after and before[name]["Type"] != after[name]["Type"]]
    if changed:
        raise ValidationError(
            "Update of resource type is not permitted. The new template modifies resource type of the"
            f" following resources: [{', '.join(sorted(changed))}]"
        )


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
    same_values = version.values == stack.goal.values
    return same_values and same_tags and _same(version, stack.goal)


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
