"""Finding stacks, with AWS's words when they are missing or busy."""

from __future__ import annotations

from bambe.kernel.call import Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation.errors import ChangeSetNotFoundException
from bambe.services.cloudformation.model import ChangeSet, Stack
from bambe.services.cloudformation.tables import CHANGE_SETS, STACKS, find_stack


def get_stack(tx: Tx, call: Call, name: str) -> Stack:
    """The live stack of this name, or any by ARN; ValidationError as AWS words it."""
    found = find_stack(tx, call.account, call.region, name)
    if found is None:
        raise ValidationError(f"Stack with id {name} does not exist")
    return found


def get_change_set(tx: Tx, call: Call, name: str, stack: str | None) -> tuple[Stack, ChangeSet]:
    """A change set by ARN, or by name within a stack."""
    if name.startswith("arn:"):
        found = [
            one for one in CHANGE_SETS.list(tx, account=call.account, region=call.region) if one.arn == name
        ]
        if found:
            return STACKS.get(tx, call.account, call.region, found[0].stack), found[0]
    elif stack is not None:
        owner = get_stack(tx, call, stack)
        row = CHANGE_SETS.find(tx, call.account, call.region, owner.id, name)
        if row is not None:
            return owner, row
    else:
        raise ValidationError("StackName must be specified if ChangeSetName is not specified as an ARN.")
    raise ChangeSetNotFoundException(f"ChangeSet [{name}] does not exist")
