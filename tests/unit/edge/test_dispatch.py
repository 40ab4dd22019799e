"""One way in: what is not there is said by name, and endless chains of calls end."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.edge.dispatch import Dispatcher
from bambe.kernel.call import Answer, Call, Caller, Site
from bambe.kernel.clock import ManualClock
from bambe.kernel.errors import NotImplementedByBambe, ThrottlingException, UnknownOperationException
from bambe.services import Service
from bambe.wire import Models

CALLER = Caller("000000000000", "eu-central-1", "arn:aws:iam::000000000000:root")
SITE = Site("", "", "", "", CALLER.account, CALLER.region)


async def list_clusters(call: Call, request: Any) -> Answer:
    return {"clusterArns": [call.arn("ecs", "cluster/x")]}


async def describe_clusters(call: Call, request: Any) -> Answer:
    return await call.aws.ecs.describe_clusters()


def dispatcher() -> Dispatcher:
    operations = {"list_clusters": list_clusters, "describe_clusters": describe_clusters}
    service = Service("ecs", operations)
    return Dispatcher({"ecs": service}, Models(["ecs"]), None, ManualClock(), SITE)  # type: ignore[arg-type]


async def test_an_operation_answers() -> None:
    aws = dispatcher().aws(CALLER)
    assert await aws.ecs.list_clusters() == {
        "clusterArns": ["arn:aws:ecs:eu-central-1:000000000000:cluster/x"]
    }
    moved = aws.within("111111111111", "us-east-1")
    assert "us-east-1:111111111111" in (await moved.ecs.list_clusters())["clusterArns"][0]


@pytest.mark.parametrize(
    ("service", "operation", "named"),
    [
        ("ecs", "create_cluster", "ecs:CreateCluster"),
        ("s3", "list_buckets", "s3:ListBuckets"),
        ("application_autoscaling", "put_scaling_policy", "application-autoscaling:PutScalingPolicy"),
    ],
)
async def test_what_is_not_there_is_named_as_aws_names_it(service: str, operation: str, named: str) -> None:
    with pytest.raises(NotImplementedByBambe, match=f"^{named} is not implemented by Bambe$"):
        await getattr(getattr(dispatcher().aws(CALLER), service), operation)()


async def test_what_aws_does_not_have_is_no_operation() -> None:
    with pytest.raises(UnknownOperationException, match="ecs has no operation make_coffee"):
        await dispatcher().aws(CALLER).ecs.make_coffee()


async def test_endless_chains_end() -> None:
    with pytest.raises(ThrottlingException, match="more than 8"):
        await dispatcher().aws(CALLER).ecs.describe_clusters()
