"""Whether the subnets and security groups that tasks are to have are there, and in one VPC."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bambe.kernel.call import Call
from bambe.kernel.errors import AwsError
from bambe.services.ecs.errors import InvalidParameterException

SUBNETS, GROUPS = 16, 5
"""AwsVpcConfiguration's limits."""


async def check_network(call: Call, network: Mapping[str, Any]) -> None:
    """InvalidParameterException in the words of EC2's own error."""
    said = network.get("awsvpcConfiguration") or {}
    subnets, groups = list(said.get("subnets") or ()), list(said.get("securityGroups") or ())
    if len(subnets) > SUBNETS:
        raise InvalidParameterException(f"subnets can have at most {SUBNETS} items.")
    if len(groups) > GROUPS:
        raise InvalidParameterException(f"securityGroups can have at most {GROUPS} items.")
    ec2 = call.aws.ec2
    vpcs = await _networks(ec2.describe_subnets, "SubnetIds", "Subnets", subnets, "subnet")
    if len(vpcs) > 1:
        raise InvalidParameterException("All subnets must belong to the same VPC.")
    of_groups = await _networks(
        ec2.describe_security_groups, "GroupIds", "SecurityGroups", groups, "security group"
    )
    if vpcs and of_groups - vpcs:
        raise InvalidParameterException("Security groups and subnets must belong to the same VPC.")


async def _networks(
    describe: Callable[..., Awaitable[Any]], wanted: str, member: str, ids: list[str], what: str
) -> set[str]:
    """The VPCs of these subnets or groups."""
    if not ids:
        return set()
    try:
        answer = await describe(**{wanted: ids})
    except AwsError as error:
        if not error.wire_code().endswith(".NotFound"):
            raise
        raise InvalidParameterException(
            f"Error retrieving {what} information for [{', '.join(ids)}]: {error.message} "
            f"(ErrorCode: {error.wire_code()})"
        ) from None
    return {one["VpcId"] for one in answer[member]}
