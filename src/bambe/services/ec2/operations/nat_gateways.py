"""NAT gateways: the way out for private subnets; pending, then available or failed, later gone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.moves import check_move
from bambe.kernel.tags import to_list
from bambe.services.ec2 import cidrs, in_use
from bambe.services.ec2.errors import (
    InvalidParameter,
    InvalidParameterCombination,
    MissingParameter,
    ResourceAlreadyAssociated,
)
from bambe.services.ec2.lookup import ADDRESSES, NATS, SUBNETS
from bambe.services.ec2.model import MOVES, WAIT, Address, NatGateway, State
from bambe.services.ec2.requests import described, fresh_id, tags_of

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        CreateNatGatewayRequestTypeDef,
        DeleteNatGatewayRequestTypeDef,
        DescribeNatGatewaysRequestTypeDef,
    )

FIELDS: Any = {
    "nat-gateway-id": lambda one: [one.id],
    "state": lambda one: [one.state.value],
    "subnet-id": lambda one: [one.subnet],
    "vpc-id": lambda one: [one.vpc],
}
OTHERS = (
    "AvailabilityMode",
    "AvailabilityZoneAddresses",
    "SecondaryAllocationIds",
    "SecondaryPrivateIpAddressCount",
    "SecondaryPrivateIpAddresses",
    "VpcId",
)


async def create_nat_gateway(call: Call, request: CreateNatGatewayRequestTypeDef) -> Answer:
    for member in OTHERS:
        if request.get(member):
            raise NotImplementedByBambe(f"Bambe has no NAT gateways with {member}.")
    is_public = request.get("ConnectivityType", "public") == "public"
    if not request.get("SubnetId"):
        raise MissingParameter("The request must contain the parameter SubnetId")
    if is_public and not request.get("AllocationId"):
        raise MissingParameter("The request must contain the parameter AllocationId")
    if not is_public and request.get("AllocationId"):
        raise InvalidParameterCombination("A private NAT gateway has no AllocationId")
    token, tags = request.get("ClientToken", ""), tags_of(request, NATS)

    def create(tx: Tx) -> NatGateway:
        for known in NATS.rows(tx, call):
            if token and known.token == token:
                return known
        subnet = SUBNETS.get(tx, call, request["SubnetId"])
        address = _address(tx, call, request["AllocationId"]) if is_public else None
        row = NatGateway(
            account=call.account,
            region=call.region,
            id=fresh_id(NATS),
            vpc=subnet.vpc,
            subnet=subnet.id,
            private_ip=_private_ip(tx, call, subnet.cidr, request),
            connectivity="public" if is_public else "private",
            created=call.clock.now(),
            allocation=address.id if address else "",
            public_ip=address.ip if address else "",
            due=call.clock.now() + WAIT,
            token=token,
            tags=tags,
        )
        if address is not None:
            ADDRESSES.table.put(tx, replace(address, gateway=row.id))
        NATS.table.insert(tx, row)
        return row

    row = await call.store.write(create)
    return {"NatGateway": _shown(row), **({"ClientToken": token} if token else {})}


async def describe_nat_gateways(call: Call, request: DescribeNatGatewaysRequestTypeDef) -> Answer:
    members = ("NatGatewayIds", "NatGateways")
    return await described(call, request, NATS, members, FIELDS, lambda _, row: _shown(row))


async def delete_nat_gateway(call: Call, request: DeleteNatGatewayRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> NatGateway:
        row = NATS.get(tx, call, request["NatGatewayId"])
        if row.state in (State.DELETING, State.DELETED):
            return row
        check_move(MOVES, row.state, State.DELETING)
        now = call.clock.now()
        row = replace(row, state=State.DELETING, due=now + WAIT, deleted=now)
        NATS.table.update(tx, row)
        return row

    return {"NatGatewayId": (await call.store.write(delete)).id}


def _address(tx: Tx, call: Call, allocation: str) -> Address:
    found = ADDRESSES.get(tx, call, allocation)
    if found.gateway:
        raise ResourceAlreadyAssociated(f"Elastic IP address [{allocation}] is already associated")
    return found


def _private_ip(tx: Tx, call: Call, cidr: str, request: Any) -> str:
    taken = in_use.addresses(tx, call, request["SubnetId"])
    wanted = request.get("PrivateIpAddress")
    free = wanted if wanted and wanted not in taken else cidrs.free(cidr, taken)
    if not free or (wanted and wanted != free):
        raise InvalidParameter(f"The address {wanted or 'asked for'} is not free in {request['SubnetId']}")
    return str(free)


def _shown(row: NatGateway) -> Answer:
    address: Answer = {"NetworkInterfaceId": row.interface, "PrivateIp": row.private_ip, "IsPrimary": True}
    if row.allocation:
        address |= {"AllocationId": row.allocation, "PublicIp": row.public_ip}
    shown: Answer = {
        "NatGatewayId": row.id,
        "VpcId": row.vpc,
        "SubnetId": row.subnet,
        "State": row.state.value,
        "ConnectivityType": row.connectivity,
        "CreateTime": row.created,
        "NatGatewayAddresses": [address],
        "Tags": to_list(row.tags),
    }
    if row.deleted:
        shown["DeleteTime"] = row.deleted
    if row.failure:
        shown |= {"FailureCode": row.failure[0], "FailureMessage": row.failure[1]}
    return shown
