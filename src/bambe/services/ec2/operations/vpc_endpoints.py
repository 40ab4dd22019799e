"""VPC endpoints: ways to AWS's services that stay inside; gateways with routes, interfaces with addresses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.moves import check_move
from bambe.kernel.tags import to_list
from bambe.services.ec2 import cidrs, in_use
from bambe.services.ec2 import endpoint_services as known
from bambe.services.ec2.errors import (
    DuplicateSubnetsInSameZone,
    InvalidParameter,
    InvalidServiceName,
    RouteAlreadyExists,
)
from bambe.services.ec2.filters import filtered, paged
from bambe.services.ec2.lookup import ENDPOINTS, GROUPS, ROUTE_TABLES, SUBNETS, VPCS, group_of_vpc
from bambe.services.ec2.model import MOVES, WAIT, Endpoint, Route, State, Subnet, Vpc
from bambe.services.ec2.requests import described, fresh_id, tags_of

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        CreateVpcEndpointRequestTypeDef,
        DeleteVpcEndpointsRequestTypeDef,
        DescribePrefixListsRequestTypeDef,
        DescribeVpcEndpointServicesRequestTypeDef,
        DescribeVpcEndpointsRequestTypeDef,
        ModifyVpcEndpointRequestTypeDef,
    )

ANYONE = json.dumps(
    {
        "Version": "2008-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
)
"""The policy of an endpoint that is given none."""
FIELDS: Any = {
    "service-name": lambda one: [one.service],
    "vpc-endpoint-id": lambda one: [one.id],
    "vpc-endpoint-state": lambda one: [one.state.value],
    "vpc-endpoint-type": lambda one: [one.kind],
    "vpc-id": lambda one: [one.vpc],
}
LISTS: Any = {
    "prefix-list-id": lambda one: [one["PrefixListId"]],
    "prefix-list-name": lambda one: [one["PrefixListName"]],
}
SERVICES: Any = {
    "service-name": lambda one: [one["ServiceName"]],
    "service-type": lambda one: [kind["ServiceType"] for kind in one["ServiceType"]],
}
BLOCKS = {"s3": ["192.0.2.0/25"], "dynamodb": ["192.0.2.128/25"]}
"""Networks that are kept for documentation, in place of AWS's own."""


async def create_vpc_endpoint(call: Call, request: CreateVpcEndpointRequestTypeDef) -> Answer:
    for member in ("ResourceConfigurationArn", "ServiceNetworkArn", "ServiceRegion", "SubnetConfigurations"):
        if request.get(member):
            raise NotImplementedByBambe(f"Bambe has no VPC endpoints with {member}.")
    kind, service = request.get("VpcEndpointType", "Gateway"), request.get("ServiceName", "")
    if kind not in ("Gateway", "Interface"):
        raise NotImplementedByBambe(f"Bambe has no VPC endpoints of type {kind}.")
    if not known.kinds(call.region, service):
        raise InvalidServiceName(f"The Vpc Endpoint Service '{service}' does not exist")
    if kind not in known.kinds(call.region, service):
        raise InvalidParameter(f"Endpoint type ({kind}) does not match available service types")
    token, tags = request.get("ClientToken", ""), tags_of(request, ENDPOINTS)
    policy = _policy(request)

    def create(tx: Tx) -> Endpoint:
        for other in ENDPOINTS.rows(tx, call):
            if token and other.token == token:
                return other
        vpc = VPCS.get(tx, call, request["VpcId"])
        row = Endpoint(
            account=call.account,
            region=call.region,
            id=fresh_id(ENDPOINTS),
            vpc=vpc.id,
            service=service,
            kind=kind,
            policy=policy,
            created=call.clock.now(),
            token=token,
            tags=tags,
        )
        make = _gateway if kind == "Gateway" else _interface
        row = make(tx, call, vpc, row, request)
        ENDPOINTS.table.insert(tx, row)
        return row

    shown = _shown(await call.store.write(create))
    return {"VpcEndpoint": shown, **({"ClientToken": token} if token else {})}


async def describe_vpc_endpoints(call: Call, request: DescribeVpcEndpointsRequestTypeDef) -> Answer:
    members = ("VpcEndpointIds", "VpcEndpoints")
    return await described(call, request, ENDPOINTS, members, FIELDS, lambda _, row: _shown(row))


