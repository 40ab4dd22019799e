"""Going back from where an operation stopped half-way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bambe.kernel.call import Tx
from bambe.kernel.errors import ValidationError
from bambe.kernel.ids import uuid_id
from bambe.services.cloudformation.beginnings import forget_failures
from bambe.services.cloudformation.model import ResourceStatus, Stack, StackStatus
from bambe.services.cloudformation.tables import STACKS, move_stack, put_resource, resources_of

S = StackStatus
ROLLED_BACK = {
    S.CREATE_FAILED: S.ROLLBACK_IN_PROGRESS,
    S.ROLLBACK_FAILED: S.ROLLBACK_IN_PROGRESS,
    S.UPDATE_FAILED: S.UPDATE_ROLLBACK_IN_PROGRESS,
}


def go_on_back(tx: Tx, stack: Stack, skipped: list[str], token: str, now: datetime) -> None:
    """Try again to take an update back, without those resources that are to be left as they are."""
    if stack.status != S.UPDATE_ROLLBACK_FAILED:
        raise ValidationError(f"Stack:{stack.arn} is in {stack.status} state and can not continue rollback.")
    rows = {row.logical_id: row for row in resources_of(tx, stack)}
    wrong = sorted(name for name in skipped if name not in rows or not rows[name].status.failed)
    if wrong:
        raise ValidationError(
            f"The following resources cannot be skipped: [{', '.join(wrong)}]. Only those that failed"
            " while the update was taken back can be"
        )
    forget_failures(tx, stack)
    for name in skipped:
        done, why = ResourceStatus.UPDATE_COMPLETE, "Resource update skipped"
        put_resource(tx, replace(rows[name], status=done, stale=False, reason=why, updated_at=now))
    _begin(
        tx, replace(STACKS.get(tx, *stack.key), skipped=skipped), S.UPDATE_ROLLBACK_IN_PROGRESS, token, now
    )


def go_back(tx: Tx, stack: Stack, token: str, now: datetime) -> None:
    """Take back what failed and was kept; ValidationError where nothing was."""
    to = ROLLED_BACK.get(stack.status)
    if to is None:
        raise ValidationError(f"Stack:{stack.arn} is in {stack.status} state and can not be rolled back.")
    forget_failures(tx, stack)
    for row in resources_of(tx, stack):
        if row.status == ResourceStatus.DELETE_FAILED:
            again = ResourceStatus.DELETE_IN_PROGRESS
            put_resource(tx, replace(row, status=again, called=False, fail_after=None, updated_at=now))
    _begin(tx, replace(STACKS.get(tx, *stack.key), on_failure="ROLLBACK"), to, token, now)


def _begin(tx: Tx, stack: Stack, to: StackStatus, token: str, now: datetime) -> None:
    begun = replace(stack, token=token or uuid_id())
    STACKS.update(tx, begun)
    move_stack(tx, begun, to, now, "User Initiated")
