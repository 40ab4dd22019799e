"""Internet gateways: a VPC's way out, at most one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.tags import to_list
from bambe.services.ec2.errors import (
    DependencyViolation,
    GatewayNotAttached,
    InvalidParameterValue,
    ResourceAlreadyAssociated,
)
from bambe.services.ec2.lookup import ADDRESSES, GATEWAYS, NATS, VPCS, gateway_of
from bambe.services.ec2.model import InternetGateway
from bambe.services.ec2.requests import described, fresh_id, tags_of

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        AttachInternetGatewayRequestTypeDef,
        CreateInternetGatewayRequestTypeDef,
        DeleteInternetGatewayRequestTypeDef,
        DescribeInternetGatewaysRequestTypeDef,
        DetachInternetGatewayRequestTypeDef,
    )

FIELDS: Any = {
    "attachment.state": lambda one: ["available"] if one.vpc else [],
    "attachment.vpc-id": lambda one: [one.vpc] if one.vpc else [],
    "internet-gateway-id": lambda one: [one.id],
    "owner-id": lambda one: [one.account],
}


async def create_internet_gateway(call: Call, request: CreateInternetGatewayRequestTypeDef) -> Answer:
    row = InternetGateway(
        account=call.account, region=call.region, id=fresh_id(GATEWAYS), tags=tags_of(request, GATEWAYS)
    )
    await call.store.write(lambda tx: GATEWAYS.table.insert(tx, row))
    return {"InternetGateway": _shown(row)}


async def describe_internet_gateways(call: Call, request: DescribeInternetGatewaysRequestTypeDef) -> Answer:
    members = ("InternetGatewayIds", "InternetGateways")
    return await described(call, request, GATEWAYS, members, FIELDS, lambda _, row: _shown(row))


async def attach_internet_gateway(call: Call, request: AttachInternetGatewayRequestTypeDef) -> Answer:
    def attach(tx: Tx) -> None:
        row = GATEWAYS.get(tx, call, request["InternetGatewayId"])
        vpc = VPCS.get(tx, call, request["VpcId"])
        if row.vpc:
            raise ResourceAlreadyAssociated(f"resource {row.id} is already attached to network {row.vpc}")
        if gateway_of(tx, call, vpc.id) is not None:
            raise InvalidParameterValue(f"Network {vpc.id} already has an internet gateway attached")
        GATEWAYS.table.put(tx, replace(row, vpc=vpc.id))

    await call.store.write(attach)
    return {}


async def detach_internet_gateway(call: Call, request: DetachInternetGatewayRequestTypeDef) -> Answer:
    def detach(tx: Tx) -> None:
        row = GATEWAYS.get(tx, call, request["InternetGatewayId"])
        vpc = VPCS.get(tx, call, request["VpcId"])
        if row.vpc != vpc.id:
            raise GatewayNotAttached(f"resource {row.id} is not attached to network {vpc.id}")
        public = {one.id for one in NATS.rows(tx, call) if one.vpc == vpc.id}
        if any(one.gateway in public for one in ADDRESSES.rows(tx, call)):
            raise DependencyViolation(
                f"Network {vpc.id} has some mapped public address(es). Please unmap those public address(es) "
                "before detaching the gateway."
            )
        GATEWAYS.table.put(tx, replace(row, vpc=""))

    await call.store.write(detach)
    return {}


async def delete_internet_gateway(call: Call, request: DeleteInternetGatewayRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> None:
        row = GATEWAYS.get(tx, call, request["InternetGatewayId"])
        if row.vpc:
            raise DependencyViolation(
                f"The internetGateway '{row.id}' has dependencies and cannot be deleted."
            )
        GATEWAYS.table.delete(tx, *GATEWAYS.table.key_of(row))

    await call.store.write(delete)
    return {}


def _shown(row: InternetGateway) -> Answer:
    return {
        "InternetGatewayId": row.id,
        "OwnerId": row.account,
        "Attachments": [{"State": "available", "VpcId": row.vpc}] if row.vpc else [],
        "Tags": to_list(row.tags),
    }
