"""The resource policy of a function: recorded and given back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.lambda_ import lookup, tables
from bambe.services.lambda_.errors import ResourceConflictException, ResourceNotFoundException

CONDITIONS = {
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
}


async def add_permission(call: Call, request: Mapping[str, Any]) -> Answer:
    name = request["StatementId"]

    def write(tx: Tx) -> dict[str, Any]:
        row = lookup.function(tx, call, request["FunctionName"], request.get("Qualifier"))
        if name in row.policy:
            raise ResourceConflictException(f"The statement id ({name}) provided already exists.")
        statement = _statement(name, row.arn, request)
        tables.functions.update(tx, replace(row, policy={**row.policy, name: statement}))
        return statement

    return {"Statement": json.dumps(await call.store.write(write))}


async def remove_permission(call: Call, request: Mapping[str, Any]) -> Answer:
    name = request["StatementId"]

    def write(tx: Tx) -> None:
        row = lookup.function(tx, call, request["FunctionName"], request.get("Qualifier"))
        if name not in row.policy:
            raise ResourceNotFoundException(f"Statement {name} is not found in resource policy.")
        left = {key: value for key, value in row.policy.items() if key != name}
        tables.functions.update(tx, replace(row, policy=left))

    await call.store.write(write)
    return {}


async def get_policy(call: Call, request: Mapping[str, Any]) -> Answer:
    said, qualifier = request["FunctionName"], request.get("Qualifier")
    row = await call.store.read(lambda tx: lookup.function(tx, call, said, qualifier))
    if not row.policy:
        raise ResourceNotFoundException("The resource you requested does not exist.")
    policy = {"Version": "2012-10-17", "Id": "default", "Statement": list(row.policy.values())}
    return {"Policy": json.dumps(policy), "RevisionId": row.revision}


def _statement(name: str, arn: str, request: Mapping[str, Any]) -> dict[str, Any]:
    said = request["Principal"]
    principal = {"Service": said} if "." in said else {"AWS": said} if said != "*" else "*"
    statement: dict[str, Any] = {
        "Sid": name,
        "Effect": "Allow",
        "Principal": principal,
        "Action": request["Action"],
        "Resource": arn,
    }
    conditions = {
        operator: {key: request[member]}
        for member, (operator, key) in CONDITIONS.items()
        if request.get(member)
    }
    return statement | ({"Condition": conditions} if conditions else {})
