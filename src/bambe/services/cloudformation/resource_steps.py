"""One step with one resource: call the service that makes, changes or removes it, and see how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceFailed, ResourceType, Wish
from bambe.services.cloudformation.lookups import resolved
from bambe.services.cloudformation.model import Leftover, Resource, ResourceStatus, Stack

R = ResourceStatus
TIMED_OUT = "Resource timed out waiting for completion"
BAD_PROPERTIES = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a resource type raises for a property of a shape it cannot read."""

Waiting = TypeVar("Waiting", Resource, Leftover)


class Steps:
    """Steps with the resources of one stack; each answers the row as it is afterwards."""

    def __init__(self, aws: Aws, types: Mapping[str, ResourceType], stack: Stack, now: datetime) -> None:
        self._aws = aws
        self._types = types
        self._stack = stack
        self._now = now

    async def go_on(self, row: Resource) -> Resource:
        """One step; a failure is the row's new status, never an exception of the service's."""
        try:
            return await self._step(row)
        except AwsError as error:
            return self._failed(row, _handler_message(error, self._stack.token))
        except ResourceFailed as error:
            return self._failed(row, str(error))
        except BAD_PROPERTIES as error:
            return self._failed(row, f"Model validation failed ({type(error).__name__}: {error})")

    async def sweep(self, row: Resource) -> Resource:
        """Delete the oldest leftover of a replacement; what cannot be deleted is given up."""
        oldest, *others = row.leftovers
        try:
            left = None if oldest.retained else await self._swept(oldest)
        except (AwsError, ResourceFailed) as error:
            reason = f"{oldest.physical_id} was replaced and cannot be deleted: {error}"
            return replace(row, leftovers=others, reason=reason, updated_at=self._now)
        return replace(row, leftovers=[left, *others] if left else others)

    async def _swept(self, leftover: Leftover) -> Leftover | None:
        """What is left of a leftover after trying to delete it."""
        declared = self._types[leftover.type]
        made = Made(leftover.physical_id, leftover.attributes)
        if not await self._deleted(declared, made, leftover.properties, leftover.fail_after):
            return self._waiting(leftover)
        if declared.gone and not await declared.gone(self._aws, made, leftover.properties):
            return self._waiting(leftover)
        return None

    async def _step(self, row: Resource) -> Resource:
        if row.status == R.DELETE_IN_PROGRESS:
            return await self._delete(row)
        if not row.called:
            return await self._call(row)
        declared = self._types[row.type]
        made = Made(row.physical_id, row.attributes)
        if declared.ready and not await declared.ready(self._aws, made, row.wanted):
            return self._waiting(row)
        done = R.CREATE_COMPLETE if row.status == R.CREATE_IN_PROGRESS else R.UPDATE_COMPLETE
        return replace(row, status=done, properties=row.wanted, reason="", updated_at=self._now)

    async def _call(self, row: Resource) -> Resource:
        declared, wish = self._types[row.type], self._wish(row)
        wish = replace(wish, properties=await resolved(self._aws, row.wanted))
        if row.physical_id and declared.update is not None:
            old = Made(row.physical_id, row.attributes)
            made = await declared.update(self._aws, wish, old, row.properties)
        else:
            _check_name(row, declared)
            made = await declared.create(self._aws, wish)
        return replace(
            row,
            physical_id=made.physical_id,
            attributes=dict(made.attributes),
            called=True,
            updated_at=self._now,
        )

    async def _delete(self, row: Resource) -> Resource:
        declared = self._types[row.type]
        made = Made(row.physical_id, row.attributes)
        # A resource that was to be updated has what was wanted last.
        properties: dict[str, Any] = row.wanted or row.properties
        if row.physical_id and not row.called:
            if not await self._deleted(declared, made, properties, row.fail_after):
                return self._waiting(row)
            row = replace(row, called=True)
        if row.physical_id and declared.gone and not await declared.gone(self._aws, made, properties):
            return self._waiting(row)
        return replace(row, status=R.DELETE_COMPLETE, reason="", updated_at=self._now)

    async def _deleted(
        self, declared: ResourceType, made: Made, properties: Properties, fail_after: datetime | None
    ) -> bool:
        """Whether the service has taken the deletion; an error that passes is one only past the limit."""
        try:
            await declared.delete(self._aws, made, properties)
        except AwsError as error:
            if error.wire_code() in declared.busy and not self._is_past(fail_after):
                return False
            raise
        return True

    def _waiting(self, one: Waiting) -> Waiting:
        """The same, which is not done yet; ResourceFailed past the limit."""
        if one.fail_after is None:
            return replace(one, fail_after=self._now + self._types[one.type].limit)
        if self._is_past(one.fail_after):
            raise ResourceFailed(f"{TIMED_OUT} (RequestToken: {self._stack.token})")
        return one

    def _is_past(self, deadline: datetime | None) -> bool:
        return deadline is not None and self._now >= deadline

    def _wish(self, row: Resource) -> Wish:
        return Wish(
            stack=self._stack.name,
            stack_id=self._stack.arn,
            logical_id=row.logical_id,
            name=row.name,
            token=row.token,
            properties=row.wanted,
            tags=self._stack.wanted_tags,
        )

    def _failed(self, row: Resource, reason: str) -> Resource:
        to = {
            R.CREATE_IN_PROGRESS: R.CREATE_FAILED,
            R.UPDATE_IN_PROGRESS: R.UPDATE_FAILED,
            R.DELETE_IN_PROGRESS: R.DELETE_FAILED,
        }[row.status]
        return replace(row, status=to, reason=reason, updated_at=self._now)


def _check_name(row: Resource, declared: ResourceType) -> None:
    """ResourceFailed in AWS's words where a replacement would have the name of what it replaces."""
    full = f"{declared.name.rsplit('::', 1)[-1]}Name"
    old = [one.properties for one in row.leftovers]
    beside = [one for one in old if all(one.get(key) == row.wanted.get(key) for key in declared.within)]
    for key in sorted(declared.replaces):
        name = row.wanted.get(key)
        if full.endswith(key) and name and any(one.get(key) == name for one in beside):
            raise ResourceFailed(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing."
                f" Rename {name} and update the stack again."
            )


def _handler_message(error: AwsError, token: str) -> str:
    code = error.wire_code()
    kind = "GeneralServiceException"
    if "AlreadyExists" in code or "Duplicate" in code:
        kind = "AlreadyExists"
    elif "NotFound" in code or "NoSuch" in code:
        kind = "NotFound"
    elif "Invalid" in code or "Validation" in code:
        kind = "InvalidRequest"
    said = f"{error.message or code} ({code})"
    return f'Resource handler returned message: "{said}" (RequestToken: {token}, HandlerErrorCode: {kind})'
