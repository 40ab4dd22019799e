"""Services that consume events: their releases are judged by what the consumers report to CloudWatch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bambe.evidence.ledger import Record, check, is_closed
from bambe.kernel.errors import InternalFailure
from tests.support.house import SUBNET
from tests.support.mortal import MortalHouse
from tests.unit.services.ecs.test_evidence import ledger
from tests.unit.services.ecs.test_shifting import SERVICES, Shop

NAMES = {
    "handled": "EventsHandled",
    "failed": "EventsFailed",
    "dead": "EventsDeadLettered",
    "behind": "EventsBehind",
    "partitions": "PartitionsOwned",
}
KEPT_UP = {"handled": 180, "behind": 9, "partitions": 9}


class Consumers:
    """The tasks of a service without a load balancer, which report as the helper in them does."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    async def open(self, minutes: int, **tags: str) -> None:
        """The service with its first version, steady; a bake time of so many minutes."""
        shop = self.shop
        await shop.aws.ecs.create_cluster(clusterName="shop")
        first = await shop.define("images.example/orders:1")
        await shop.aws.ecs.create_service(
            cluster="shop", serviceName="orders", taskDefinition=first, desiredCount=2, launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": [SUBNET]}},
            deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": minutes},
            tags=[{"key": f"bambe:{key}", "value": value} for key, value in tags.items()],
        )  # fmt: skip
        await shop.house.advance(15)

    async def report(self, which: str, **told: int) -> None:
        """What the tasks of the old or the new version say of the last second."""
        deployments = (await self.shop.shown())["deployments"]
        id = next(one["id"] for one in deployments if (one["status"] == "PRIMARY") == (which == "green"))
        where = {"ClusterName": "shop", "ServiceName": "orders", "Version": id}
        dimensions = [{"Name": name, "Value": value} for name, value in where.items()]
        data = [
            {"MetricName": NAMES[name], "Dimensions": dimensions, "Value": float(value), "Unit": "Count"}
            for name, value in told.items()
        ]
        await self.shop.aws.cloudwatch.put_metric_data(Namespace="Bambe/Consumers", MetricData=data)

    async def each_second(self, seconds: int, blue: dict[str, int], green: dict[str, int]) -> None:
        """So many, or until the release goes back."""
        for _ in range(seconds):
            await self.report("blue", **blue)
            await self.report("green", **green)
            await self.shop.house.advance(1)
            if await self.status() != "IN_PROGRESS":
                return

    async def canary(self) -> None:
        """A release, up to where the new version has its share of the partitions."""
        await self.shop.release()
        await self.shop.until("BAKE_TIME")

    async def status(self) -> str:
        return str((await self.shop.deployment())["status"])


@pytest.fixture(params=[60])
async def consumers(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Consumers]:
    house = MortalHouse(tmp_path, (*SERVICES, "cloudwatch"), scale=request.param)
    await house.start()
    yield Consumers(Shop(house))
    await house.stop()


def verdicts(records: list[Record]) -> list[Any]:
    return [record.body["verdict"] for record in records if record.kind == "verdict"]


async def test_a_version_that_fails_events_goes_back_though_nothing_leads_to_it(consumers: Consumers) -> None:
    await consumers.open(60, events="canary", analysis="rollback")
    before = (await consumers.shop.shown())["taskDefinition"]
    await consumers.canary()
    await consumers.each_second(10, KEPT_UP, {"handled": 10, "failed": 10, "partitions": 1})
    back = await consumers.shop.until("ROLLBACK_SUCCESSFUL", 10)
    assert "rolled back because the new version fails more events: 50 % of" in back["statusReason"]
    assert "against 0 % of the old one's" in back["statusReason"]
    await consumers.shop.house.advance(15)
    assert (await consumers.shop.shown())["taskDefinition"] == before
    records = await ledger(consumers.shop)
    check(records)
    assert is_closed(records)
    assert verdicts(records)[-1] == records[-1].body["verdict"] == "worse"


