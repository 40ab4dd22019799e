"""The network stack: subnets over zones, and how private subnets reach what they need."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from bambe.project import Project
from bambe.synth import network_template, service_template, stacks

WEB = {"path": "web", "port": 80, "route": "default"}


def project(**network: Any) -> Project:
    return Project.model_validate({"project": "shop", "network": network, "services": {"web": WEB}})


def resources(**network: Any) -> dict[str, Any]:
    return dict(network_template(project(**network))["Resources"])


def of(kind: str, made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: one["Properties"] for name, one in made.items() if one["Type"] == f"AWS::EC2::{kind}"}


@pytest.mark.parametrize(("zones", "cidr"), [(2, "10.0.0.0/16"), (3, "192.168.4.0/24")])
def test_subnets_lie_in_the_vpc_beside_each_other(zones: int, cidr: str) -> None:
    made = resources(zones=zones, cidr=cidr)
    subnets = of("Subnet", made)
    ranges = [ipaddress.IPv4Network(one["CidrBlock"]) for one in subnets.values()]
    assert len(ranges) == 2 * zones
    assert all(one.subnet_of(ipaddress.IPv4Network(cidr)) and one.prefixlen <= 28 for one in ranges)
    assert not any(a.overlaps(b) for a in ranges for b in ranges if a != b)
    indices = [one["AvailabilityZone"]["Fn::Select"][0] for one in subnets.values()]
    assert sorted(indices) == sorted([*range(zones)] * 2)


def test_a_third_zone_moves_no_subnet() -> None:
    two, three = (of("Subnet", resources(zones=zones)) for zones in (2, 3))
    assert {name: three[name] for name in two} == two


def test_every_private_subnet_has_the_route_of_its_nat() -> None:
    for nat, gateways in (("single", 1), ("per_zone", 3), ("none", 0)):
        made = resources(zones=3, nat=nat)
        assert len(of("NatGateway", made)) == len(of("EIP", made)) == gateways
        out = {
            one["RouteTableId"]["Ref"]: one["NatGatewayId"]["Ref"]
            for one in of("Route", made).values()
            if "NatGatewayId" in one
        }
        tables = {
            one["SubnetId"]["Ref"]: one["RouteTableId"]["Ref"]
            for one in of("SubnetRouteTableAssociation", made).values()
        }
        assert len(tables) == 6
        for zone in (1, 2, 3):
            assert tables[f"PublicSubnet{zone}"] == "PublicRoutes"
            own = {"single": "Nat1", "per_zone": f"Nat{zone}", "none": None}[nat]
            assert out.get(tables[f"PrivateSubnet{zone}"]) == own


def test_endpoints_are_beside_the_tasks_or_in_their_routes() -> None:
    endpoints = of("VPCEndpoint", resources(nat="none", endpoints="needed"))
    kinds = {one["ServiceName"]["Fn::Sub"].split("}.")[1]: one for one in endpoints.values()}
    assert set(kinds) == {"ecr.api", "ecr.dkr", "logs", "s3"}
    assert kinds["s3"]["RouteTableIds"] == [{"Ref": "PrivateRoutes1"}]
    assert kinds["ecr.api"]["SubnetIds"] == [{"Ref": "PrivateSubnet1"}, {"Ref": "PrivateSubnet2"}]
    assert kinds["ecr.api"]["PrivateDnsEnabled"] is True
    assert "EndpointSecurityGroup" not in resources(endpoints="s3")


def test_flow_logs_are_made_where_they_are_wanted() -> None:
    assert "FlowLog" not in resources()
    made = resources(flow_logs=True)
    assert made["FlowLog"]["Properties"]["LogGroupName"] == {"Ref": "FlowLogGroup"}


@pytest.mark.parametrize(
    ("network", "address", "subnets"),
    [
        ({}, "DISABLED", "PrivateSubnetIds"),
        ({"nat": "none", "endpoints": "needed"}, "DISABLED", "PrivateSubnetIds"),
        ({"nat": "none"}, "ENABLED", "PublicSubnetIds"),
    ],
)
def test_tasks_have_a_public_address_only_where_nothing_else_leads_out(
    network: dict[str, Any], address: str, subnets: str
) -> None:
    said = project(**network)
    service = service_template(said, "web")["Resources"]["Service"]["Properties"]
    assert service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == address
    made = {one.name: one.parameters for one in stacks(said)}
    assert getattr(made["shop-web"]["SubnetIds"], "name", None) == subnets
    assert getattr(made["shop"]["SubnetIds"], "name", None) == "PublicSubnetIds"
