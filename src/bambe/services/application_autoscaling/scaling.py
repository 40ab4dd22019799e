"""The loop that scales by policies: looks at their alarms, plans, and sets the desired count."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bambe.control import Key
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import AwsError
from bambe.kernel.ids import uuid_id
from bambe.services.application_autoscaling import policies
from bambe.services.application_autoscaling.model import Activity, Policy, Target
from bambe.services.application_autoscaling.planner import Change, Limits, Reading, plan
from bambe.services.application_autoscaling.tables import POLICIES, TARGETS, policies_of, remember

SELDOM, OFTEN = 15.0, 1.0
"""Seconds between looks at alarms; oftener in a rehearsal."""
BACK = timedelta(minutes=3)
"""How far back the last value of a metric may be."""
AT_ONCE = 100
"""Names that DescribeAlarms takes."""


class PolicyLoop:
    """One target with policies per key. A deadline that ended while nobody looked has ended."""

    name = "application-autoscaling.policies"

    def __init__(self, store: Store, clock: Clock, aws: Aws) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [key[:3]] if table == POLICIES.name else []

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(POLICIES.list)
        return {(row.account, row.region, row.resource) for row in rows}

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """Nothing was changed; the next pass looks again."""

    async def reconcile(self, key: Key) -> datetime | None:
        target, rows = await self._store.read(lambda tx: _find(tx, key))
        if target is None or not rows:
            return None
        aws = self._aws.within(target.account, target.region)
        readings = await self._readings(aws, rows)
        count = await _count(aws, target) if readings else None
        if count is not None:
            change = plan(_limits(target), count, readings, self._clock.now())
            if change is not None:
                await self._scale(aws, target, change)
        return self._clock.now() + timedelta(seconds=max(OFTEN, SELDOM / self._clock.scale))

    async def _readings(self, aws: Aws, rows: list[Policy]) -> list[Reading]:
        """What each policy sees; nothing where no alarm rings, so that no metric needs to be read."""
        alarms = {row.name: await _alarms(aws, row) for row in rows}
        if not any(one["StateValue"] == "ALARM" for found in alarms.values() for one in found):
            return []
        found: list[Reading] = []
        for row in rows:
            ringing = [one for one in alarms[row.name] if one["StateValue"] == "ALARM"]
            if row.kind == policies.TRACKING:
                value = await self._value(aws, policies.metric(row.settings, row.resource), ringing)
                found.append(policies.tracking(row, {one["AlarmName"] for one in ringing}, value))
                continue
            for one in ringing:
                value = await self._value(aws, one, [one])
                distance = None if value is None else value - float(one["Threshold"])
                found.append(policies.stepping(row, one["AlarmName"], distance))
        return found

    async def _value(self, aws: Aws, watched: Any, ringing: list[Any]) -> float | None:
        """The metric's last value: that which made the alarm ring, or in real time a newer one."""
        told = next((value for one in ringing if (value := _told(one)) is not None), None)
        if self._clock.scale != 1 or not watched.get("MetricName"):
            return told
        now, statistic = self._clock.now(), watched.get("Statistic", "Average")
        answer = await aws.cloudwatch.get_metric_statistics(
            Namespace=watched["Namespace"],
            MetricName=watched["MetricName"],
            Dimensions=watched["Dimensions"],
            StartTime=now - BACK,
            EndTime=now,
            Period=60,
            Statistics=[statistic],
        )
        points = sorted(answer["Datapoints"], key=lambda one: one["Timestamp"])
        # The last minute is not over yet.
        whole = [one for one in points if one["Timestamp"] + timedelta(minutes=1) <= now]
        return float(whole[-1][statistic]) if whole else told

    async def _scale(self, aws: Aws, target: Target, change: Change) -> None:
        _, cluster, name = target.resource.split("/")
        began, error = self._clock.now(), ""
        try:
            await aws.ecs.update_service(cluster=cluster, service=name, desiredCount=change.count)
        except AwsError as problem:
            if problem.fault == "server":
                raise
            error = problem.message
        done = f"Successfully set desired count to {change.count}. Change successfully fulfilled by ecs."
        activity = Activity(
            account=target.account,
            region=target.region,
            resource=target.resource,
            id=uuid_id(),
            started=began,
            ended=self._clock.now(),
            description=f"Setting desired count to {change.count}.",
            cause=f"monitor alarm {change.alarm} in state ALARM triggered policy {change.policy}",
            status="Failed" if error else "Successful",
            message=f"Failed to set desired count. Reason: {error}" if error else done,
        )
        await self._store.write(lambda tx: self._done(tx, target, change, activity))

    def _done(self, tx: Tx, target: Target, change: Change, activity: Activity) -> None:
        remember(tx, activity)
        fresh = TARGETS.find(tx, *TARGETS.key_of(target))
        if fresh is None:
            return
        shrinks = self._clock.after(timedelta(seconds=change.in_cooldown))
        grows = fresh.out_until
        if change.out_cooldown is not None:
            grows = self._clock.after(timedelta(seconds=change.out_cooldown))
        TARGETS.update(tx, replace(fresh, out_until=grows, in_until=shrinks))


def _told(alarm: Any) -> float | None:
    """The last datapoint that an alarm was judged by."""
    data = json.loads(alarm.get("StateReasonData") or "{}")
    recent = [one for one in data.get("recentDatapoints", ()) if one is not None]
    return float(recent[0]) if recent else None


async def _alarms(aws: Aws, row: Policy) -> list[Any]:
    if row.kind == policies.TRACKING:
        answer = await aws.cloudwatch.describe_alarms(AlarmNames=list(policies.alarms(row)))
    else:
        answer = await aws.cloudwatch.describe_alarms(ActionPrefix=row.arn, MaxRecords=AT_ONCE)
    return list(answer["MetricAlarms"])


async def _count(aws: Aws, target: Target) -> int | None:
    """The desired count of the service; None where there is none to scale."""
    _, cluster, name = target.resource.split("/")
    try:
        answer = await aws.ecs.describe_services(cluster=cluster, services=[name])
    except AwsError as error:
        if error.fault == "server":
            raise
        return None
    found = [one["desiredCount"] for one in answer["services"] if one["status"] == "ACTIVE"]
    return found[0] if found else None


def _limits(target: Target) -> Limits:
    return Limits(
        least=target.least,
        most=target.most,
        out_until=target.out_until,
        in_until=target.in_until,
        may_grow=not target.suspended.get("DynamicScalingOutSuspended", False),
        may_shrink=not target.suspended.get("DynamicScalingInSuspended", False),
    )


def _find(tx: Tx, key: Key) -> tuple[Target | None, list[Policy]]:
    target = TARGETS.find(tx, *key)
    return target, policies_of(tx, target) if target else []
