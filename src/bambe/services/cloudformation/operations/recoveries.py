"""Going back where an operation stopped half-way, and what protects a stack from updates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation import policies, recovering
from bambe.services.cloudformation.lookup import get_stack
from bambe.services.cloudformation.model import Stack
from bambe.services.cloudformation.tables import STACKS

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        ContinueUpdateRollbackInputTypeDef,
        GetStackPolicyInputTypeDef,
        RollbackStackInputTypeDef,
        SetStackPolicyInputTypeDef,
    )


async def continue_update_rollback(call: Call, request: ContinueUpdateRollbackInputTypeDef) -> Answer:
    skipped, token = list(request.get("ResourcesToSkip", ())), request.get("ClientRequestToken", "")

    def go_on(tx: Tx) -> None:
        stack = get_stack(tx, call, request["StackName"])
        recovering.go_on_back(tx, stack, skipped, token, call.clock.now())

    await call.store.write(go_on)
    return {}


async def rollback_stack(call: Call, request: RollbackStackInputTypeDef) -> Answer:
    def go_back(tx: Tx) -> Stack:
        stack = get_stack(tx, call, request["StackName"])
        recovering.go_back(tx, stack, request.get("ClientRequestToken", ""), call.clock.now())
        return stack

    return {"StackId": (await call.store.write(go_back)).arn}


async def set_stack_policy(call: Call, request: SetStackPolicyInputTypeDef) -> Answer:
    body = request.get("StackPolicyBody")
    if body is None:
        raise ValidationError("Bambe takes a stack policy as StackPolicyBody only")
    policies.check_form(body)

    def put(tx: Tx) -> None:
        STACKS.update(tx, replace(get_stack(tx, call, request["StackName"]), policy=body))

    await call.store.write(put)
    return {}


async def get_stack_policy(call: Call, request: GetStackPolicyInputTypeDef) -> Answer:
    stack = await call.store.read(lambda tx: get_stack(tx, call, request["StackName"]))
    return {"StackPolicyBody": stack.policy} if stack.policy else {}
