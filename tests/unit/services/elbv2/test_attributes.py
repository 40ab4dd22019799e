"""Attributes of load balancers and target groups: AWS's names, with the values it takes."""

from __future__ import annotations

import pytest

from bambe.kernel.errors import AwsError
from bambe.services.elbv2.model import LoadBalancer
from bambe.services.elbv2.reconciler import TrafficLoop
from tests.support.house import SUBNET, House


async def balancer(house: House) -> str:
    subnets = [one["SubnetId"] for one in (await house.aws.ec2.describe_subnets())["Subnets"]]
    assert SUBNET in subnets
    made = await house.aws.elbv2.create_load_balancer(Name="shop", Subnets=subnets)
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("access_logs.s3.bucket", "logs", ""),
        ("client_keep_alive.seconds", "60", "59"),
        ("routing.http.desync_mitigation_mode", "strictest", "none"),
        ("routing.http.drop_invalid_header_fields.enabled", "true", "yes"),
        ("routing.http.xff_header_processing.mode", "remove", "true"),
    ],
)
async def test_what_is_recorded(house: House, key: str, good: str, bad: str) -> None:
    arn = await balancer(house)
    elb = house.aws.elbv2
    said = [{"Key": key, "Value": good}]
    answer = await elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=said)
    assert said[0] in answer["Attributes"]
    if bad:
        with pytest.raises(AwsError) as caught:
            await elb.modify_load_balancer_attributes(
                LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": bad}]
            )
        assert caught.value.wire_code() == "ValidationError"


async def test_what_is_set_while_a_load_balancer_gets_its_certificate_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn, key = await balancer(house), "routing.http.drop_invalid_header_fields.enabled"
    gets = TrafficLoop._certificate

    async def meanwhile(loop: TrafficLoop, row: LoadBalancer) -> str:
        await house.aws.elbv2.modify_load_balancer_attributes(
            LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": "true"}]
        )
        return await gets(loop, row)

    monkeypatch.setattr(TrafficLoop, "_certificate", meanwhile)
    await house.settle()
    said = (await house.aws.elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn))["Attributes"]
    assert {"Key": key, "Value": "true"} in said
