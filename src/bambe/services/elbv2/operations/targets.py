"""RegisterTargets, DeregisterTargets, DescribeTargetHealth."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.elbv2 import lookup
from bambe.services.elbv2.errors import InvalidTargetException
from bambe.services.elbv2.model import Target, TargetGroup, TargetState
from bambe.services.elbv2.shapes import health_shape, not_registered
from bambe.services.elbv2.tables import TARGETS, used_groups

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        DeregisterTargetsInputTypeDef,
        DescribeTargetHealthInputTypeDef,
        RegisterTargetsInputTypeDef,
    )


async def register_targets(call: Call, request: RegisterTargetsInputTypeDef) -> Answer:
    now = call.clock.now()

    def register(tx: Tx) -> None:
        group = lookup.group(tx, call, request["TargetGroupArn"])
        for address, port in _named(group, request["Targets"]):
            row = TARGETS.find(tx, call.account, call.region, group.id, address, port)
            if row is not None and row.state != TargetState.DRAINING:
                continue
            TARGETS.put(tx, Target(call.account, call.region, group.id, address, port, registered_at=now))

    await call.store.write(register)
    return {}


async def deregister_targets(call: Call, request: DeregisterTargetsInputTypeDef) -> Answer:
    now = call.clock.now()

    def deregister(tx: Tx) -> None:
        group = lookup.group(tx, call, request["TargetGroupArn"])
        in_use = group.arn in used_groups(tx, call.account, call.region)
        for address, port in _rows_named(tx, group, request["Targets"]):
            row = TARGETS.find(tx, call.account, call.region, group.id, address, port)
            if row is None or row.state == TargetState.DRAINING:
                continue
            if not in_use:
                TARGETS.delete(tx, *row.key)
                continue
            TARGETS.update(
                tx,
                replace(
                    row,
                    state=TargetState.DRAINING,
                    reason="Target.DeregistrationInProgress",
                    until=now + timedelta(seconds=group.delay),
                ),
            )

    await call.store.write(deregister)
    return {}


async def describe_target_health(call: Call, request: DescribeTargetHealthInputTypeDef) -> Answer:
    def read(tx: Tx) -> list[Answer]:
        group = lookup.group(tx, call, request["TargetGroupArn"])
        in_use = group.arn in used_groups(tx, call.account, call.region)
        rows = TARGETS.list(tx, account=call.account, region=call.region, group=group.id)
        if "Targets" not in request:
            return [health_shape(group, row, in_use) for row in rows]
        known = {(row.address, row.port): row for row in rows}
        wanted = _rows_named(tx, group, request["Targets"])
        return [
            health_shape(group, known[one], in_use) if one in known else not_registered(group, *one)
            for one in wanted
        ]

    return {"TargetHealthDescriptions": await call.store.read(read)}


def _named(group: TargetGroup, targets: Sequence[Any]) -> list[tuple[str, int]]:
    """(address, port) of each target named; InvalidTarget for what is no IPv4 address."""
    found = []
    for target in targets:
        try:
            address = str(ipaddress.IPv4Address(target["Id"]))
        except ValueError:
            raise InvalidTargetException(
                f"The IP address '{target['Id']}' is not a valid IPv4 address"
            ) from None
        found.append((address, int(target.get("Port", group.port))))
    return found


def _rows_named(tx: Tx, group: TargetGroup, targets: Sequence[Any]) -> list[tuple[str, int]]:
    """As `_named`; a target named without a port stands for all its ports."""
    rows = TARGETS.list(tx, account=group.account, region=group.region, group=group.id)
    found = []
    for target in targets:
        if "Port" in target:
            found += _named(group, [target])
            continue
        ports = [row.port for row in rows if row.address == target["Id"]]
        found += [(target["Id"], port) for port in ports] or _named(group, [target])
    return found
