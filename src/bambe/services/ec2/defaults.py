"""The default VPC of an account and region, computed: every row of it until it is first changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bambe.kernel.ids import digest_id
from bambe.services.ec2.groups import SecurityGroup, default_group
from bambe.services.ec2.model import (
    LOCAL,
    VPC_CIDR,
    ZONES,
    Association,
    InternetGateway,
    Route,
    RouteTable,
    Subnet,
    Vpc,
)


@dataclass(frozen=True, slots=True)
class Network:
    """The default VPC of an account and region; ids are made of both, so they never change."""

    account: str
    region: str

    @property
    def vpc(self) -> str:
        return f"vpc-{self._id('vpc')}"

    @property
    def route_table(self) -> str:
        return f"rtb-{self._id('route-table')}"

    @property
    def default_group(self) -> str:
        return f"sg-{self._id('security-group')}"

    @property
    def gateway(self) -> str:
        return f"igw-{self._id('internet-gateway')}"

    @property
    def subnets(self) -> tuple[Subnet, ...]:
        return tuple(
            Subnet(
                id=f"subnet-{self._id('subnet', zone)}",
                zone=self.region + zone,
                cidr=f"172.31.{16 * number}.0/20",
                vpc=self.vpc,
                is_public=True,
                is_default=True,
                **self._place,
            )
            for number, zone in enumerate(ZONES)
        )

    def vpcs(self) -> list[Vpc]:
        """The default VPC."""
        return [Vpc(id=self.vpc, cidr=VPC_CIDR, is_default=True, dns_hostnames=True, **self._place)]

    def gateways(self) -> list[InternetGateway]:
        """Its internet gateway."""
        return [InternetGateway(id=self.gateway, vpc=self.vpc, **self._place)]

    def tables(self) -> list[RouteTable]:
        """Its route table, the main one of all its subnets."""
        main = Association(self.route_table.replace("rtb-", "rtbassoc-"))
        routes = [Route(VPC_CIDR, LOCAL, is_from_creation=True), Route("0.0.0.0/0", self.gateway)]
        return [
            RouteTable(id=self.route_table, vpc=self.vpc, routes=routes, associations=[main], **self._place)
        ]

    def groups(self) -> list[SecurityGroup]:
        """Its default security group."""
        return [default_group(self.account, self.region, self.default_group, self.vpc)]

    @property
    def _place(self) -> dict[str, Any]:
        return {"account": self.account, "region": self.region}

    def _id(self, *parts: str) -> str:
        return digest_id("ec2", self.account, self.region, *parts, length=17)
