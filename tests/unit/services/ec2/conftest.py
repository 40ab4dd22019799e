"""Networks to test with."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.support.house import House


@dataclass(frozen=True)
class Net:
    """A VPC with a subnet in each of two zones, and EC2's API."""

    house: House
    vpc: str
    subnets: list[str]

    @property
    def ec2(self) -> Any:
        return self.house.aws.ec2

    async def attached(self) -> str:
        """An internet gateway of the VPC."""
        gateway = (await self.ec2.create_internet_gateway())["InternetGateway"]["InternetGatewayId"]
        await self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        return str(gateway)

    async def address(self) -> str:
        return str((await self.ec2.allocate_address())["AllocationId"])

    async def nat(self, **more: Any) -> str:
        answer = await self.ec2.create_nat_gateway(
            SubnetId=self.subnets[0], AllocationId=await self.address(), **more
        )
        return str(answer["NatGateway"]["NatGatewayId"])

    async def state(self, nat: str) -> str:
        shown = await self.ec2.describe_nat_gateways(NatGatewayIds=[nat])
        return str(shown["NatGateways"][0]["State"])


async def refused(request: Awaitable[Any], code: str, words: str = "") -> None:
    with pytest.raises(AwsError) as caught:
        await request
    assert caught.value.wire_code() == code
    assert words in caught.value.message


@pytest.fixture
async def net(house: House) -> Net:
    ec2 = house.aws.ec2
    vpc = (await ec2.create_vpc(CidrBlock="10.0.0.0/16"))["Vpc"]["VpcId"]
    subnets = []
    for number, zone in enumerate("ab"):
        answer = await ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-central-1{zone}"
        )
        subnets.append(answer["Subnet"]["SubnetId"])
    return Net(house, vpc, subnets)
