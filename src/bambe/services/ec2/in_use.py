"""What uses subnets and security groups: gateways and endpoints here, and what other services have."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Call, Tx
from bambe.kernel.errors import AwsError, UnknownOperationException
from bambe.services.ec2.lookup import ENDPOINTS, GROUPS, NATS
from bambe.services.ec2.model import State

AT_ONCE = 10
"""DescribeServices takes no more."""
OVER = (State.DELETED, State.FAILED)


def addresses(tx: Tx, call: Call, subnet: str) -> set[str]:
    """The addresses of a subnet that gateways and endpoints have."""
    nats = {one.private_ip for one in NATS.rows(tx, call) if one.subnet == subnet and one.state not in OVER}
    endpoints = {one.subnets[subnet] for one in ENDPOINTS.rows(tx, call) if subnet in one.subnets}
    return nats | endpoints


def is_named(tx: Tx, call: Call, group: str) -> bool:
    """Whether an endpoint has a security group, or a rule of another names it."""
    named = any(one.id != group and one.mentions(group) for one in GROUPS.rows(tx, call))
    return named or any(group in one.groups for one in ENDPOINTS.rows(tx, call))


async def outside(call: Call) -> set[str]:
    """The subnets and groups of load balancers, of services with tasks and of Kafka clusters."""
    found: set[str] = set()
    for reader in (_of_balancers, _of_services, _of_clusters):
        try:
            found |= await reader(call)
        except UnknownOperationException:
            continue  # That service is not here, so nothing of it is.
    return found


async def _of_balancers(call: Call) -> set[str]:
    found: set[str] = set()
    for one in await _all(call.aws.elbv2.describe_load_balancers, "LoadBalancers", "Marker", "NextMarker"):
        found |= {zone["SubnetId"] for zone in one["AvailabilityZones"]} | set(one["SecurityGroups"])
    return found


async def _of_services(call: Call) -> set[str]:
    found: set[str] = set()
    for cluster in await _all(call.aws.ecs.list_clusters, "clusterArns"):
        try:
            found |= await _of_cluster(call, cluster)
        except AwsError as error:
            if error.wire_code() != "ClusterNotFoundException":
                raise  # one that was deleted meanwhile uses nothing
    return found


async def _of_cluster(call: Call, cluster: str) -> set[str]:
    found: set[str] = set()
    arns = await _all(call.aws.ecs.list_services, "serviceArns", cluster=cluster)
    for first in range(0, len(arns), AT_ONCE):
        some = await call.aws.ecs.describe_services(cluster=cluster, services=arns[first : first + AT_ONCE])
        for service in some["services"]:
            if service["runningCount"] or service["pendingCount"]:
                found |= _networks(service)
                for task_set in service.get("taskSets", ()):
                    found |= _networks(task_set)
    return found


async def _of_clusters(call: Call) -> set[str]:
    found: set[str] = set()
    for one in await _all(call.aws.kafka.list_clusters_v2, "ClusterInfoList", "NextToken", "NextToken"):
        group = one.get("Provisioned", {}).get("BrokerNodeGroupInfo", {})
        found |= {*group.get("ClientSubnets", ()), *group.get("SecurityGroups", ())}
    return found


def _networks(said: Any) -> set[str]:
    network = (said.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    return {*network.get("subnets", ()), *network.get("securityGroups", ())}


async def _all(
    operation: Any, member: str, asked: str = "nextToken", told: str = "nextToken", **parameters: Any
) -> list[Any]:
    found: list[Any] = []
    token: dict[str, str] = {}
    while True:
        answer = await operation(**parameters, **token)
        found += answer[member]
        if not answer.get(told):
            return found
        token = {asked: answer[told]}
