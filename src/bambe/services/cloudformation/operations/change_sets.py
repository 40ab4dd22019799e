"""Change sets, as `aws cloudformation deploy` uses them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.kernel.ids import uuid_id
from bambe.services import resource_types
from bambe.services.cloudformation import beginnings
from bambe.services.cloudformation.beginnings import Asked
from bambe.services.cloudformation.errors import AlreadyExistsException, InvalidChangeSetStatusException
from bambe.services.cloudformation.lookup import get_change_set, get_stack
from bambe.services.cloudformation.model import ChangeSet, Stack, StackStatus, Version
from bambe.services.cloudformation.shapes import change_set_shape
from bambe.services.cloudformation.tables import CHANGE_SETS, STACKS, find_stack, move_stack
from bambe.services.cloudformation.template import parse

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        CreateChangeSetInputTypeDef,
        DeleteChangeSetInputTypeDef,
        DescribeChangeSetInputTypeDef,
        ExecuteChangeSetInputTypeDef,
        ListChangeSetsInputTypeDef,
    )

NOTHING = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


async def create_change_set(call: Call, request: CreateChangeSetInputTypeDef) -> Answer:
    said, kind = beginnings.asked(request), request.get("ChangeSetType", "UPDATE")
    name, description = request["ChangeSetName"], request.get("Description", "")
    if kind == "IMPORT":
        raise ValidationError("Change sets of type IMPORT are not supported by Bambe")

    def create(tx: Tx) -> tuple[Stack, ChangeSet]:
        stack = _review(tx, call, said) if kind == "CREATE" else get_stack(tx, call, said.name)
        if kind == "UPDATE":
            beginnings.check_updatable(stack)
        if CHANGE_SETS.find(tx, *stack.key, name) is not None:
            raise AlreadyExistsException(
                f"ChangeSet {name} cannot be created due to a mismatch with existing"
            )
        version = beginnings.version_of(said, stack if kind == "UPDATE" else None)
        beginnings.check_conditions(stack, version)
        row = _row(call, stack, name, kind, said, version, description)
        CHANGE_SETS.insert(tx, row)
        return stack, row

    stack, row = await call.store.write(create)
    return {"Id": row.arn, "StackId": stack.arn}


async def describe_change_set(call: Call, request: DescribeChangeSetInputTypeDef) -> Answer:
    stack, row = await call.store.read(
        lambda tx: get_change_set(tx, call, request["ChangeSetName"], request.get("StackName"))
    )
    return change_set_shape(stack, row)


async def execute_change_set(call: Call, request: ExecuteChangeSetInputTypeDef) -> Answer:
    def execute(tx: Tx) -> None:
        stack, row = get_change_set(tx, call, request["ChangeSetName"], request.get("StackName"))
        if row.execution != "AVAILABLE":
            raise InvalidChangeSetStatusException(
                f"ChangeSet [{row.arn}] cannot be executed in its current status of [{row.status}]"
            )
        said = Asked(
            name=stack.name,
            template=row.version.template,
            keeps_template=False,
            capabilities=tuple(row.capabilities),
            tags=row.tags,
            token=request.get("ClientRequestToken", ""),
            role=row.role,
            on_failure="DO_NOTHING" if request.get("DisableRollback") else row.on_failure,
        )
        _begin(tx, stack, row, said, call)
        CHANGE_SETS.update(tx, replace(row, execution="EXECUTE_COMPLETE"))

    await call.store.write(execute)
    return {}


async def delete_change_set(call: Call, request: DeleteChangeSetInputTypeDef) -> Answer:
    def delete(tx: Tx) -> None:
        stack, row = get_change_set(tx, call, request["ChangeSetName"], request.get("StackName"))
        CHANGE_SETS.delete(tx, *stack.key, row.name)

    await call.store.write(delete)
    return {}


async def list_change_sets(call: Call, request: ListChangeSetsInputTypeDef) -> Answer:
    def read(tx: Tx) -> tuple[Stack, list[ChangeSet]]:
        stack = get_stack(tx, call, request["StackName"])
        return stack, CHANGE_SETS.list(tx, account=stack.account, region=stack.region, stack=stack.id)

    stack, rows = await call.store.read(read)
    members = ("ChangeSetName", "ChangeSetId", "StackId", "StackName", "Description", "CreationTime")
    wanted = {*members, "ExecutionStatus", "Status", "StatusReason"}
    shown = [change_set_shape(stack, row) for row in rows]
    return {"Summaries": [{k: v for k, v in one.items() if k in wanted} for one in shown]}


def _review(tx: Tx, call: Call, said: Asked) -> Stack:
    """The stack a CREATE change set makes: in review, with nothing in it yet."""
    found = find_stack(tx, call.account, call.region, said.name)
    if found is not None and found.status == StackStatus.REVIEW_IN_PROGRESS:
        return found
    version = beginnings.version_of(said, None)
    return beginnings.create(tx, beginnings.fresh(call, said, version, StackStatus.REVIEW_IN_PROGRESS))


def _row(
    call: Call, stack: Stack, name: str, kind: str, said: Asked, version: Version, description: str
) -> ChangeSet:
    empty = kind == "UPDATE" and beginnings.is_unchanged(stack, said, version)
    return ChangeSet(
        account=stack.account,
        region=stack.region,
        stack=stack.id,
        name=name,
        id=uuid_id(),
        kind=kind,
        status="FAILED" if empty else "CREATE_COMPLETE",
        reason=NOTHING if empty else "",
        execution="UNAVAILABLE" if empty else "AVAILABLE",
        version=version,
        created_at=call.clock.now(),
        description=description,
        capabilities=list(said.capabilities),
        tags=stack.tags if said.tags is None else said.tags,
        role=said.role,
        on_failure=said.on_failure,
        changes=[] if empty else _changes(stack if kind == "UPDATE" else None, version),
    )


def _begin(tx: Tx, stack: Stack, row: ChangeSet, said: Asked, call: Call) -> None:
    now = call.clock.now()
    stack = replace(stack, change_set=row.arn)
    if row.kind == "UPDATE":
        beginnings.update(tx, stack, said, row.version, now, change_set=row.name)
        return
    beginnings.forget_change_sets(tx, stack, but=row.name)
    begun = replace(
        stack,
        goal=row.version,
        tags=row.tags,
        capabilities=row.capabilities,
        on_failure=said.on_failure,
        token=said.token or uuid_id(),
    )
    STACKS.update(tx, begun)
    move_stack(tx, begun, StackStatus.CREATE_IN_PROGRESS, now, "User Initiated")


def _changes(stack: Stack | None, version: Version) -> list[dict[str, Any]]:
    """What would happen to each resource, as far as the templates tell."""
    before = parse(stack.goal.template).resources if stack is not None else {}
    after = parse(version.template).resources
    same_parameters = stack is not None and stack.goal.parameters == version.parameters
    changes = []
    for name in sorted({*before, *after}):
        if name not in after:
            changes.append(_change("Remove", name, before[name]))
        elif name not in before:
            changes.append(_change("Add", name, after[name]))
        elif before[name] != after[name] or not same_parameters:
            if (
                before[name] == after[name]
                and "Ref" not in str(after[name])
                and "Sub" not in str(after[name])
            ):
                continue
            changes.append(_change("Modify", name, after[name], _replacement(before[name], after[name])))
    return changes


def _replacement(before: dict[str, Any], after: dict[str, Any]) -> str:
    if before["Type"] != after["Type"]:
        return "True"
    declared = resource_types().get(str(after["Type"]))
    if declared is None or declared.update is None:
        return "True"
    old, new = before.get("Properties", {}), after.get("Properties", {})
    changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    return "True" if changed & declared.replaces else "False"


def _change(action: str, name: str, resource: dict[str, Any], replacement: str = "") -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Action": action,
        "LogicalResourceId": name,
        "ResourceType": str(resource["Type"]),
        "Scope": ["Properties"] if action == "Modify" else [],
        "Details": [],
    }
    if replacement:
        shown["Replacement"] = replacement
    return {"Type": "Resource", "ResourceChange": shown}