async def test_killed_at_every_moment_it_still_goes_back(consumers: Consumers) -> None:
    await consumers.open(60, events="canary", analysis="rollback")
    await consumers.canary()
    house = consumers.shop.house
    for number in range(30):
        if await consumers.status() != "IN_PROGRESS":
            break
        await consumers.report("blue", **KEPT_UP)
        await consumers.report("green", handled=10, failed=10, partitions=1)
        house.fate.set(1 + number % 3, number % 2 == 0)
        await house.advance(1)
        house.restart()
    back = await consumers.shop.until("ROLLBACK_SUCCESSFUL", 10)
    assert "fails more events" in back["statusReason"]


@pytest.mark.parametrize("consumers", [1], indirect=True)
async def test_reports_that_cloudwatch_keeps_by_the_minute_will_do(consumers: Consumers) -> None:
    """As it does outside rehearsals: what the minute has of before the release does not count."""
    await consumers.open(1, events="canary", analysis="rollback")
    await consumers.shop.house.advance(10)
    await consumers.report("green", handled=100, failed=100)  # the only version so far: the old one
    await consumers.canary()
    assert consumers.shop.house.clock.now().second >= 10, "in the middle of a minute"
    await consumers.each_second(50, KEPT_UP, {"handled": 20, "behind": 1, "partitions": 1})
    await consumers.shop.until("SUCCESSFUL")
    await consumers.shop.house.advance(15)
    records = await ledger(consumers.shop)
    events = records[-1].body["events"]
    assert (events["blue"]["handled"], events["blue"]["failed"]) == (50 * 180, 0)
    assert events["green"]["handled"] == 50 * 20
    assert [one for one in verdicts(records) if one == "worse"] == []


async def test_so_does_one_that_sends_more_to_the_dead_letters(consumers: Consumers) -> None:
    await consumers.open(60, events="canary", analysis="rollback")
    await consumers.canary()
    await consumers.each_second(10, {**KEPT_UP, "failed": 2}, {"handled": 10, "dead": 10, "partitions": 1})
    back = await consumers.shop.until("ROLLBACK_SUCCESSFUL", 10)
    assert "the new version sends more events to the dead letters: 50 % of" in back["statusReason"]


async def test_and_one_that_falls_behind(consumers: Consumers) -> None:
    await consumers.open(200, events="canary", analysis="rollback")
    await consumers.canary()
    for second in range(80):
        green = {"handled": 5, "behind": 20 * second, "partitions": 1}
        await consumers.each_second(1, KEPT_UP, green)
        if await consumers.status() != "IN_PROGRESS":
            break
    back = await consumers.shop.until("ROLLBACK_SUCCESSFUL", 10)
    assert "the new version falls behind: its partitions are" in back["statusReason"]
    assert second > 60, "not before it has been so for a minute"


async def test_a_good_version_is_better_and_stays(consumers: Consumers) -> None:
    await consumers.open(100, events="canary", analysis="rollback")
    await consumers.canary()
    await consumers.each_second(90, KEPT_UP, {"handled": 20, "behind": 1, "partitions": 1})
    await consumers.shop.until("SUCCESSFUL")
    await consumers.shop.house.advance(15)
    records = await ledger(consumers.shop)
    assert verdicts(records) == ["inconclusive", "better"]
    end = records[-1].body
    assert end["events"]["blue"] == {
        "handled": 90 * 180, "failed": 0, "dead_lettered": 0, "behind_per_partition": 1.0,
    }  # fmt: skip
    assert end["events"]["green"]["handled"] == 90 * 20
    during = [one.body["events"] for one in records if one.kind == "count"]
    assert during[5]["green"]["behind_per_partition"] == 1.0
    assert records[0].body["events"] == "canary"


async def test_without_the_tag_nobody_asks(consumers: Consumers) -> None:
    await consumers.open(30, analysis="rollback")
    await consumers.canary()
    await consumers.each_second(20, KEPT_UP, {"failed": 20, "partitions": 1})
    await consumers.shop.until("SUCCESSFUL")
    await consumers.shop.house.advance(15)
    records = await ledger(consumers.shop)
    assert verdicts(records) == []
    assert not any("events" in record.body for record in records)


