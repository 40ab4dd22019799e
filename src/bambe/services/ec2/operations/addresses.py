"""Elastic IP addresses, of the networks that are kept for documentation: nothing is reached under them."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.tags import to_list
from bambe.services.ec2.errors import (
    AddressLimitExceeded,
    InvalidAddressNotFound,
    InvalidIPAddressInUse,
    MissingParameter,
)
from bambe.services.ec2.filters import filtered
from bambe.services.ec2.lookup import ADDRESSES, NATS
from bambe.services.ec2.model import Address
from bambe.services.ec2.requests import fresh_id, tags_of

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        AllocateAddressRequestTypeDef,
        DescribeAddressesRequestTypeDef,
        ReleaseAddressRequestTypeDef,
    )

NETWORKS = [IPv4Network(one) for one in ("203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24")]
"""RFC 5737."""
FIELDS: Any = {
    "allocation-id": lambda one: [one.id],
    "association-id": lambda one: [one.association] if one.association else [],
    "domain": lambda _: ["vpc"],
    "public-ip": lambda one: [one.ip],
}


async def allocate_address(call: Call, request: AllocateAddressRequestTypeDef) -> Answer:
    for member in ("Address", "CustomerOwnedIpv4Pool", "IpamPoolId"):
        if request.get(member):
            raise NotImplementedByBambe(f"Bambe has no addresses with {member}.")
    if request.get("PublicIpv4Pool", "amazon") != "amazon":
        raise NotImplementedByBambe("Bambe has no address pools of your own.")
    tags = tags_of(request, ADDRESSES)

    def allocate(tx: Tx) -> Address:
        row = Address(
            account=call.account,
            region=call.region,
            id=fresh_id(ADDRESSES),
            ip=_next({one.ip for one in ADDRESSES.table.list(tx)}),
            tags=tags,
        )
        ADDRESSES.table.insert(tx, row)
        return row

    row = await call.store.write(allocate)
    return {
        "PublicIp": row.ip,
        "AllocationId": row.id,
        "PublicIpv4Pool": "amazon",
        "NetworkBorderGroup": call.region,
        "Domain": "vpc",
    }


async def describe_addresses(call: Call, request: DescribeAddressesRequestTypeDef) -> Answer:
    def read(tx: Tx) -> list[Answer]:
        rows = ADDRESSES.rows(tx, call)
        ids, ips = request.get("AllocationIds"), request.get("PublicIps")
        if ids:
            rows = [ADDRESSES.get(tx, call, one) for one in ids]
        if ips:
            rows = [_of_ip(rows, one) for one in ips]
        return [_shown(tx, call, one) for one in filtered(rows, request.get("Filters"), FIELDS)]

    return {"Addresses": await call.store.read(read)}


async def release_address(call: Call, request: ReleaseAddressRequestTypeDef) -> Answer:
    def release(tx: Tx) -> None:
        if request.get("AllocationId"):
            row = ADDRESSES.get(tx, call, request["AllocationId"])
        elif request.get("PublicIp"):
            row = _of_ip(ADDRESSES.rows(tx, call), request["PublicIp"])
        else:
            raise MissingParameter("The request must contain the parameter AllocationId")
        if row.gateway:
            raise InvalidIPAddressInUse(f"Address {row.ip} is in use.")
        ADDRESSES.table.delete(tx, *ADDRESSES.table.key_of(row))

    await call.store.write(release)
    return {}


def _next(taken: set[str]) -> str:
    for network in NETWORKS:
        for address in network.hosts():
            if str(address) not in taken:
                return str(address)
    raise AddressLimitExceeded("The maximum number of addresses has been reached.")


def _of_ip(rows: list[Address], ip: str) -> Address:
    for row in rows:
        if row.ip == ip:
            return row
    raise InvalidAddressNotFound(f"Address '{ip}' not found.")


def _shown(tx: Tx, call: Call, row: Address) -> Answer:
    shown: Answer = {
        "AllocationId": row.id,
        "PublicIp": row.ip,
        "Domain": "vpc",
        "PublicIpv4Pool": "amazon",
        "NetworkBorderGroup": row.region,
        "Tags": to_list(row.tags),
    }
    nat = NATS.find(tx, call, row.gateway) if row.gateway else None
    if nat is not None:
        shown |= {
            "AssociationId": row.association,
            "NetworkInterfaceId": nat.interface,
            "NetworkInterfaceOwnerId": nat.account,
            "PrivateIpAddress": nat.private_ip,
        }
    return shown
