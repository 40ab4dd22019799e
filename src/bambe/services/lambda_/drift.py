"""How functions and who may call them are read back, to see what has drifted; code is not compared."""

from __future__ import annotations

import json
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties


async def _function(aws: Aws, made: Made, expected: Properties) -> Properties:
    found = await aws.lambda_.get_function_configuration(FunctionName=made.physical_id)
    image = found.get("ImageConfigResponse", {}).get("ImageConfig", {})
    return {"Environment": {"Variables": {}}, "ImageConfig": image, **found}


async def _permission(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    function = expected["FunctionName"]
    answer = await aws.lambda_.get_policy(FunctionName=function)
    found = [one for one in json.loads(answer["Policy"])["Statement"] if one["Sid"] == made.physical_id]
    return {**_said(found[0]), "FunctionName": function} if found else None


def _said(statement: dict[str, Any]) -> dict[str, Any]:
    """A statement of a function's policy as the template's words."""
    principal = statement["Principal"]
    held = {
        key.lower(): value for keys in statement.get("Condition", {}).values() for key, value in keys.items()
    }
    return {
        "Action": statement["Action"],
        "Principal": next(iter(principal.values())) if isinstance(principal, dict) else principal,
        "SourceArn": held.get("aws:sourcearn", ""),
        "SourceAccount": held.get("aws:sourceaccount", ""),
    }


READS = {"AWS::Lambda::Function": _function, "AWS::Lambda::Permission": _permission}
