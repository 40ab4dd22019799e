"""The default VPC and what hangs on it (computed, the same every time), and security groups (stored)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bambe.kernel.ids import digest_id

ZONES = ("a", "b", "c")
VPC_CIDR = "172.31.0.0/16"


@dataclass(frozen=True, slots=True)
class Subnet:
    """A default subnet: one per zone."""

    id: str
    zone: str
    cidr: str


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
    def subnets(self) -> tuple[Subnet, ...]:
        return tuple(
            Subnet(f"subnet-{self._id('subnet', zone)}", self.region + zone, f"172.31.{16 * number}.0/20")
            for number, zone in enumerate(ZONES)
        )

    def _id(self, *parts: str) -> str:
        return digest_id("ec2", self.account, self.region, *parts, length=17)


@dataclass(frozen=True, slots=True)
class Permission:
    """One rule: what `source` (a CIDR or a group's id) may reach."""

    protocol: str
    source: str
    from_port: int | None = None
    to_port: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group of a VPC."""

    account: str
    region: str
    id: str
    name: str
    description: str
    vpc: str
    ingress: list[Permission] = field(default_factory=list)
    egress: list[Permission] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


ANYWHERE = Permission("-1", "0.0.0.0/0")


def default_group(network: Network) -> SecurityGroup:
    """The group every VPC has."""
    own = Permission("-1", network.default_group)
    return SecurityGroup(
        account=network.account,
        region=network.region,
        id=network.default_group,
        name="default",
        description="default VPC security group",
        vpc=network.vpc,
        ingress=[own],
        egress=[ANYWHERE],
    )


def permissions(request: Any) -> list[Permission]:
    """IpPermissions (or the older flat parameters) as single rules."""
    found: list[Permission] = []
    for one in request.get("IpPermissions") or [_flat(request)]:
        sources = [(r["CidrIp"], r.get("Description", "")) for r in one.get("IpRanges", ())]
        sources += [(r["CidrIpv6"], r.get("Description", "")) for r in one.get("Ipv6Ranges", ())]
        sources += [(r["GroupId"], r.get("Description", "")) for r in one.get("UserIdGroupPairs", ())]
        found += [
            Permission(str(one.get("IpProtocol", "-1")), source, one.get("FromPort"), one.get("ToPort"), said)
            for source, said in sources
        ]
    return found


def _flat(request: Any) -> dict[str, Any]:
    ranges = [{"CidrIp": request["CidrIp"]}] if request.get("CidrIp") else []
    return {
        "IpProtocol": request.get("IpProtocol", "-1"),
        "FromPort": request.get("FromPort"),
        "ToPort": request.get("ToPort"),
        "IpRanges": ranges,
    }
