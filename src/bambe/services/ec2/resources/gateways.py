"""AWS::EC2::EIP and NatGateway."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties, ResourceFailed, ResourceType, Wish
from bambe.services.ec2.resources.words import once, retag, said, specifications, unless

NAT = ("AllocationId", "ConnectivityType", "PrivateIpAddress", "SubnetId")


async def _create_address(aws: Aws, wish: Wish) -> Made:
    async def create() -> Any:
        return await aws.ec2.allocate_address(
            **said(wish.properties, "Domain", "NetworkBorderGroup", "PublicIpv4Pool"),
            TagSpecifications=specifications(wish, "elastic-ip"),
        )

    found = await once(wish, aws.ec2.describe_addresses, "Addresses", create)
    ids = {"PublicIp": found["PublicIp"], "AllocationId": found["AllocationId"]}
    return Made(found["PublicIp"], ids)


async def _update_address(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await retag(aws, made.attributes["AllocationId"], wish)
    return made


async def _delete_address(aws: Aws, made: Made, properties: Properties) -> None:
    request = aws.ec2.release_address(AllocationId=made.attributes["AllocationId"])
    await unless(("InvalidAllocationID.NotFound",), request)


async def _create_nat(aws: Aws, wish: Wish) -> Made:
    answer = await aws.ec2.create_nat_gateway(
        **said(wish.properties, *NAT),
        ClientToken=wish.token,
        TagSpecifications=specifications(wish, "natgateway"),
    )
    nat = answer["NatGateway"]
    interface = nat["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    return Made(nat["NatGatewayId"], {"NatGatewayId": nat["NatGatewayId"], "EniId": interface})


async def _nat_ready(aws: Aws, made: Made, properties: Properties) -> bool:
    nat = await _nat(aws, made)
    if nat is None or nat["State"] in ("failed", "deleting", "deleted"):
        why = (nat or {}).get("FailureMessage", "it is gone")
        raise ResourceFailed(f"NatGateway {made.physical_id} failed to stabilize: {why}")
    return bool(nat["State"] == "available")


async def _nat_gone(aws: Aws, made: Made, properties: Properties) -> bool:
    nat = await _nat(aws, made)
    return nat is None or nat["State"] == "deleted"


async def _nat(aws: Aws, made: Made) -> Any:
    request = aws.ec2.describe_nat_gateways(NatGatewayIds=[made.physical_id])
    answer = await unless(("NatGatewayNotFound",), request)
    return answer["NatGateways"][0] if answer else None


async def _update_nat(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await retag(aws, made.physical_id, wish)
    return made


async def _delete_nat(aws: Aws, made: Made, properties: Properties) -> None:
    request = aws.ec2.delete_nat_gateway(NatGatewayId=made.physical_id)
    await unless(("NatGatewayNotFound",), request)


GATEWAYS = (
    ResourceType(
        name="AWS::EC2::EIP",
        properties=frozenset({"Domain", "NetworkBorderGroup", "PublicIpv4Pool", "Tags"}),
        replaces=frozenset({"Domain", "NetworkBorderGroup", "PublicIpv4Pool"}),
        create=_create_address,
        update=_update_address,
        delete=_delete_address,
        busy=frozenset({"InvalidIPAddress.InUse"}),
    ),
    ResourceType(
        name="AWS::EC2::NatGateway",
        properties=frozenset({*NAT, "MaxDrainDurationSeconds", "Tags"}),
        required=frozenset({"SubnetId"}),
        replaces=frozenset(NAT),
        create=_create_nat,
        update=_update_nat,
        delete=_delete_nat,
        ready=_nat_ready,
        gone=_nat_gone,
    ),
)
