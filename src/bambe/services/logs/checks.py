"""What every request is checked for: names, groups and streams that exist, one way to name a group."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bambe.kernel.call import Call, Tx
from bambe.services.logs.errors import InvalidParameterException, ResourceNotFoundException
from bambe.services.logs.model import Group, Stream
from bambe.services.logs.tables import GROUPS, STREAMS

GROUP_NAME = re.compile(r"[\.\-_/#A-Za-z0-9]+")
STREAM_NAME = re.compile(r"[^:*]*")
ARN = re.compile(r"arn:aws:logs:(?P<region>[^:]*):(?P<account>[^:]*):log-group:(?P<name>[^:]+)(:\*)?")


def find_group(tx: Tx, call: Call, name: str) -> Group:
    """The group; ResourceNotFoundException."""
    group = GROUPS.find(tx, call.account, call.region, name)
    if group is None:
        raise ResourceNotFoundException("The specified log group does not exist.")
    return group


def find_stream(tx: Tx, call: Call, group: str, name: str) -> Stream:
    """The stream of a group that exists; ResourceNotFoundException."""
    find_group(tx, call, group)
    stream = STREAMS.find(tx, call.account, call.region, group, name)
    if stream is None:
        raise ResourceNotFoundException("The specified log stream does not exist.")
    return stream


def group_of(call: Call, request: Mapping[str, Any]) -> str:
    """The group's name, from `logGroupName` or `logGroupIdentifier` (a name or an ARN)."""
    name, identifier = request.get("logGroupName"), request.get("logGroupIdentifier")
    if name and identifier:
        raise InvalidParameterException(
            "LogGroup name and LogGroup identifier are mutually exclusive parameters."
        )
    if identifier and identifier.startswith("arn:"):
        return group_of_arn(call, identifier)
    if not name and not identifier:
        raise InvalidParameterException("Either LogGroup name or LogGroup identifier must be given.")
    return str(name or identifier)


def group_of_arn(call: Call, arn: str) -> str:
    """The name in a group's ARN, which must be of this account and region."""
    found = ARN.fullmatch(arn)
    if found is None:
        raise InvalidParameterException(f"The specified ARN is not valid: {arn}")
    if (found["account"], found["region"]) != (call.account, call.region):
        raise ResourceNotFoundException("The specified log group does not exist.")
    return found["name"]


def group_name(name: str) -> str:
    """A name that a group may have."""
    return _matching(name, GROUP_NAME, "logGroupName")


def stream_name(name: str) -> str:
    """A name that a stream may have."""
    return _matching(name, STREAM_NAME, "logStreamName")


def _matching(value: str, pattern: re.Pattern[str], member: str) -> str:
    if not 1 <= len(value) <= 512 or not pattern.fullmatch(value):
        raise InvalidParameterException(
            f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern.pattern}"
        )
    return value


def bad_token() -> InvalidParameterException:
    return InvalidParameterException("The specified nextToken is invalid.")
