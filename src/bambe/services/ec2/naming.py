"""Which security group a request means: by id, or by name in the default VPC."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Call, Tx
from bambe.services.ec2.defaults import Network
from bambe.services.ec2.errors import InvalidGroupNotFound, MissingParameter
from bambe.services.ec2.groups import SecurityGroup
from bambe.services.ec2.lookup import GROUPS


def named_group(tx: Tx, call: Call, request: Any) -> SecurityGroup:
    """The group of the request; InvalidGroup.NotFound, MissingParameter."""
    if request.get("GroupId"):
        return GROUPS.get(tx, call, request["GroupId"])
    if not request.get("GroupName"):
        raise MissingParameter("The request must contain the parameter groupName or groupId")
    return _of_name(tx, call, Network(call.account, call.region).vpc, request["GroupName"])


def referenced(tx: Tx, call: Call, group: SecurityGroup, source: str) -> str:
    """The id of a group that a rule of `group` names: it must be one of the same VPC."""
    other = GROUPS.find(tx, call, source) if source.startswith(GROUPS.prefix) else None
    if other is None and not source.startswith(GROUPS.prefix):
        other = _of_name(tx, call, group.vpc, source)
    if other is None:
        raise InvalidGroupNotFound(GROUPS.words.format(source))
    if other.vpc != group.vpc:
        raise InvalidGroupNotFound("You have specified two resources that belong to different networks.")
    return other.id


def _of_name(tx: Tx, call: Call, vpc: str, name: str) -> SecurityGroup:
    for one in GROUPS.rows(tx, call):
        if one.vpc == vpc and one.name == name:
            return one
    raise InvalidGroupNotFound(f"The security group '{name}' does not exist in VPC '{vpc}'")
