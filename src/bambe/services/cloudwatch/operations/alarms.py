"""Alarms: put, shown, removed, their actions turned on and off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.pages import page
from bambe.kernel.tags import to_dict
from bambe.services.cloudwatch import checks, moves, shapes
from bambe.services.cloudwatch.errors import (
    InvalidNextToken,
    InvalidParameterCombinationException,
    LimitExceededFault,
    ResourceNotFound,
    ValidationError,
)
from bambe.services.cloudwatch.model import (
    COMPOSITE_ALARM,
    METRIC_ALARM,
    MOST_ALARMS,
    Alarm,
    AlarmState,
    metric_of,
)
from bambe.services.cloudwatch.tables import ALARMS

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import (
        DeleteAlarmsInputTypeDef,
        DescribeAlarmsForMetricInputTypeDef,
        DescribeAlarmsInputTypeDef,
        DisableAlarmActionsInputTypeDef,
        EnableAlarmActionsInputTypeDef,
        PutCompositeAlarmInputTypeDef,
        PutMetricAlarmInputTypeDef,
    )

FILTERS = ("AlarmNamePrefix", "StateValue", "ActionPrefix")


async def put_metric_alarm(call: Call, request: PutMetricAlarmInputTypeDef) -> Answer:
    checks.metric_alarm(request, call.clock.scale)
    settings = _settings(request, shapes.METRIC_SETTINGS)
    await _put(call, request, METRIC_ALARM, {**settings, "Threshold": float(settings["Threshold"])})
    return {}


async def put_composite_alarm(call: Call, request: PutCompositeAlarmInputTypeDef) -> Answer:
    for name in ("ActionsSuppressor", "ActionConfiguration"):
        if request.get(name):
            raise NotImplementedByBambe(f"Bambe runs no actions of alarms, so it has no {name}.")
    rule = checks.rule(request["AlarmRule"])

    def names_exist(tx: Tx) -> None:
        for name in rule.alarms():
            if ALARMS.find(tx, call.account, call.region, name) is None:
                raise ValidationError(
                    f"Could not save the composite alarm as alarms [{name}] in the alarm rule do not exist"
                )

    await _put(call, request, COMPOSITE_ALARM, _settings(request, shapes.COMPOSITE_SETTINGS), names_exist)
    return {}


async def describe_alarms(call: Call, request: DescribeAlarmsInputTypeDef) -> Answer:
    if request.get("AlarmNames") and request.get("AlarmNamePrefix"):
        raise InvalidParameterCombinationException(
            "AlarmNamePrefix and AlarmNames cannot be specified together."
        )
    found = await call.store.read(lambda tx: _found(tx, call, request))
    try:
        some, token = page(found, request.get("NextToken"), request.get("MaxRecords") or 50)
    except ValueError:
        raise InvalidNextToken() from None
    return shapes.by_kind(some) | ({"NextToken": token} if token else {})


async def describe_alarms_for_metric(call: Call, request: DescribeAlarmsForMetricInputTypeDef) -> Answer:
    wanted = metric_of(request)

    def find(tx: Tx) -> list[tuple[Alarm, AlarmState]]:
        rows = [row for row in _all(tx, call) if row.kind == METRIC_ALARM and "MetricName" in row.settings]
        fits = [row for row in rows if metric_of(row.settings) == wanted and _also(row, request)]
        return [(row, moves.state_of(tx, row)) for row in fits]

    found = await call.store.read(find)
    return {"MetricAlarms": [shapes.alarm(row, state) for row, state in found]}


async def delete_alarms(call: Call, request: DeleteAlarmsInputTypeDef) -> Answer:
    """Those that exist are deleted though another does not: AWS says so, and that it is an error."""

    def remove(tx: Tx) -> list[str]:
        rows = {name: ALARMS.find(tx, call.account, call.region, name) for name in request["AlarmNames"]}
        there = [row for row in rows.values() if row is not None]
        if sum(row.kind == COMPOSITE_ALARM for row in there) > 1:
            raise ValidationError("Only one composite alarm can be deleted at a time.")
        _unreferenced(tx, call, {row.name for row in there})
        for row in there:
            moves.delete(tx, row, call.clock.now())
        return [name for name, row in rows.items() if row is None]

    missing = await call.store.write(remove)
    if missing:
        raise ResourceNotFound(f"Alarms [{', '.join(missing)}] do not exist")
    return {}


async def enable_alarm_actions(call: Call, request: EnableAlarmActionsInputTypeDef) -> Answer:
    await _enable(call, request["AlarmNames"], True)
    return {}


async def disable_alarm_actions(call: Call, request: DisableAlarmActionsInputTypeDef) -> Answer:
    await _enable(call, request["AlarmNames"], False)
    return {}


async def _put(
    call: Call,
    request: Mapping[str, Any],
    kind: str,
    settings: dict[str, Any],
    check: Callable[[Tx], None] = lambda tx: None,
) -> None:
    now = call.clock.now()
    row = Alarm(
        account=call.account,
        region=call.region,
        name=request["AlarmName"],
        kind=kind,
        settings=settings,
        created_at=now,
        updated_at=now,
        actions_enabled=request.get("ActionsEnabled", True),
        tags=checks.tags(to_dict(request.get("Tags") or ())),
    )

    def write(tx: Tx) -> None:
        check(tx)
        if ALARMS.find(tx, *ALARMS.key_of(row)) is None and len(_all(tx, call)) >= MOST_ALARMS:
            raise LimitExceededFault(f"The quota of {MOST_ALARMS} alarms is reached.")
        moves.put(tx, row)

    await call.store.write(write)


async def _enable(call: Call, names: Iterable[str], enabled: bool) -> None:
    def write(tx: Tx) -> None:
        for name in names:
            row = ALARMS.find(tx, call.account, call.region, name)
            if row is not None and row.actions_enabled != enabled:
                now = call.clock.now()
                moves.put(tx, replace(row, actions_enabled=enabled, updated_at=now))

    await call.store.write(write)


def _settings(request: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: request[name] for name in (*names, *shapes.ACTIONS) if request.get(name) is not None}


def _all(tx: Tx, call: Call) -> list[Alarm]:
    return ALARMS.list(tx, account=call.account, region=call.region)


def _found(tx: Tx, call: Call, request: Mapping[str, Any]) -> list[tuple[Alarm, AlarmState]]:
    kinds = request.get("AlarmTypes") or [METRIC_ALARM]
    rows = [row for row in _related(tx, call, request) if row.kind in kinds]
    if request.get("AlarmNames"):
        rows = [row for row in rows if row.name in request["AlarmNames"]]
    rows = [row for row in rows if row.name.startswith(request.get("AlarmNamePrefix", ""))]
    if request.get("ActionPrefix"):
        rows = [row for row in rows if any(a.startswith(request["ActionPrefix"]) for a in _actions(row))]
    shown = [(row, moves.state_of(tx, row)) for row in rows]
    return [one for one in shown if request.get("StateValue") in (None, one[1].value)]


def _related(tx: Tx, call: Call, request: Mapping[str, Any]) -> list[Alarm]:
    """All alarms, or the children or the parents of one."""
    rows = _all(tx, call)
    parent, child = request.get("ChildrenOfAlarmName"), request.get("ParentsOfAlarmName")
    if not parent and not child:
        return rows
    if parent and child:
        raise InvalidParameterCombinationException(
            "ChildrenOfAlarmName and ParentsOfAlarmName cannot be specified together."
        )
    others = [name for name in (*FILTERS, "AlarmNames") if request.get(name)]
    if others:
        raise InvalidParameterCombinationException(
            f"{others[0]} cannot be specified together with ChildrenOfAlarmName or ParentsOfAlarmName."
        )
    if child:
        return [row for row in rows if child in _children(row)]
    named = next((row for row in rows if row.name == parent), None)
    names = _children(named) if named else ()
    return [row for row in rows if row.name in names]


def _children(row: Alarm) -> tuple[str, ...]:
    return checks.rule(row.settings["AlarmRule"]).alarms() if row.kind == COMPOSITE_ALARM else ()


def _unreferenced(tx: Tx, call: Call, names: set[str]) -> None:
    """Of alarms that go together one may depend on the others; on itself none may."""
    for row in _all(tx, call):
        used = names.intersection(_children(row))
        if row.name in names:
            used &= {row.name}
        if used:
            raise ValidationError(
                f"Cannot delete {min(used)} as there are composite alarm(s) depending on it: {row.name}"
            )


def _actions(row: Alarm) -> list[str]:
    return [action for name in shapes.ACTIONS for action in row.settings.get(name, ())]


def _also(row: Alarm, request: Mapping[str, Any]) -> bool:
    names = ("Statistic", "ExtendedStatistic", "Period", "Unit")
    return all(request.get(name) in (None, row.settings.get(name)) for name in names)
