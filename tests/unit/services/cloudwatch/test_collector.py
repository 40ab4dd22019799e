"""The loop that looks at the proxy, over a load balancer with two target groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bambe.engines.proxy.port import BalancerCounts, GroupCounts
from bambe.kernel.errors import Unavailable
from tests.support.house import VPC, House


@dataclass
class Shop:
    """A house with a load balancer; ids as the proxy knows them, names as dimensions have them."""

    house: House
    balancer: str
    group: str
    balancer_name: str
    group_name: str

    def serve(self, fine: int, bad: int = 0) -> None:
        counted = {"2xx": fine, "5xx": bad}
        self.house.proxy.set_counts(self.group, GroupCounts(fine + bad, counted))
        self.house.proxy.set_answers(self.balancer, BalancerCounts(fine + bad, counted))

    async def sums(self, metric: str, *names: str) -> list[float]:
        known = {"LoadBalancer": self.balancer_name, "TargetGroup": self.group_name}
        now = self.house.clock.now()
        answer = await self.house.aws.cloudwatch.get_metric_statistics(
            Namespace="AWS/ApplicationELB",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": known[name]} for name in names],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        return [one["Sum"] for one in answer["Datapoints"]]


@pytest.fixture
async def shop(house: House) -> Shop:
    elb = house.aws.elbv2
    subnets = [one["SubnetId"] for one in (await house.aws.ec2.describe_subnets())["Subnets"]]
    made = await elb.create_load_balancer(Name="shop", Subnets=subnets)
    balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
    group: dict[str, Any] = {"Protocol": "HTTP", "Port": 80, "TargetType": "ip", "VpcId": VPC}
    blue = (await elb.create_target_group(Name="blue", **group))["TargetGroups"][0]["TargetGroupArn"]
    await elb.create_listener(
        LoadBalancerArn=balancer,
        Port=80,
        Protocol="HTTP",
        DefaultActions=[{"Type": "forward", "TargetGroupArn": blue}],
    )
    await elb.register_targets(TargetGroupArn=blue, Targets=[{"Id": "10.200.0.9", "Port": 80}])
    await house.advance(11)
    return Shop(
        house,
        balancer.rsplit("/", 1)[-1],
        blue.rsplit("/", 1)[-1],
        balancer.split("loadbalancer/")[1],
        blue.split(":")[-1],
    )


async def test_requests_are_in_the_minute_they_came_in(shop: Shop) -> None:
    shop.serve(10, 2)
    await shop.house.advance(60, step=10)
    shop.serve(13, 2)
    await shop.house.advance(60, step=10)
    both = ("LoadBalancer", "TargetGroup")
    assert await shop.sums("RequestCount", *both) == [12, 3]
    assert await shop.sums("RequestCount", "LoadBalancer") == [12, 3]
    assert await shop.sums("HTTPCode_Target_5XX_Count", *both) == [2]
    assert await shop.sums("HTTPCode_ELB_5XX_Count", "LoadBalancer") == []
    assert await shop.sums("RequestCountPerTarget", "TargetGroup") == [12, 3]
    assert len(await shop.sums("HealthyHostCount", *both)) >= 2


async def test_nothing_is_lost_or_counted_twice_over_a_death_of_the_daemon(shop: Shop) -> None:
    shop.serve(10)
    await shop.house.advance(20, step=10)
    shop.serve(25)
    shop.house.runners.clear()
    shop.house.restart()
    await shop.house.advance(20, step=10)
    assert sum(await shop.sums("RequestCount", "LoadBalancer")) == 25


async def test_while_the_proxy_does_not_answer_its_counts_wait(shop: Shop) -> None:
    shop.house.proxy.failure = Unavailable("the proxy does not answer")
    shop.serve(10)
    await shop.house.advance(30, step=10)
    shop.house.proxy.failure = None
    await shop.house.advance(60, step=10)
    assert sum(await shop.sums("RequestCount", "LoadBalancer")) == 10


async def test_an_alarm_on_the_targets_errors_rings(shop: Shop) -> None:
    await shop.house.aws.cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/ApplicationELB",
        MetricName="HTTPCode_Target_5XX_Count",
        Dimensions=[
            {"Name": "TargetGroup", "Value": shop.group_name},
            {"Name": "LoadBalancer", "Value": shop.balancer_name},
        ],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    shop.serve(100, 6)
    await shop.house.advance(65)
    (alarm,) = (await shop.house.aws.cloudwatch.describe_alarms())["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"


async def test_no_request_asks_the_proxy(shop: Shop) -> None:
    shop.house.proxy.failure = Unavailable("the proxy does not answer")
    assert await shop.sums("RequestCount", "LoadBalancer") == []
