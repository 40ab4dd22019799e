"""DescribeNetworkInterfaces: those of ECS tasks, as ECS tells them, of NAT gateways and of VPC endpoints."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.ec2.errors import InvalidNetworkInterfaceIDNotFound
from bambe.services.ec2.filters import filtered, paged
from bambe.services.ec2.lookup import ENDPOINTS, NATS, SUBNETS
from bambe.services.ec2.model import State, Subnet

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeNetworkInterfacesRequestTypeDef

AT_ONCE = 100
"""DescribeTasks takes no more."""


async def describe_network_interfaces(call: Call, request: DescribeNetworkInterfacesRequestTypeDef) -> Answer:
    subnets = {one.id: one for one in await call.store.read(lambda tx: SUBNETS.rows(tx, call))}
    known = [_of_task(call, subnets, task, one) async for task, one in _attachments(call)]
    known += await call.store.read(lambda tx: _of_networks(tx, call, subnets))
    wanted = request.get("NetworkInterfaceIds", ())
    for missing in set(wanted) - {one["NetworkInterfaceId"] for one in known}:
        raise InvalidNetworkInterfaceIDNotFound(f"The networkInterface ID '{missing}' does not exist")
    found = filtered(
        [one for one in known if not wanted or one["NetworkInterfaceId"] in wanted],
        request.get("Filters"),
        {
            "network-interface-id": lambda one: [one["NetworkInterfaceId"]],
            "subnet-id": lambda one: [one["SubnetId"]],
            "vpc-id": lambda one: [one["VpcId"]] if "VpcId" in one else [],
            "status": lambda one: [one["Status"]],
            "group-id": lambda one: [group["GroupId"] for group in one["Groups"]],
            "interface-type": lambda one: [one["InterfaceType"]],
            "availability-zone": lambda one: [one["AvailabilityZone"]],
            "addresses.private-ip-address": lambda one: [one["PrivateIpAddress"]],
            "private-ip-address": lambda one: [one["PrivateIpAddress"]],
            "description": lambda one: [one["Description"]],
        },
    )
    return paged("NetworkInterfaces", found, request)


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


def _of_task(call: Call, subnets: dict[str, Subnet], task: Any, details: dict[str, str]) -> Answer:
    subnet = subnets.get(details.get("subnetId", ""))
    shown = _interface(call, details["networkInterfaceId"], details["privateIPv4Address"], task["taskArn"])
    shown["AvailabilityZone"] = subnet.zone if subnet else task["availabilityZone"]
    shown |= {"SubnetId": details.get("subnetId", "")} | ({"VpcId": subnet.vpc} if subnet else {})
    return shown


def _of_networks(tx: Tx, call: Call, subnets: dict[str, Subnet]) -> list[Answer]:
    """Those that AWS makes for gateways and endpoints."""
    found = []
    for nat in NATS.rows(tx, call):
        if nat.state is not State.DELETED:
            shown = _interface(call, nat.interface, nat.private_ip, f"Interface for NAT Gateway {nat.id}")
            found.append(shown | _place(subnets, nat.subnet) | {"InterfaceType": "nat_gateway"})
    for endpoint in ENDPOINTS.rows(tx, call):
        for subnet, id in endpoint.interfaces.items():
            said = f"VPC Endpoint Interface {endpoint.id}"
            shown = _interface(call, id, endpoint.subnets[subnet], said)
            groups = [{"GroupId": one, "GroupName": one} for one in endpoint.groups]
            kind = {"InterfaceType": "vpc_endpoint", "Groups": groups}
            found.append(shown | _place(subnets, subnet) | kind)
    return found


def _place(subnets: dict[str, Subnet], id: str) -> Answer:
    subnet = subnets[id]
    return {"SubnetId": id, "VpcId": subnet.vpc, "AvailabilityZone": subnet.zone}


def _interface(call: Call, id: str, address: str, description: str) -> Answer:
    return {
        "NetworkInterfaceId": id,
        "Description": description,
        "InterfaceType": "interface",
        "OwnerId": call.account,
        "PrivateIpAddress": address,
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": address}],
        "Status": "in-use",
        "Groups": [],
        "RequesterManaged": True,
        "TagSet": [],
    }
