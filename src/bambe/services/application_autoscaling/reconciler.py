"""The loop that scales services at the times their scheduled actions name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bambe.control import Key, Reconciler
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import AwsError
from bambe.kernel.ids import uuid_id
from bambe.services.application_autoscaling.model import Action, Activity, Target
from bambe.services.application_autoscaling.scaling import PolicyLoop
from bambe.services.application_autoscaling.schedule import following
from bambe.services.application_autoscaling.tables import ACTIONS, TARGETS, actions_of, remember


class ScheduleLoop:
    """One target per key. An action that fell due while nobody looked runs once, however often it did."""

    name = "application-autoscaling.schedules"

    def __init__(self, store: Store, clock: Clock, aws: Aws) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [key[:3]] if table in (TARGETS.name, ACTIONS.name) else []

    async def keys(self) -> Iterable[Key]:
        return [TARGETS.key_of(row) for row in await self._store.read(TARGETS.list)]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """The action stays due; the next pass tries again."""

    async def reconcile(self, key: Key) -> datetime | None:
        target, actions = await self._store.read(lambda tx: _find(tx, key))
        if target is None:
            return None
        now = self._clock.now()
        late = sorted((a for a in actions if a.due is not None and a.due <= now), key=_due)
        for action in late:
            await self._run(key, action)
        if late:
            actions = (await self._store.read(lambda tx: _find(tx, key)))[1]
        return min((a.due for a in actions if a.due is not None), default=None)

    async def _run(self, key: Key, action: Action) -> None:
        """Set the limits, then the count; the action is no longer due only when both are done."""
        target = await self._store.write(lambda tx: _limit(tx, key, action))
        if target is not None and not target.is_scheduled_off:
            await self._scale(target, action)
        now = self._clock.now()

        def done(tx: Tx) -> None:
            fresh = ACTIONS.find(tx, *ACTIONS.key_of(action))
            if fresh is not None and fresh.due == action.due:
                ACTIONS.update(tx, replace(fresh, due=following(fresh, now)))

        await self._store.write(done)

    async def _scale(self, target: Target, action: Action) -> None:
        _, cluster, name = target.resource.split("/")
        aws = self._aws.within(target.account, target.region)
        began = self._clock.now()
        try:
            answer = await aws.ecs.describe_services(cluster=cluster, services=[name])
            count = next(
                (one["desiredCount"] for one in answer["services"] if one["status"] == "ACTIVE"), None
            )
            if count is None:
                raise _Gone
            wanted = min(max(count, target.least), target.most)
            if wanted == count:
                return
            await aws.ecs.update_service(cluster=cluster, service=name, desiredCount=wanted)
        except (AwsError, _Gone) as error:
            if isinstance(error, AwsError) and error.fault == "server":
                raise
            reason = error.message if isinstance(error, AwsError) else "the service does not exist"
            why = f"Failed to set desired count. Reason: {reason}"
            await self._note(target, action, began, "Failed", why, None)
        else:
            said = f"Successfully set desired count to {wanted}. Change successfully fulfilled by ecs."
            await self._note(target, action, began, "Successful", said, wanted)

    async def _note(
        self, target: Target, action: Action, began: datetime, status: str, message: str, wanted: int | None
    ) -> None:
        limit = "minimum" if wanted is not None and wanted == target.least else "maximum"
        capacity = target.least if limit == "minimum" else target.most
        row = Activity(
            account=target.account,
            region=target.region,
            resource=target.resource,
            id=uuid_id(),
            started=began,
            ended=self._clock.now(),
            description=f"Setting desired count to {wanted if wanted is not None else capacity}.",
            cause=(f"{limit} capacity was set to {capacity} by scheduled action name {action.name}"),
            status=status,
            message=message,
        )
        await self._store.write(lambda tx: remember(tx, row))


class _Gone(Exception):
    """The service is not there."""


def _due(action: Action) -> datetime:
    return action.due or action.created


def _find(tx: Tx, key: Key) -> tuple[Target | None, list[Action]]:
    target = TARGETS.find(tx, *key)
    return target, actions_of(tx, target) if target else []


def _limit(tx: Tx, key: Key, action: Action) -> Target | None:
    """The target with the limits of the action; one limit pushes the other where it has to."""
    target = TARGETS.find(tx, *key)
    if target is None or target.is_scheduled_off:
        return target
    least = target.least if action.least is None else action.least
    most = target.most if action.most is None else action.most
    if action.least is None:
        least = min(least, most)
    if action.most is None:
        most = max(least, most)
    limited = replace(target, least=least, most=most)
    TARGETS.update(tx, limited)
    return limited


def reconcilers(store: Store, clock: Clock, aws: Aws) -> Sequence[Reconciler]:
    """The loops of scheduled actions and of policies."""
    return [ScheduleLoop(store, clock, aws), PolicyLoop(store, clock, aws)]
