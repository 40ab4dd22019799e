"""ELBv2's CloudFormation types: what an update sends, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bambe.kernel.resources import Made, Wish
from bambe.services.elbv2.resources import RESOURCES
from tests.unit.services.elbv2.conftest import Edge

TYPES = {declared.name.rsplit("::", 1)[1]: declared for declared in RESOURCES}


def wish(token: str = "t1", **properties: Any) -> Wish:
    return Wish("shop", "arn", "Rule", "shop-rule", token, properties, {"stack": "shop"})


def rule(edge: Edge, **more: Any) -> Wish:
    groups = [
        {"TargetGroupArn": edge.blue, "Weight": "1"},
        {"TargetGroupArn": edge.green, "Weight": "0"},
    ]
    words = {
        "ListenerArn": edge.listener,
        "Priority": "10",
        "Conditions": [{"Field": "path-pattern", "Values": ["/orders*"]}],
        "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
    }
    return wish(**{**words, **more})


async def weights(edge: Edge, made: Made) -> list[int]:
    answer = await edge.elb.describe_rules(RuleArns=[made.physical_id])
    groups = answer["Rules"][0]["Actions"][0]["ForwardConfig"]["TargetGroups"]
    return [one["Weight"] for one in groups]


async def test_a_creation_tried_twice_makes_one_rule(edge: Edge) -> None:
    kind = TYPES["ListenerRule"]
    assert await kind.create(edge.house.aws, rule(edge)) == await kind.create(edge.house.aws, rule(edge))


async def test_an_update_leaves_weights_alone_that_the_template_did_not_change(edge: Edge) -> None:
    kind = TYPES["ListenerRule"]
    made = await kind.create(edge.house.aws, rule(edge))
    assert kind.update is not None
    groups = [{"TargetGroupArn": edge.blue, "Weight": 0}, {"TargetGroupArn": edge.green, "Weight": 100}]
    await edge.elb.modify_rule(
        RuleArn=made.physical_id, Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
    )
    conditions = [{"Field": "path-pattern", "Values": ["/orders/*"]}]
    changed = replace(rule(edge, Conditions=conditions, Priority=11), tags={"more": "1"})
    await kind.update(edge.house.aws, changed, made, rule(edge).properties)
    assert await weights(edge, made) == [0, 100]
    shown = (await edge.elb.describe_rules(RuleArns=[made.physical_id]))["Rules"][0]
    assert (shown["Priority"], shown["Conditions"][0]["Values"]) == ("11", ["/orders/*"])
    described = await edge.elb.describe_tags(ResourceArns=[made.physical_id])
    keys = [one["Key"] for one in described["TagDescriptions"][0]["Tags"]]
    assert keys == ["bambe:creation", "more"]


async def test_a_balancer_is_ready_when_it_is_active_and_says_its_name(edge: Edge) -> None:
    kind = TYPES["LoadBalancer"]
    subnets = [one["SubnetId"] for one in (await edge.house.aws.ec2.describe_subnets())["Subnets"]]
    made = await kind.create(edge.house.aws, wish(Name="other", Subnets=subnets))
    assert kind.ready is not None
    assert not await kind.ready(edge.house.aws, made, {})
    await edge.house.settle()
    assert await kind.ready(edge.house.aws, made, {})
    assert made.attributes["DNSName"].endswith(".elb.bambe.internal")
    assert made.attributes["LoadBalancerFullName"].startswith("app/other/")
    for _ in range(2):
        await kind.delete(edge.house.aws, made, {})


async def test_a_redirect_keeps_its_port_as_the_text_that_it_is(edge: Edge) -> None:
    kind = TYPES["Listener"]
    to = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    (listener,) = (await edge.elb.describe_listeners(ListenerArns=[edge.listener]))["Listeners"]
    made = await kind.create(
        edge.house.aws,
        wish(
            LoadBalancerArn=listener["LoadBalancerArn"],
            Port="8081",
            Protocol="HTTP",
            DefaultActions=[{"Type": "redirect", "RedirectConfig": to}],
        ),
    )
    (shown,) = (await edge.elb.describe_listeners(ListenerArns=[made.physical_id]))["Listeners"]
    assert to.items() <= shown["DefaultActions"][0]["RedirectConfig"].items()
