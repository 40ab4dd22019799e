"""A load balancer with a listener and two target groups, as a release needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.house import VPC, House


@dataclass
class Edge:
    """What the fixture made, by ARN, and the house it stands in."""

    house: House
    balancer: str
    listener: str
    blue: str
    green: str

    @property
    def elb(self) -> Any:
        return self.house.aws.elbv2

    async def rule(self, priority: int = 10, **weights: int) -> str:
        groups = [{"TargetGroupArn": getattr(self, name), "Weight": w} for name, w in weights.items()]
        answer = await self.elb.create_rule(
            ListenerArn=self.listener,
            Priority=priority,
            Conditions=[{"Field": "path-pattern", "Values": ["/orders*"]}],
            Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
        )
        return str(answer["Rules"][0]["RuleArn"])

    async def states(self, group: str) -> list[str]:
        answer = await self.elb.describe_target_health(TargetGroupArn=group)
        return [one["TargetHealth"]["State"] for one in answer["TargetHealthDescriptions"]]


async def group(house: House, name: str, **more: Any) -> str:
    answer = await house.aws.elbv2.create_target_group(
        Name=name, Protocol="HTTP", Port=8080, TargetType="ip", VpcId=VPC, **more
    )
    return str(answer["TargetGroups"][0]["TargetGroupArn"])


@pytest.fixture
async def edge(house: House) -> Edge:
    elb = house.aws.elbv2
    subnets = (await house.aws.ec2.describe_subnets())["Subnets"]
    answer = await elb.create_load_balancer(Name="shop", Subnets=[one["SubnetId"] for one in subnets])
    balancer = answer["LoadBalancers"][0]["LoadBalancerArn"]
    certificate = (await house.aws.acm.request_certificate(DomainName="shop.example"))["CertificateArn"]
    await house.settle()
    answer = await elb.create_listener(
        LoadBalancerArn=balancer,
        Port=443,
        Protocol="HTTPS",
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )
    listener = answer["Listeners"][0]["ListenerArn"]
    await house.settle()
    return Edge(house, balancer, listener, await group(house, "blue"), await group(house, "green"))
