"""The loop that looks at what has drifted: each resource of a stack is compared once per detection."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from bambe.control import Key
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, ResourceType
from bambe.services.cloudformation import drift
from bambe.services.cloudformation.lookups import has_references
from bambe.services.cloudformation.model import Detection, Drift, Resource, Stack
from bambe.services.cloudformation.resource_steps import BAD_PROPERTIES
from bambe.services.cloudformation.tables import DETECTIONS, DRIFTS, RESOURCES, STACKS

BEGUN, DONE, FAILED = "DETECTION_IN_PROGRESS", "DETECTION_COMPLETE", "DETECTION_FAILED"
AT_ONCE = 50
"""Resources looked at before what was found is written down."""
GONE = re.compile("NotFound|NoSuch|DoesNotExist|NotActive")


async def seen(aws: Aws, row: Resource, declared: ResourceType | None, now: datetime) -> Drift:
    """One resource compared with what its service shows; an AwsError where it does not answer."""
    if declared is None or declared.read is None:
        return _drift(row, drift.NOT_CHECKED, now)
    expected = {key: value for key, value in row.properties.items() if not has_references(value)}
    try:
        actual = await declared.read(aws, Made(row.physical_id, row.attributes), expected)
    except AwsError as error:
        if not GONE.search(error.wire_code()):
            raise
        actual = None
    if actual is None:
        return _drift(row, drift.DELETED, now, expected)
    found = drift.differences(expected, actual)
    part = drift.compared_part(expected, actual)
    return _drift(row, drift.MODIFIED if found else drift.IN_SYNC, now, expected, part, found)


def _drift(
    row: Resource,
    status: str,
    now: datetime,
    expected: Mapping[str, Any] | None = None,
    actual: Mapping[str, Any] | None = None,
    differences: Iterable[dict[str, str]] = (),
) -> Drift:
    return Drift(
        account=row.account,
        region=row.region,
        stack=row.stack,
        logical_id=row.logical_id,
        physical_id=row.physical_id,
        type=row.type,
        status=status,
        at=now,
        expected="" if expected is None else json.dumps(expected),
        actual="" if actual is None else json.dumps(actual, default=str),
        differences=list(differences),
    )


@dataclass(frozen=True, slots=True)
class Look:
    """What was found of a resource; None with the reason where its service does not answer."""

    name: str
    found: Drift | None
    reason: str = ""


class DriftLoop:
    """Keys are (account, region, detection id)."""

    name = "cloudformation.drift"

    def __init__(self, store: Store, clock: Clock, aws: Aws, resources: Mapping[str, ResourceType]) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._types = resources
        self._turn = asyncio.Lock()

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [key] if table == DETECTIONS.name else []

    async def keys(self) -> Iterable[Key]:
        begun = await self._store.read(lambda tx: DETECTIONS.list(tx, status=BEGUN))
        return [(one.account, one.region, one.id) for one in begun]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """The loop's own failures are transient: the detection waits as it is."""

    async def reconcile(self, key: Key) -> datetime | None:
        while True:
            detection, rows = await self._store.scan(partial(_observe, key=key))
            if detection is None or detection.status != BEGUN:
                return None
            if not rows:
                await self._store.write(partial(_finish, detection=detection, now=self._clock.now()))
                return None
            looks = [await self._look(row) for row in rows]
            await self._store.write(partial(_looked, detection=detection, looks=looks))

    async def _look(self, row: Resource) -> Look:
        """One resource at a time, whatever stack it is of, and between two whoever else waits for the event
        loop, on whose thread services answer."""
        aws = self._aws.within(row.account, row.region)
        async with self._turn:
            await asyncio.sleep(0)  # noqa: TID251
            try:
                found = await seen(aws, row, self._types.get(row.type), self._clock.now())
            except AwsError as error:
                return Look(row.logical_id, None, f"{row.logical_id}: {error.message}")
            except BAD_PROPERTIES as error:
                why = f"its properties cannot be compared ({type(error).__name__}: {error})"
                return Look(row.logical_id, None, f"{row.logical_id}: {why}")
            return Look(row.logical_id, found)


def _observe(tx: Tx, key: Key) -> tuple[Detection | None, list[Resource]]:
    """A detection, and the next of its resources that are still there to be looked at."""
    detection = DETECTIONS.find(tx, *key)
    if detection is None:
        return None, []
    where = {"account": detection.account, "region": detection.region, "stack": detection.stack}
    there = {row.logical_id: row for row in RESOURCES.list(tx, **where) if row.exists}
    return detection, [there[name] for name in detection.pending if name in there][:AT_ONCE]


def _looked(tx: Tx, detection: Detection, looks: Sequence[Look]) -> None:
    drifted = detection.drifted
    for look in looks:
        if look.found is not None:
            DRIFTS.put(tx, look.found)
            drifted += look.found.status in (drift.MODIFIED, drift.DELETED)
    seen = {look.name for look in looks}
    reasons = [look.reason for look in looks if look.reason]
    DETECTIONS.update(
        tx,
        replace(
            detection,
            pending=[one for one in detection.pending if one not in seen],
            drifted=drifted,
            reason=detection.reason or next(iter(reasons), ""),
        ),
    )


def _finish(tx: Tx, detection: Detection, now: datetime) -> None:
    found = "DRIFTED" if detection.drifted else "IN_SYNC"
    status = FAILED if detection.reason else DONE
    DETECTIONS.update(tx, replace(detection, status=status, found=found, pending=[]))
    stack: Stack | None = STACKS.find(tx, detection.account, detection.region, detection.stack)
    if stack is not None:
        STACKS.update(tx, replace(stack, drift=found, drift_at=now))
