"""The ledger of a release, and what follows from comparing green with blue."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.evidence.ledger import check, is_closed
from tests.unit.services.codedeploy.conftest import Deploy
from tests.unit.services.codedeploy.stand_ins import House
from tests.unit.services.codedeploy.test_wishes import tag


async def traffic(shop: House, seconds: int, **each: Any) -> None:
    """So many seconds with so many requests in each."""
    for _ in range(seconds):
        shop.serve(**each)
        await shop.advance(1)


async def test_every_request_of_a_release_is_in_its_ledger(shop: House, deploy: Deploy) -> None:
    shop.serve(blue=1000)
    id = await deploy()
    await shop.advance(2)
    await traffic(shop, 10, blue=9, green=1)
    await shop.advance(2400, 10)
    records = await shop.ledger(id)
    check(records)
    assert is_closed(records)
    assert [record.kind for record in records][:1] == ["begin"]
    weights = [record.body["weight"] for record in records if record.kind == "weight"]
    assert weights == [10, 100]
    at_ten = next(record for record in records if record.kind == "weight")
    assert at_ten.body["in_flight"] == {"blue": 1, "green": 1}
    end = records[-1].body
    assert end["counts"]["blue"]["requests"] == 90, "what was answered before it began is not counted"
    assert end["counts"]["green"]["requests"] == 10
    assert end["zero_loss"] is True
    assert end["status"] == "Succeeded"
    assert end["revision"]["routes"][0]["conditions"]
    assert end["revision"]["health_check"] == {"HealthCheckPath": "/health"}


async def test_it_says_not_zero_when_a_request_was_dropped(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await shop.advance(2)
    shop.serve(blue=50, green=5, failing=1, dropped=1)
    await shop.advance(2400, 10)
    end = (await shop.ledger(id))[-1].body
    assert end["zero_loss"] is False
    assert end["counts"]["green"]["dropped"] == 1


async def test_after_the_proxy_began_anew_it_does_not_know(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await shop.advance(2)
    shop.proxy.epoch = "another process"
    shop.serve(blue=50, green=5)
    await shop.advance(2400, 10)
    end = (await shop.ledger(id))[-1].body
    assert end["zero_loss"] is None
    assert end["gaps"] == 1


async def test_killed_at_every_moment_the_ledger_is_whole(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    for _ in range(700):
        shop.restart()
        shop.serve(blue=9, green=1)
        await shop.advance(4, 4)
    records = await shop.ledger(id)
    check(records)
    assert is_closed(records)
    assert [record.body["weight"] for record in records if record.kind == "weight"] == [10, 100]


async def test_a_worse_version_is_rolled_back_within_seconds(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await tag(shop, "bambe:analysis", "rollback")
    await shop.advance(2)
    await traffic(shop, 3, blue=180, green=20, failing=10)
    await shop.advance(4)
    info = await shop.info(id)
    assert info["status"] == "Failed"
    assert info["errorInformation"]["code"] == "HEALTH_CONSTRAINTS"
    assert "the new version fails more often: 50 % of" in info["errorInformation"]["message"]
    assert (await shop.info(info["rollbackInfo"]["rollbackDeploymentId"]))["status"] == "Succeeded"
    records = await shop.ledger(id)
    assert records[-1].body["verdict"] == "worse"
    assert "worse" in [record.body.get("verdict") for record in records if record.kind == "verdict"]


async def test_reported_only_where_nobody_asked_for_more(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await shop.advance(2)
    await traffic(shop, 3, blue=180, green=20, failing=10)
    assert (await shop.info(id))["status"] == "InProgress"
    await shop.advance(2400, 10)
    assert (await shop.ledger(id))[-1].body["verdict"] == "worse"


async def test_too_little_traffic_is_inconclusive_and_much_is_better(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await tag(shop, "bambe:analysis", "rollback")
    await shop.advance(2)
    await traffic(shop, 2, blue=9, green=1)
    verdicts = [record.body for record in await shop.ledger(id) if record.kind == "verdict"]
    assert [body["verdict"] for body in verdicts] == ["inconclusive"]
    assert verdicts[0]["why"].startswith("only ")
    await traffic(shop, 60, blue=180, green=20)
    records = await shop.ledger(id)
    assert [record.body["verdict"] for record in records if record.kind == "verdict"][-1] == "better"


async def test_a_rollback_has_a_ledger_of_its_own(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await shop.advance(3)
    await shop.aws.codedeploy.stop_deployment(deploymentId=id, autoRollbackEnabled=True)
    await shop.advance(10)
    back = (await shop.info(id))["rollbackInfo"]["rollbackDeploymentId"]
    records = await shop.ledger(back)
    check(records)
    assert records[0].body["rolls_back"] == id
    assert records[-1].body["status"] == "Succeeded"
    assert is_closed(await shop.ledger(id))


async def report(shop: House, version: str, **told: int) -> None:
    """What the consumers in a task set's tasks say of the last moment."""
    where = {"ClusterName": "shop", "ServiceName": "orders", "Version": version}
    dimensions = [{"Name": name, "Value": value} for name, value in where.items()]
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Value": float(value), "Unit": "Count"}
        for name, value in told.items()
    ]
    await shop.aws.cloudwatch.put_metric_data(Namespace="Bambe/Consumers", MetricData=data)