async def test_a_tag_that_comes_too_late_is_for_the_next_release(consumers: Consumers) -> None:
    await consumers.open(30, analysis="rollback")
    await consumers.canary()
    tags = [{"key": "bambe:events", "value": "canary"}]
    await consumers.shop.aws.ecs.tag_resource(
        resourceArn=(await consumers.shop.shown())["serviceArn"], tags=tags
    )
    await consumers.each_second(20, KEPT_UP, {"failed": 20, "partitions": 1})
    await consumers.shop.until("SUCCESSFUL")


async def test_reported_only_where_nobody_asked_for_more(consumers: Consumers) -> None:
    await consumers.open(30, events="canary")
    await consumers.canary()
    await consumers.each_second(10, KEPT_UP, {"failed": 20, "partitions": 1})
    await consumers.shop.until("SUCCESSFUL")
    await consumers.shop.house.advance(15)
    assert (await ledger(consumers.shop))[-1].body["verdict"] == "worse"


async def test_killed_at_every_moment_each_event_is_counted_once(consumers: Consumers) -> None:
    await consumers.open(60, events="canary", analysis="rollback")
    await consumers.report("green", handled=1000, failed=1000)  # the only version so far: the old one
    await consumers.canary()
    reported = {"blue": 0, "green": 0}
    for number in range(50):
        for name, each in (("blue", 90 + number % 7), ("green", 10 + number % 3)):
            await consumers.report(name, handled=each, partitions=1)
            reported[name] += each
        consumers.shop.house.fate.set(1 + number % 3, number % 2 == 0)
        await consumers.shop.house.advance(1)
        consumers.shop.house.restart()
    await consumers.shop.until("SUCCESSFUL")
    await consumers.shop.house.advance(15)
    records = await ledger(consumers.shop)
    assert is_closed(records)
    events = records[-1].body["events"]
    assert {name: events[name]["handled"] for name in events} == reported
    assert events["blue"]["failed"] == 0, "what was reported before it began"


async def test_cloudwatch_that_cannot_say_is_asked_again(consumers: Consumers) -> None:
    """One that answers every third time only: sums lose nothing."""
    await consumers.open(60, events="canary")
    await consumers.canary()
    service = consumers.shop.house.services["cloudwatch"]
    real, asked = service.operations["get_metric_data"], []

    async def moody(call: Any, request: Any) -> Any:
        asked.append(request)
        if len(asked) % 3:
            raise InternalFailure("not now")
        return await real(call, request)

    service.operations["get_metric_data"] = moody
    await consumers.each_second(30, KEPT_UP, {"handled": 20, "partitions": 1})
    service.operations["get_metric_data"] = real
    assert len(asked) <= 62, "once a look, of which a test's house has two a second"
    await consumers.shop.until("SUCCESSFUL")
    await consumers.shop.house.advance(15)
    events = (await ledger(consumers.shop))[-1].body["events"]
    assert (events["blue"]["handled"], events["green"]["handled"]) == (30 * 180, 30 * 20)


async def test_a_service_behind_a_balancer_is_judged_by_both(tmp_path: Path) -> None:
    house = MortalHouse(tmp_path, (*SERVICES, "cloudwatch"), scale=60)
    await house.start()
    shop = Shop(house)
    both = Consumers(shop)
    await shop.open(canaryConfiguration={"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 60})
    for key, value in (("bambe:events", "canary"), ("bambe:analysis", "rollback")):
        arn = (await shop.shown())["serviceArn"]
        await shop.aws.ecs.tag_resource(resourceArn=arn, tags=[{"key": key, "value": value}])
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await both.each_second(8, KEPT_UP, {"handled": 10, "failed": 10, "partitions": 1})
    back = await shop.until("ROLLBACK_SUCCESSFUL", 10)
    assert "fails more events" in back["statusReason"]
    await house.stop()
