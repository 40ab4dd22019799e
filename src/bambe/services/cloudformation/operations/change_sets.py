"""Change sets: a change that is looked at before it is made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import AwsError, ValidationError
from bambe.kernel.ids import uuid_id
from bambe.kernel.pages import page
from bambe.services import resource_types
from bambe.services.cloudformation import beginnings
from bambe.services.cloudformation.changes import Update, changes, without_values
from bambe.services.cloudformation.errors import (
    AlreadyExistsException,
    ChangeSetNotFoundException,
    InvalidChangeSetStatusException,
)
from bambe.services.cloudformation.lookup import get_change_set, get_stack
from bambe.services.cloudformation.masking import secrets, without
from bambe.services.cloudformation.model import ChangeSet, Stack, StackStatus, Version
from bambe.services.cloudformation.outputs import imports_of
from bambe.services.cloudformation.scope import scope_of
from bambe.services.cloudformation.shapes import change_set_shape
from bambe.services.cloudformation.tables import (
    CHANGE_SETS,
    STACKS,
    exports,
    find_stack,
    move_stack,
    resources_of,
)
from bambe.services.cloudformation.template import parse
from bambe.services.cloudformation.versions import Asked, asked, looked_up, version_of

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        CreateChangeSetInputTypeDef,
        DeleteChangeSetInputTypeDef,
        DescribeChangeSetInputTypeDef,
        ExecuteChangeSetInputTypeDef,
        ListChangeSetsInputTypeDef,
    )

PAGE = 100
NOTHING = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


async def create_change_set(call: Call, request: CreateChangeSetInputTypeDef) -> Answer:
    kind = request.get("ChangeSetType", "UPDATE")
    name, description = request["ChangeSetName"], request.get("Description", "")
    if kind == "IMPORT" or request.get("ResourcesToImport") or request.get("ImportExistingResources"):
        raise ValidationError("Importing existing resources is not supported by Bambe")
    if kind == "CREATE" and request.get("UsePreviousTemplate"):
        raise ValidationError("UsePreviousTemplate cannot be used with a change set of type CREATE")
    said = await looked_up(call, asked(request))

    def create(tx: Tx) -> tuple[Stack, ChangeSet]:
        stack = _review(tx, call, said) if kind == "CREATE" else get_stack(tx, call, said.name)
        if kind == "UPDATE":
            beginnings.check_updatable(stack)
        if CHANGE_SETS.find(tx, *stack.key, name) is not None:
            raise AlreadyExistsException(
                f"ChangeSet {name} cannot be created due to a mismatch with existing"
            )
        version = version_of(said, stack if kind == "UPDATE" else None)
        beginnings.check_conditions(stack, version)
        if kind == "UPDATE":
            beginnings.check_kinds(stack, version)
        row = _row(call, stack, name, kind, said, version, description)
        absent = "" if row.status == "FAILED" else _absent_import(tx, stack, version)
        if absent:
            reason = f"No export named {absent} found."
            row = replace(row, status="FAILED", reason=reason, execution="UNAVAILABLE")
        if row.status != "FAILED":
            row = replace(row, changes=_changes(tx, stack, version, said.tags, kind))
        CHANGE_SETS.insert(tx, row)
        return stack, row

    stack, row = await call.store.write(create)
    return {"Id": row.arn, "StackId": stack.arn}


async def describe_change_set(call: Call, request: DescribeChangeSetInputTypeDef) -> Answer:
    stack, row = await call.store.read(
        lambda tx: get_change_set(tx, call, request["ChangeSetName"], request.get("StackName"))
    )
    found = row.changes if request.get("IncludePropertyValues") else without_values(row.changes)
    try:
        part, token = page(found, request.get("NextToken"), PAGE)
    except ValueError:
        raise ValidationError("Invalid NextToken") from None
    return {**change_set_shape(stack, row), "Changes": part, **({"NextToken": token} if token else {})}


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
            triggers=row.triggers,
            monitoring=row.monitoring,
            retains_new=not request.get("RetainExceptOnCreate"),
        )
        _begin(tx, stack, row, said, call)
        CHANGE_SETS.update(tx, replace(row, execution="EXECUTE_COMPLETE"))

    await call.store.write(execute)
    return {}


async def delete_change_set(call: Call, request: DeleteChangeSetInputTypeDef) -> Answer:
    def delete(tx: Tx) -> None:
        try:
            stack, row = get_change_set(tx, call, request["ChangeSetName"], request.get("StackName"))
        except ChangeSetNotFoundException:
            return  # as on AWS: deleting what is not there has succeeded already
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
    version = version_of(said, None)
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
        triggers=said.triggers,
        monitoring=said.monitoring,
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
        triggers=row.triggers or [],
        monitoring=row.monitoring,
        retains_new=said.retains_new,
    )
    STACKS.update(tx, begun)
    move_stack(tx, begun, StackStatus.CREATE_IN_PROGRESS, now, "User Initiated")


def _changes(
    tx: Tx, stack: Stack, version: Version, tags: dict[str, str] | None, kind: str
) -> list[dict[str, Any]]:
    """What would happen to each resource, as far as it can be known now."""
    template, rows = parse(version.template), resources_of(tx, stack)
    known = {name: value for name, (value, _) in exports(tx, stack.account, stack.region).items()}
    update = Update(
        before=None if kind == "CREATE" else stack.goal,
        after=version,
        rows={row.logical_id: row for row in rows},
        scope=scope_of(stack, template, version, rows, known),
        types=resource_types(),
        tags_change=tags is not None and tags != stack.tags,
    )
    return without(changes(update), [*secrets(version), *secrets(stack.goal)])


def _absent_import(tx: Tx, stack: Stack, version: Version) -> str:
    """The first export that the version imports and nobody exports, or nothing."""
    known = exports(tx, stack.account, stack.region)
    scope = scope_of(stack, parse(version.template), version, resources_of(tx, stack))
    try:
        return min(imports_of(scope) - set(known), default="")
    except AwsError:
        return ""  # a name that is not known yet is looked for when the update is made
