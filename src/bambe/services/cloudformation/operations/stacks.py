"""Stacks: create, update, cancel, delete, describe, list; what they export and import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.kernel.pages import page
from bambe.services.cloudformation import beginnings
from bambe.services.cloudformation.lookup import get_stack
from bambe.services.cloudformation.model import Stack, StackStatus
from bambe.services.cloudformation.shapes import stack_shape, summary_shape
from bambe.services.cloudformation.tables import STACKS, exports, find_stack, importers
from bambe.services.cloudformation.versions import asked, looked_up, version_of

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        CancelUpdateStackInputTypeDef,
        CreateStackInputTypeDef,
        DeleteStackInputTypeDef,
        DescribeStacksInputTypeDef,
        ListExportsInputTypeDef,
        ListImportsInputTypeDef,
        ListStacksInputTypeDef,
        UpdateStackInputTypeDef,
        UpdateTerminationProtectionInputTypeDef,
    )

PAGE = 100
Item = TypeVar("Item")


async def create_stack(call: Call, request: CreateStackInputTypeDef) -> Answer:
    said = await looked_up(call, asked(request))
    version = version_of(said, None)
    stack = beginnings.fresh(call, said, version, StackStatus.CREATE_IN_PROGRESS)
    await call.store.write(lambda tx: beginnings.create(tx, stack))
    return {"StackId": stack.arn}


async def update_stack(call: Call, request: UpdateStackInputTypeDef) -> Answer:
    said = await looked_up(call, asked(request))

    def update(tx: Tx) -> Stack:
        stack = get_stack(tx, call, said.name)
        beginnings.check_updatable(stack)
        version = version_of(said, stack)
        if beginnings.is_unchanged(stack, said, version):
            raise ValidationError("No updates are to be performed.")
        return beginnings.update(tx, stack, said, version, call.clock.now())

    return {"StackId": (await call.store.write(update)).arn}


async def cancel_update_stack(call: Call, request: CancelUpdateStackInputTypeDef) -> Answer:
    def cancel(tx: Tx) -> None:
        beginnings.cancel(tx, get_stack(tx, call, request["StackName"]), call.clock.now())

    await call.store.write(cancel)
    return {}


async def delete_stack(call: Call, request: DeleteStackInputTypeDef) -> Answer:
    def delete(tx: Tx) -> None:
        stack = find_stack(tx, call.account, call.region, request["StackName"])
        if stack is not None:
            keep = tuple(request.get("RetainResources", ()))
            beginnings.delete(tx, stack, call.clock.now(), keep)

    await call.store.write(delete)
    return {}


async def describe_stacks(call: Call, request: DescribeStacksInputTypeDef) -> Answer:
    name = request.get("StackName")
    if name is not None:
        return {"Stacks": [stack_shape(await call.store.read(lambda tx: get_stack(tx, call, name)))]}
    stacks = await call.store.read(lambda tx: _all(tx, call))
    live = [one for one in stacks if one.status != StackStatus.DELETE_COMPLETE]
    return _page("Stacks", live, request, stack_shape)


async def list_stacks(call: Call, request: ListStacksInputTypeDef) -> Answer:
    wanted = set(request.get("StackStatusFilter", ()))
    stacks = await call.store.read(lambda tx: _all(tx, call))
    shown = [one for one in stacks if not wanted or one.status.value in wanted]
    return _page("StackSummaries", shown, request, summary_shape)


async def update_termination_protection(
    call: Call, request: UpdateTerminationProtectionInputTypeDef
) -> Answer:
    def protect(tx: Tx) -> Stack:
        stack = get_stack(tx, call, request["StackName"])
        changed = replace(stack, protected=request["EnableTerminationProtection"])
        STACKS.update(tx, changed)
        return changed

    return {"StackId": (await call.store.write(protect)).arn}


async def list_exports(call: Call, request: ListExportsInputTypeDef) -> Answer:
    found = await call.store.read(lambda tx: exports(tx, call.account, call.region))
    shown = [{"ExportingStackId": arn, "Name": name, "Value": value} for name, (value, arn) in found.items()]
    return _page("Exports", sorted(shown, key=lambda one: one["Name"]), request)


async def list_imports(call: Call, request: ListImportsInputTypeDef) -> Answer:
    name = request["ExportName"]
    found = await call.store.read(lambda tx: importers(tx, call.account, call.region, name))
    if not found:
        raise ValidationError(f"Export '{name}' is not imported by any stack.")
    return _page("Imports", sorted(found), request)


def _all(tx: Tx, call: Call) -> list[Stack]:
    stacks = STACKS.list(tx, account=call.account, region=call.region)
    return sorted(stacks, key=lambda one: one.created_at, reverse=True)


def _page(
    member: str, items: list[Item], request: Any, shape: Callable[[Item], Any] = lambda one: one
) -> Answer:
    """A page of items, of which only its own are brought into shape."""
    try:
        part, token = page(items, request.get("NextToken"), PAGE)
    except ValueError:
        raise ValidationError("Invalid NextToken") from None
    return {member: [shape(one) for one in part], **({"NextToken": token} if token else {})}
