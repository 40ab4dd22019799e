"""Finds the function a request names, by name, ARN or part of an ARN."""

from __future__ import annotations

import re

from bambe.kernel.call import Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.services.lambda_ import tables
from bambe.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from bambe.services.lambda_.model import LATEST, Function

NAME = re.compile(
    r"(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:|\d{12}:)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9_-]{1,64})(?::(?P<qualifier>[$a-zA-Z0-9_-]+))?"
)


def function_name(said: str, qualifier: str | None = None) -> str:
    """The bare name in `said`; versions and aliases are refused."""
    hit = NAME.fullmatch(said)
    if hit is None:
        raise InvalidParameterValueException(f"{said!r} is no function name or ARN")
    asked = qualifier or hit["qualifier"] or LATEST
    if asked != LATEST:
        raise NotImplementedByBambe(f"Bambe knows only {LATEST} of a function, no version or alias {asked}")
    return hit["name"]


def function(tx: Tx, call: Call, said: str, qualifier: str | None = None) -> Function:
    name = function_name(said, qualifier)
    row = tables.functions.find(tx, call.account, call.region, name)
    if row is None:
        arn = call.arn("lambda", f"function:{name}")
        raise ResourceNotFoundException(f"Function not found: {arn}")
    return row
