"""Invoke: the one operation that has to wait, for the function's answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.ids import uuid_id
from bambe.services.lambda_ import lookup, tables
from bambe.services.lambda_.errors import (
    InvalidRequestContentException,
    RequestTooLargeException,
    ServiceException,
)
from bambe.services.lambda_.model import LATEST, Function, Invocation, Result, Stage

LARGEST = 6 << 20
LARGEST_EVENT = 1 << 20
"""Invocation payload, synchronous and asynchronous (Lambda quotas)."""
POLL = 0.03
START = timedelta(seconds=60)
"""How long a function may take to begin, besides its timeout."""


async def invoke(call: Call, request: Mapping[str, Any]) -> Answer:
    kind = request.get("InvocationType", "RequestResponse")
    payload = _payload(request, LARGEST_EVENT if kind == "Event" else LARGEST)
    said, qualifier = request["FunctionName"], request.get("Qualifier")
    function = await call.store.read(lambda tx: lookup.function(tx, call, said, qualifier))
    if kind == "DryRun":
        return {"StatusCode": 204}
    row = Invocation(
        account=call.account,
        region=call.region,
        function=function.name,
        id=uuid_id(),
        payload=payload,
        waited_for=kind != "Event",
        created=call.clock.now(),
    )
    await call.store.write(lambda tx: tables.invocations.insert(tx, row))
    if kind == "Event":
        return {"StatusCode": 202}
    return _answer(await _wait(call, function, row), request)


async def _wait(call: Call, function: Function, row: Invocation) -> Result:
    """The result, once the loop has written it; the store is read, nothing is held meanwhile."""
    key = tables.invocations.key_of(row)

    def done(tx: Tx) -> Result | None:
        found = tables.invocations.find(tx, *key)
        return found.result if found is not None and found.stage is Stage.DONE else None

    until = call.clock.now() + START + timedelta(seconds=function.timeout)
    while call.clock.now() < until:
        result = await call.store.read(done)
        if result is not None:
            return result
        await call.clock.sleep(POLL)
    raise ServiceException(f"The function {function.name} could not be run in time; try again")


def _answer(result: Result, request: Mapping[str, Any]) -> Answer:
    answer: Answer = {"StatusCode": 200, "ExecutedVersion": LATEST, "Payload": result.payload}
    if result.error:
        answer["FunctionError"] = result.error
    if request.get("LogType") == "Tail":
        answer["LogResult"] = base64.b64encode(result.log).decode()
    return answer


def _payload(request: Mapping[str, Any], limit: int) -> bytes:
    given = request.get("Payload") or b""
    payload = given.encode() if isinstance(given, str) else bytes(given)
    if len(payload) > limit:
        raise RequestTooLargeException(len(payload), limit)
    try:
        json.loads(payload or b"null")
    except ValueError as error:
        raise InvalidRequestContentException(f"Could not parse request body into json: {error}") from None
    return payload
