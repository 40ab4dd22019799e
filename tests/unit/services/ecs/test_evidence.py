"""What ECS's own deployments show for themselves: a ledger, a verdict, and what follows from it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bambe.engines.proxy.port import GroupCounts
from bambe.evidence.ledger import Record, check, is_closed, read
from bambe.kernel.errors import AwsError
from tests.unit.services.ecs.test_shifting import Shop, shop

__all__ = ["shop"]


class Traffic:
    """Requests that the targets of the two groups have answered since the proxy began."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.answered: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()

    def serve(self, failing: int = 0, dropped: int = 0, **answered: int) -> None:
        """So many more; what fails or is dropped is green's."""
        self.answered.update(answered)
        self.failed["green"] += failing
        self.dropped["green"] += dropped
        for name, number in self.answered.items():
            failed = self.failed[name]
            classes = {"2xx": number - failed, "5xx": failed}
            counts = GroupCounts(number, classes, 1, 0, self.dropped[name], {1.0: 0, 5.0: number})
            self.shop.house.proxy.set_counts(self.shop.arns[name].rsplit("/", 1)[-1], counts)

    async def each_second(self, seconds: int, **each: int) -> None:
        for _ in range(seconds):
            self.serve(**each)
            await self.shop.house.advance(1)


@pytest.fixture
def traffic(shop: Shop) -> Traffic:
    return Traffic(shop)


async def ledger(shop: Shop) -> list[Record]:
    """The ledger of the newest deployment, as a client reads it."""
    name = (await shop.deployment())["serviceDeploymentArn"].rsplit("/", 1)[-1]
    answer = await shop.aws.logs.get_log_events(
        logGroupName="/bambe/releases", logStreamName=name, startFromHead=True
    )
    records = [read(event["message"]) for event in answer["events"]]
    check(records)
    return records


def weights(records: list[Record]) -> list[Any]:
    return [record.body["weight"] for record in records if record.kind == "weight"]


async def tag(shop: Shop, key: str, value: str) -> None:
    arn = (await shop.shown())["serviceArn"]
    await shop.aws.ecs.tag_resource(resourceArn=arn, tags=[{"key": key, "value": value}])
    await shop.house.settle()


async def trial_rule(shop: Shop) -> str:
    """A rule of a listener on which revisions are tried beforehand."""
    elb = shop.aws.elbv2
    (balancer,) = (await elb.describe_load_balancers())["LoadBalancers"]
    forward = [{"Type": "forward", "TargetGroupArn": shop.arns["blue"]}]
    listener = await elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Port=8080, Protocol="HTTP", DefaultActions=forward
    )
    made = await elb.create_rule(
        ListenerArn=listener["Listeners"][0]["ListenerArn"],
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/o*"]}],
        Actions=forward,
    )
    return str(made["Rules"][0]["RuleArn"])


async def test_every_request_of_a_deployment_is_in_its_ledger(shop: Shop, traffic: Traffic) -> None:
    await shop.open()
    traffic.serve(blue=1000)
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await traffic.each_second(1, blue=90, green=10)
    await shop.until("SUCCESSFUL")
    await shop.house.advance(15)
    records = await ledger(shop)
    assert is_closed(records)
    first, end = records[0].body, records[-1].body
    assert first["releases"] == (await shop.shown())["taskDefinition"]
    assert (first["service"], first["steps"]) == ("orders", [[10.0, 2], [100.0, 0]])
    assert weights(records) == [10, 100]
    assert end["counts"]["blue"]["requests"] == 90, "what was answered before it began is not counted"
    assert end["counts"]["green"]["requests"] == 10
    assert (end["status"], end["zero_loss"]) == ("SUCCESSFUL", True)
    revision = end["revision"]
    assert revision["task_definition"] == (await shop.shown())["taskDefinition"]
    assert revision["images"]["c"].startswith("sha256:")
    assert revision["routes"][0]["conditions"]
    assert revision["health_check"]["HealthCheckPath"] == "/"


async def test_it_says_not_zero_when_a_request_was_dropped(shop: Shop, traffic: Traffic) -> None:
    await shop.open()
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    traffic.serve(blue=50, green=5, failing=1, dropped=1)
    await shop.until("SUCCESSFUL")
    await shop.house.advance(15)
    end = (await ledger(shop))[-1].body
    assert end["zero_loss"] is False
    assert end["counts"]["green"]["dropped"] == 1


