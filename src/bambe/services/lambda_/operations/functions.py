"""Functions: create, look at, change, delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.pages import page
from bambe.services.lambda_ import checks, lookup, shapes, tables
from bambe.services.lambda_.errors import (
    InvalidParameterValueException,
    PreconditionFailedException,
    ResourceConflictException,
)
from bambe.services.lambda_.model import Code, Function

MOST = 50


async def create_function(call: Call, request: Mapping[str, Any]) -> Answer:
    name = lookup.function_name(request["FunctionName"])
    checks.supported(request)
    row, zipped = checks.new(call, name, request)

    def write(tx: Tx) -> None:
        if tables.functions.find(tx, call.account, call.region, name):
            raise ResourceConflictException(f"Function already exist: {name}")
        _keep(tx, zipped)
        tables.functions.insert(tx, row)

    await call.store.write(write)
    return shapes.configuration(row)


async def get_function(call: Call, request: Mapping[str, Any]) -> Answer:
    row = await _read(call, request)
    tags = {"Tags": row.tags} if row.tags else {}
    return {"Configuration": shapes.configuration(row), "Code": shapes.code(row, call.site.endpoint), **tags}


async def get_function_configuration(call: Call, request: Mapping[str, Any]) -> Answer:
    return shapes.configuration(await _read(call, request))


async def list_functions(call: Call, request: Mapping[str, Any]) -> Answer:
    rows = await call.store.read(
        lambda tx: tables.functions.list(tx, account=call.account, region=call.region)
    )
    try:
        found, token = page(rows, request.get("Marker"), min(request.get("MaxItems") or MOST, MOST))
    except ValueError:
        raise InvalidParameterValueException("The marker is not one of ListFunctions") from None
    return {"Functions": [shapes.configuration(row) for row in found]} | (
        {"NextMarker": token} if token else {}
    )


async def update_function_code(call: Call, request: Mapping[str, Any]) -> Answer:
    checks.supported_code(request)
    if request.get("Publish"):
        raise NotImplementedByBambe("Bambe publishes no versions of functions")

    def write(tx: Tx) -> Function:
        row = lookup.function(tx, call, request["FunctionName"])
        _check_revision(row, request)
        made, zipped = checks.with_code(row, request)
        made = _touched(call, made)
        if not request.get("DryRun"):
            _keep(tx, zipped)
            tables.functions.update(tx, made)
            tables.drop_unused(tx, row.code)
        return made

    return shapes.configuration(await call.store.write(write))


async def update_function_configuration(call: Call, request: Mapping[str, Any]) -> Answer:
    checks.supported(request)

    def write(tx: Tx) -> Function:
        row = lookup.function(tx, call, request["FunctionName"])
        _check_revision(row, request)
        made = _touched(call, checks.changed(row, request))
        tables.functions.update(tx, made)
        return made

    return shapes.configuration(await call.store.write(write))


async def delete_function(call: Call, request: Mapping[str, Any]) -> Answer:
    def write(tx: Tx) -> None:
        row = lookup.function(tx, call, request["FunctionName"], request.get("Qualifier"))
        tables.functions.delete(tx, row.account, row.region, row.name)
        tables.drop_unused(tx, row.code)

    await call.store.write(write)
    return {}


async def _read(call: Call, request: Mapping[str, Any]) -> Function:
    said, qualifier = request["FunctionName"], request.get("Qualifier")
    return await call.store.read(lambda tx: lookup.function(tx, call, said, qualifier))


def _keep(tx: Tx, zipped: Code | None) -> None:
    if zipped is not None:
        tables.codes.put(tx, zipped)


def _touched(call: Call, row: Function) -> Function:
    return replace(row, modified=call.clock.now(), revision=shapes.revision_id())


def _check_revision(row: Function, request: Mapping[str, Any]) -> None:
    if request.get("RevisionId") not in (None, row.revision):
        raise PreconditionFailedException