async def modify_vpc_endpoint(call: Call, request: ModifyVpcEndpointRequestTypeDef) -> Answer:
    def modify(tx: Tx) -> None:
        row = ENDPOINTS.get(tx, call, request["VpcEndpointId"])
        vpc = VPCS.get(tx, call, row.vpc)
        tables = _changed(row.route_tables, request, "RouteTableIds")
        subnets = _changed(list(row.subnets), request, "SubnetIds")
        groups = _changed(row.groups, request, "SecurityGroupIds")
        _route(tx, call, row, tables)
        changed = replace(
            row,
            policy=ANYONE if request.get("ResetPolicy") else request.get("PolicyDocument") or row.policy,
            private_dns=request.get("PrivateDnsEnabled", row.private_dns),
            route_tables=tables,
            subnets=_placed(tx, call, row, subnets),
            groups=_checked_groups(tx, call, vpc, groups),
        )
        _check_dns(tx, call, vpc, changed)
        ENDPOINTS.table.update(tx, changed)

    await call.store.write(modify)
    return {"Return": True}


async def delete_vpc_endpoints(call: Call, request: DeleteVpcEndpointsRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> list[Answer]:
        failed = []
        for id in request["VpcEndpointIds"]:
            row = ENDPOINTS.find(tx, call, id)
            if row is None:
                error = {
                    "Code": "InvalidVpcEndpoint.NotFound",
                    "Message": f"The Vpc Endpoint Id '{id}' does not exist",
                }
                failed.append({"ResourceId": id, "Error": error})
            elif row.state is not State.DELETING:
                check_move(MOVES, row.state, State.DELETING)
                _route(tx, call, row, [])
                due = call.clock.now() + WAIT
                ENDPOINTS.table.update(tx, replace(row, state=State.DELETING, due=due, route_tables=[]))
        return failed

    return {"Unsuccessful": await call.store.write(delete)}


async def describe_vpc_endpoint_services(
    call: Call, request: DescribeVpcEndpointServicesRequestTypeDef
) -> Answer:
    wanted = request.get("ServiceNames")
    for name in wanted or ():
        if not known.kinds(call.region, name):
            raise InvalidServiceName(f"The Vpc Endpoint Service '{name}' does not exist")
    details = [
        {
            "ServiceName": name,
            "ServiceType": [{"ServiceType": kind} for kind in known.kinds(call.region, name)],
            "Owner": "amazon",
            "AcceptanceRequired": False,
            "VpcEndpointPolicySupported": True,
            "PrivateDnsName": known.private_name(call.region, name),
        }
        for name in wanted or known.names(call.region)
    ]
    found = filtered(details, request.get("Filters"), SERVICES)
    page = paged("ServiceDetails", found, request)
    return {"ServiceNames": [one["ServiceName"] for one in page["ServiceDetails"]], **page}


async def describe_prefix_lists(call: Call, request: DescribePrefixListsRequestTypeDef) -> Answer:
    services = {f"com.amazonaws.{call.region}.{short}": short for short in known.GATEWAY}
    lists = [
        {"PrefixListId": known.prefix_list(name), "PrefixListName": name, "Cidrs": BLOCKS[short]}
        for name, short in services.items()
    ]
    wanted = request.get("PrefixListIds")
    lists = [one for one in lists if not wanted or one["PrefixListId"] in wanted]
    return paged("PrefixLists", filtered(lists, request.get("Filters"), LISTS), request)


def _gateway(tx: Tx, call: Call, vpc: Vpc, row: Endpoint, request: Any) -> Endpoint:
    if request.get("PrivateDnsEnabled"):
        raise InvalidParameter("Private DNS can only be set for Interface type VPC Endpoints")
    if request.get("SubnetIds") or request.get("SecurityGroupIds"):
        raise InvalidParameter("Subnets and security groups are only for Interface type VPC Endpoints")
    tables = list(request.get("RouteTableIds") or ())
    _route(tx, call, row, tables)
    return replace(row, route_tables=tables)


def _interface(tx: Tx, call: Call, vpc: Vpc, row: Endpoint, request: Any) -> Endpoint:
    if request.get("RouteTableIds"):
        raise InvalidParameter("Route table IDs are only supported for Gateway type VPC Endpoint.")
    groups = list(request.get("SecurityGroupIds") or ()) or [group_of_vpc(tx, call, vpc.id).id]
    made = replace(
        row,
        subnets=_placed(tx, call, row, list(request.get("SubnetIds") or ())),
        groups=_checked_groups(tx, call, vpc, groups),
        private_dns=request.get("PrivateDnsEnabled", True),
        state=State.PENDING,
        due=call.clock.now() + WAIT,
    )
    _check_dns(tx, call, vpc, made)
    return made


def _route(tx: Tx, call: Call, row: Endpoint, tables: list[str]) -> None:
    """Have the endpoint's route in these tables and no others."""
    route = Route(known.prefix_list(row.service), row.id)
    for id in set(row.route_tables) - set(tables):
        table = ROUTE_TABLES.find(tx, call, id)
        if table is not None:
            ROUTE_TABLES.table.put(tx, replace(table, routes=[one for one in table.routes if one != route]))
    for id in (one for one in dict.fromkeys(tables) if one not in row.route_tables):
        table = ROUTE_TABLES.get(tx, call, id)
        if table.vpc != row.vpc:
            raise InvalidParameter(f"Route table {id} does not belong to VPC {row.vpc}")
        if any(one.destination == route.destination for one in table.routes):
            raise RouteAlreadyExists(
                f"route table {id} already has a route with destination-prefix-list-id {route.destination}"
            )
        ROUTE_TABLES.table.put(tx, replace(table, routes=[*table.routes, route]))


def _placed(tx: Tx, call: Call, row: Endpoint, wanted: list[str]) -> dict[str, str]:
    """Each subnet with an address in it: one the endpoint has already, or the next that is free."""
    subnets: list[Subnet] = [SUBNETS.get(tx, call, one) for one in dict.fromkeys(wanted)]
    zones: set[str] = set()
    placed: dict[str, str] = {}
    for subnet in subnets:
        if subnet.vpc != row.vpc:
            raise InvalidParameter(f"Subnet {subnet.id} does not belong to VPC {row.vpc}")
        if subnet.zone in zones:
            raise DuplicateSubnetsInSameZone(
                f"Found another VPC endpoint subnet in the availability zone of {subnet.id}. VPC endpoint "
                "subnets should be in different availability zones supported by the VPC endpoint service."
            )
        zones.add(subnet.zone)
        address = row.subnets.get(subnet.id) or cidrs.free(subnet.cidr, in_use.addresses(tx, call, subnet.id))
        if address is None:
            raise InvalidParameter(f"Subnet {subnet.id} has no free addresses")
        placed[subnet.id] = address
    return placed


def _checked_groups(tx: Tx, call: Call, vpc: Vpc, groups: list[str]) -> list[str]:
    for id in groups:
        if GROUPS.get(tx, call, id).vpc != vpc.id:
            raise InvalidParameter(f"Security group {id} does not belong to VPC {vpc.id}")
    return groups


def _check_dns(tx: Tx, call: Call, vpc: Vpc, row: Endpoint) -> None:
    if not row.private_dns:
        return
    if not (vpc.dns_support and vpc.dns_hostnames):
        raise InvalidParameter(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set "
            f"to true for {vpc.id}"
        )
    others = (one for one in ENDPOINTS.rows(tx, call) if one.id != row.id and one.vpc == vpc.id)
    if any(one.service == row.service and one.private_dns for one in others):
        raise InvalidParameter(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
            f"{known.private_name(call.region, row.service)} in the VPC {vpc.id}"
        )


def _changed(now: list[str], request: Any, member: str) -> list[str]:
    """A list after AddX and RemoveX."""
    gone = set(request.get(f"Remove{member}") or ())
    return [one for one in dict.fromkeys([*now, *(request.get(f"Add{member}") or ())]) if one not in gone]


def _policy(request: Any) -> str:
    text: str = request.get("PolicyDocument") or ANYONE
    try:
        json.loads(text)
    except ValueError:
        raise InvalidParameter("The policy document is not valid JSON") from None
    return text


def _shown(row: Endpoint) -> Answer:
    return {
        "VpcEndpointId": row.id,
        "VpcEndpointType": row.kind,
        "VpcId": row.vpc,
        "ServiceName": row.service,
        "State": row.state.value,
        "PolicyDocument": row.policy,
        "RouteTableIds": row.route_tables,
        "SubnetIds": list(row.subnets),
        "Groups": [{"GroupId": id, "GroupName": id} for id in row.groups],
        "PrivateDnsEnabled": row.private_dns,
        "RequesterManaged": False,
        "NetworkInterfaceIds": list(row.interfaces.values()),
        "DnsEntries": _names(row),
        "CreationTimestamp": row.created,
        "OwnerId": row.account,
        "Tags": to_list(row.tags),
    }


def _names(row: Endpoint) -> list[Answer]:
    if row.kind == "Gateway":
        return []
    zone = f"Z{row.id[-13:].upper()}"
    short = row.service.removeprefix(f"com.amazonaws.{row.region}.")
    own = {
        "DnsName": f"{row.id}-{row.id[-8:]}.{short}.{row.region}.vpce.amazonaws.com",
        "HostedZoneId": zone,
    }
    public = {"DnsName": known.private_name(row.region, row.service), "HostedZoneId": zone}
    return [own, *([public] if row.private_dns else [])]
