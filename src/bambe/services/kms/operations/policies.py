"""A key's policy and its yearly rotation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bambe.kernel.call import Answer, Call
from bambe.kernel.errors import ValidationException
from bambe.services.kms import lookup, policies
from bambe.services.kms.errors import NotFoundException
from bambe.services.kms.model import LEAST_ROTATION, MOST_ROTATION, ROTATION


async def get_key_policy(call: Call, request: Mapping[str, Any]) -> Answer:
    _check_name(request)
    row = await call.store.read(lambda tx: lookup.find(tx, call, request["KeyId"]))
    return {"Policy": row.policy, "PolicyName": policies.NAME}


async def put_key_policy(call: Call, request: Mapping[str, Any]) -> Answer:
    _check_name(request)
    text = policies.checked(request["Policy"])
    await lookup.change(call, request, lookup.kept, lambda row: replace(row, policy=text))
    return {}


async def list_key_policies(call: Call, request: Mapping[str, Any]) -> Answer:
    await call.store.read(lambda tx: lookup.find(tx, call, request["KeyId"]))
    return lookup.paged("PolicyNames", [policies.NAME], request)


async def enable_key_rotation(call: Call, request: Mapping[str, Any]) -> Answer:
    days = int(request.get("RotationPeriodInDays") or ROTATION)
    if not LEAST_ROTATION <= days <= MOST_ROTATION:
        raise ValidationException(
            f"RotationPeriodInDays must be between {LEAST_ROTATION} and {MOST_ROTATION} days (inclusive)."
        )
    now = call.clock.now()
    await lookup.change(
        call, request, lookup.enabled, lambda row: replace(row, rotation=days, rotates_from=now)
    )
    return {}


async def disable_key_rotation(call: Call, request: Mapping[str, Any]) -> Answer:
    await lookup.change(
        call, request, lookup.enabled, lambda row: replace(row, rotation=0, rotates_from=None)
    )
    return {}


async def get_key_rotation_status(call: Call, request: Mapping[str, Any]) -> Answer:
    row = await call.store.read(lambda tx: lookup.find(tx, call, request["KeyId"]))
    answer: Answer = {"KeyRotationEnabled": bool(row.rotation), "KeyId": row.arn}
    if row.rotation and row.rotates_from:
        answer["RotationPeriodInDays"] = row.rotation
        answer["NextRotationDate"] = _next(row.rotates_from, row.rotation, call.clock.now())
    return answer


def _next(first: datetime, days: int, now: datetime) -> datetime:
    """The first end of a period that is still to come."""
    period = timedelta(days=days)
    return first + period * ((now - first) // period + 1)


def _check_name(request: Mapping[str, Any]) -> None:
    if request.get("PolicyName", policies.NAME) != policies.NAME:
        raise NotFoundException(f"No such policy exists: {request['PolicyName']}")