async def test_after_the_proxy_began_anew_it_does_not_know(shop: Shop, traffic: Traffic) -> None:
    await shop.open()
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    shop.house.proxy.epoch = "another process"
    traffic.serve(blue=50, green=5)
    await shop.until("SUCCESSFUL")
    await shop.house.advance(15)
    end = (await ledger(shop))[-1].body
    assert (end["zero_loss"], end["gaps"]) == (None, 1)


async def test_killed_at_every_moment_the_ledger_is_whole(shop: Shop, traffic: Traffic) -> None:
    await shop.open()
    await shop.release()
    for _ in range(40):
        shop.house.restart()
        traffic.serve(blue=9, green=1)
        await shop.house.advance(1)
    assert (await shop.deployment())["status"] == "SUCCESSFUL"
    records = await ledger(shop)
    assert is_closed(records)
    assert weights(records) == [10, 100]


async def test_a_worse_revision_goes_back_within_seconds(shop: Shop, traffic: Traffic) -> None:
    await shop.open(canaryConfiguration={"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 60})
    before = (await shop.shown())["taskDefinition"]
    await tag(shop, "bambe:analysis", "rollback")
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await traffic.each_second(3, blue=180, green=20, failing=10)
    back = await shop.until("ROLLBACK_SUCCESSFUL", 20)
    assert "rolled back because the new version fails more often: 50 % of" in back["statusReason"]
    await shop.house.advance(15)
    assert (await shop.shown())["taskDefinition"] == before
    records = await ledger(shop)
    assert is_closed(records)
    assert weights(records) == [10, 0]
    end = records[-1].body
    assert (end["status"], end["verdict"]) == ("ROLLBACK_SUCCESSFUL", "worse")
    assert end["revision"]["task_definition"] == before, "what it left running"
    await shop.check_end()


async def test_reported_only_where_nobody_asked_for_more(shop: Shop, traffic: Traffic) -> None:
    await shop.open(canaryConfiguration={"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 10})
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await traffic.each_second(3, blue=180, green=20, failing=10)
    await shop.until("SUCCESSFUL")
    await shop.house.advance(15)
    assert (await ledger(shop))[-1].body["verdict"] == "worse"


async def test_too_little_traffic_is_inconclusive_and_much_is_better(shop: Shop, traffic: Traffic) -> None:
    await shop.open(canaryConfiguration={"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 100})
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await traffic.each_second(2, blue=9, green=1)
    verdicts = [record.body for record in await ledger(shop) if record.kind == "verdict"]
    assert [body["verdict"] for body in verdicts] == ["inconclusive"]
    await traffic.each_second(60, blue=180, green=20)
    records = await ledger(shop)
    assert [record.body["verdict"] for record in records if record.kind == "verdict"][-1] == "better"


async def test_a_stopped_deployment_closes_its_ledger(shop: Shop) -> None:
    await shop.open()
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await shop.happens("stop", "ABORT")
    await shop.house.advance(15)
    records = await ledger(shop)
    assert is_closed(records)
    assert (records[-1].body["status"], weights(records)) == ("STOPPED", [10])


async def test_a_rolling_deployment_has_none(shop: Shop) -> None:
    await shop.open()
    await shop.release(deploymentConfiguration={"strategy": "ROLLING"})
    await shop.house.advance(30)
    assert (await shop.deployment())["status"] == "SUCCESSFUL"
    with pytest.raises(AwsError):
        await ledger(shop)


async def test_few_requests_are_made_up_for_where_that_is_asked(shop: Shop) -> None:
    await shop.open(canaryConfiguration={"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 30})
    rule = await trial_rule(shop)
    await tag(shop, "bambe:synthetic", "/orders /orders/1")
    await shop.release(loadBalancers=[shop.balancer(testListenerRule=rule)])
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    before = len(shop.house.proxy.asked)
    await shop.house.advance(10, 1)
    asked = shop.house.proxy.asked[before:]
    green = [path for one, path in asked if one == rule.rsplit("/", 2)[-2]]
    assert 45 <= len(green) <= 55
    assert {*green} == {"/orders", "/orders/1"}
    assert green == [path for one, path in asked if one == shop.rule.rsplit("/", 2)[-2]], "blue the same"
    await shop.until("SUCCESSFUL")
    await shop.house.advance(15)
    end = (await ledger(shop))[-1].body
    assert end["synthetic"]["test"] == end["synthetic"]["production"] == len(shop.house.proxy.asked) / 2