async def events(shop: House, id: str, seconds: int, failed: int) -> None:
    """So many seconds in which 90 % of the partitions are blue's, and green fails some of its events."""
    for _ in range(seconds):
        if (await shop.info(id))["status"] != "InProgress":
            return
        await report(shop, "ecs-svc/blue", EventsHandled=180, EventsBehind=9, PartitionsOwned=9)
        green = {"EventsHandled": 20 - failed, "EventsFailed": failed}
        await report(shop, f"ecs-svc/{id}", **green, EventsBehind=1, PartitionsOwned=1)
        await shop.advance(1)


async def test_a_version_that_fails_events_is_rolled_back(shop: House, deploy: Deploy) -> None:
    tags = [{"Key": "bambe:events", "Value": "canary"}, {"Key": "bambe:analysis", "Value": "rollback"}]
    id = await deploy(tags=tags)
    await shop.advance(2)
    assert shop.world.share() == 10
    await events(shop, id, 10, failed=10)
    info = await shop.info(id)
    assert info["status"] == "Failed"
    assert "the new version fails more events: 50 % of" in info["errorInformation"]["message"]
    await shop.advance(15)
    end = (await shop.ledger(id))[-1].body
    assert end["verdict"] == "worse"
    assert end["events"]["blue"]["handled"] == 18 * end["events"]["green"]["failed"]


async def test_events_are_in_the_ledger_where_green_is_as_good(shop: House, deploy: Deploy) -> None:
    id = await deploy(tags=[{"Key": "bambe:events", "Value": "canary"}])
    await shop.advance(2)
    await events(shop, id, 30, failed=0)
    await shop.advance(2400, 10)
    end = (await shop.ledger(id))[-1].body
    assert (end["events"]["green"]["handled"], end["events"]["green"]["failed"]) == (600, 0)
    assert end["events"]["blue"]["handled"] == 5400


async def test_a_group_without_the_tag_is_not_judged_by_events(shop: House, deploy: Deploy) -> None:
    id = await deploy(tags=[{"Key": "bambe:analysis", "Value": "rollback"}])
    await shop.advance(2)
    await events(shop, id, 20, failed=20)
    assert (await shop.info(id))["status"] == "InProgress"
    await shop.advance(2400, 10)
    assert not any("events" in record.body for record in await shop.ledger(id))


async def test_few_requests_are_made_up_for_where_that_is_asked(shop: House, deploy: Deploy) -> None:
    id = await deploy(test=True)
    await tag(shop, "bambe:synthetic", "/orders /orders/1")
    await shop.advance(2)
    assert (await shop.info(id))["status"] == "InProgress"
    assert shop.world.share() == 10
    before = len(shop.proxy.asked)
    await shop.advance(10, 1)
    asked = shop.proxy.asked[before:]
    green = [path for listener, path in asked if listener == "3"]
    assert 45 <= len(green) <= 55
    assert {*green} == {"/orders", "/orders/1"}
    assert green == [path for listener, path in asked if listener == "2"], "blue is asked the same"
    await shop.advance(2400, 10)
    end = (await shop.ledger(id))[-1].body
    assert end["synthetic"]["test"] == end["synthetic"]["production"] == len(shop.proxy.asked) / 2


async def test_with_enough_requests_of_others_none_are_made_up(shop: House, deploy: Deploy) -> None:
    await deploy(test=True)
    await tag(shop, "bambe:synthetic", "/orders")
    await shop.advance(4)
    before = len(shop.proxy.asked)
    await traffic(shop, 10, blue=180, green=20)
    assert len(shop.proxy.asked) - before <= 10


@pytest.mark.parametrize("test", [True, False])
async def test_nobody_is_asked_who_did_not_ask_for_it(shop: House, deploy: Deploy, test: bool) -> None:
    await deploy(test=test)
    if not test:
        await tag(shop, "bambe:synthetic", "/orders")
    await shop.advance(400, 1)
    assert shop.proxy.asked == []
