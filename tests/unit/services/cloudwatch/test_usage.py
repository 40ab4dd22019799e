"""AWS/ECS: what the tasks of a service use of what they have reserved."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from bambe.engines.containers.port import Usage
from bambe.services.cloudwatch import usage
from bambe.services.ecs import spec
from tests.support.house import SUBNET, House

MIB = 1024 * 1024


async def open_shop(house: House, count: int) -> None:
    ecs = house.aws.ecs
    await ecs.create_cluster(clusterName="shop")
    await ecs.register_task_definition(
        family="web", cpu="256", memory="512", networkMode="awsvpc", requiresCompatibilities=["FARGATE"],
        containerDefinitions=[{"name": "web", "image": "localhost:4566/web:1"}],
    )  # fmt: skip
    await ecs.create_service(
        cluster="shop", serviceName="web", taskDefinition="web", desiredCount=count,
        networkConfiguration={"awsvpcConfiguration": {"subnets": [SUBNET]}},
    )  # fmt: skip
    await house.advance(5)


async def shown(house: House, metric: str) -> list[dict[str, Any]]:
    now = house.clock.now()
    answer = await house.aws.cloudwatch.get_metric_statistics(
        Namespace="AWS/ECS",
        MetricName=metric,
        Dimensions=[{"Name": "ClusterName", "Value": "shop"}, {"Name": "ServiceName", "Value": "web"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now,
        Period=60,
        Statistics=["Average", "SampleCount", "Maximum"],
    )
    return sorted(answer["Datapoints"], key=lambda one: one["Timestamp"])


async def test_shares_of_what_is_reserved(house: House) -> None:
    await open_shop(house, 2)
    one, other = sorted(house.containers.specs)
    seconds = {one: 0.0, other: 0.0}
    for _ in range(4):
        seconds[one] += 60 * 0.125  # an eighth of a processor, half of what 256 units are
        seconds[other] += 60 * 0.25
        for id, used in seconds.items():
            house.containers.used[id] = Usage(used, 128 * MIB)
        await house.advance(60, step=10)
    points = await shown(house, "CPUUtilization")
    assert [round(point["Average"]) for point in points][-2:] == [75, 75]
    assert (points[-1]["SampleCount"], round(points[-1]["Maximum"])) == (2, 100)
    (last, *_) = reversed(await shown(house, "MemoryUtilization"))
    assert last["Average"] == 25


async def test_without_services_the_engine_is_not_asked(house: House) -> None:
    await house.advance(180, step=60)
    assert house.containers.looked == 0


async def test_the_labels_are_those_of_ecs(tmp_path: Path, house: House) -> None:
    await open_shop(house, 1)
    (task,) = await house.containers.list_tasks()
    assert task.labels[usage.KIND] == spec.KIND == usage.ECS
    names = (usage.ACCOUNT, usage.REGION, usage.CLUSTER, usage.SERVICE, usage.TASK)
    assert all(task.labels[name] for name in names)
