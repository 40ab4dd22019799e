"""DescribeNetworkInterfaces: those of ECS tasks, as ECS tells them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call
from bambe.services.ec2.errors import InvalidNetworkInterfaceIDNotFound
from bambe.services.ec2.filters import filtered
from bambe.services.ec2.model import Network

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeNetworkInterfacesRequestTypeDef

AT_ONCE = 100
"""DescribeTasks takes no more."""


async def describe_network_interfaces(call: Call, request: DescribeNetworkInterfacesRequestTypeDef) -> Answer:
    network = Network(call.account, call.region)
    known = [_interface(network, task, one) async for task, one in _attachments(call)]
    wanted = request.get("NetworkInterfaceIds", ())
    for missing in set(wanted) - {one["NetworkInterfaceId"] for one in known}:
        raise InvalidNetworkInterfaceIDNotFound(f"The networkInterface ID '{missing}' does not exist")
    found = filtered(
        [one for one in known if not wanted or one["NetworkInterfaceId"] in wanted],
        request.get("Filters"),
        {
            "network-interface-id": lambda one: [one["NetworkInterfaceId"]],
            "subnet-id": lambda one: [one["SubnetId"]],
            "vpc-id": lambda one: [one["VpcId"]],
            "status": lambda one: [one["Status"]],
            "addresses.private-ip-address": lambda one: [one["PrivateIpAddress"]],
            "private-ip-address": lambda one: [one["PrivateIpAddress"]],
            "description": lambda one: [one["Description"]],
        },
    )
    return {"NetworkInterfaces": found}


async def _attachments(call: Call) -> AsyncIterator[tuple[Any, dict[str, str]]]:
    """Running tasks with what their interface's attachment says."""
    for cluster in await _all(call.aws.ecs.list_clusters, "clusterArns"):
        arns = await _all(call.aws.ecs.list_tasks, "taskArns", cluster=cluster)
        for first in range(0, len(arns), AT_ONCE):
            answer = await call.aws.ecs.describe_tasks(cluster=cluster, tasks=arns[first : first + AT_ONCE])
            for task in answer["tasks"]:
                for one in task["attachments"]:
                    details = {detail["name"]: detail["value"] for detail in one["details"]}
                    if one["status"] == "ATTACHED":
                        yield task, details


async def _all(operation: Any, member: str, **parameters: Any) -> list[str]:
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = await operation(**parameters, **token)
        found += answer[member]
        if "nextToken" not in answer:
            return found
        token = {"nextToken": answer["nextToken"]}


def _interface(network: Network, task: Any, details: dict[str, str]) -> dict[str, Any]:
    zones = {one.id: one.zone for one in network.subnets}
    subnet = details.get("subnetId", "")
    address = details["privateIPv4Address"]
    return {
        "NetworkInterfaceId": details["networkInterfaceId"],
        "Description": task["taskArn"],
        "InterfaceType": "interface",
        "OwnerId": network.account,
        "PrivateIpAddress": address,
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": address}],
        "Status": "in-use",
        "SubnetId": subnet,
        "VpcId": network.vpc,
        "AvailabilityZone": zones.get(subnet, task["availabilityZone"]),
        "RequesterManaged": True,
        "TagSet": [],
    }
