"""How long a stack waits for a resource: up to its type's limit, whoever dies meanwhile."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bambe.kernel.clock import ManualClock
from bambe.services.cloudformation.model import StackStatus
from bambe.services.cloudformation.tables import EVENTS
from tests.support.house import House
from tests.unit.services.cloudformation.cloud import LIMIT, Cloud
from tests.unit.services.cloudformation.test_worlds import Wanted, World

S = StackStatus
EVER = 10**9
TIMED_OUT = "Resource timed out waiting for completion"


def one(value: str = "v1", name: str = "n1") -> Wanted:
    return {"A": {"Name": name, "Value": value, "Needs": []}}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World(Cloud()) as made:
        made.clock = ManualClock(scale=60)  # a rehearsal's clock shortens waits, not work
        yield made


async def after(world: World, seconds: float) -> StackStatus:
    """The stack's status so much later."""
    await world.clock.advance(seconds - 1)
    return (await world.passes(1)).status


async def reasons(world: World, status: str) -> list[str]:
    events = await world.store.read(EVENTS.list)
    return [event.reason for event in events if (event.logical_id, event.status) == ("A", status)]


async def test_a_creation_that_never_ends_fails_at_the_limit(world: World) -> None:
    world.cloud.stuck = True
    await world.begin_creating(one())
    assert await after(world, 1) == S.CREATE_IN_PROGRESS
    assert await after(world, LIMIT.total_seconds() - 1) == S.CREATE_IN_PROGRESS
    assert await after(world, 1) == S.ROLLBACK_COMPLETE
    assert [reason.startswith(TIMED_OUT) for reason in await reasons(world, "CREATE_FAILED")] == [True]
    assert world.cloud.things == {}


async def test_an_update_that_never_ends_is_taken_back_with_a_limit_of_its_own(world: World) -> None:
    await world.create(one("v1"))
    world.cloud.stuck = True
    await world.begin_updating(one("v2"))
    assert await after(world, 1) == S.UPDATE_IN_PROGRESS
    assert await after(world, LIMIT.total_seconds()) == S.UPDATE_ROLLBACK_IN_PROGRESS
    assert [reason.startswith(TIMED_OUT) for reason in await reasons(world, "UPDATE_FAILED")] == [True]
    assert await after(world, LIMIT.total_seconds() - 1) == S.UPDATE_ROLLBACK_IN_PROGRESS
    world.cloud.stuck = False
    assert (await world.settled()).status == S.UPDATE_ROLLBACK_COMPLETE
    assert world.cloud.values() == {"A": ("n1", "v1")}


async def test_what_became_ready_while_nobody_looked_is_in_time(world: World) -> None:
    world.cloud.stuck = True
    await world.begin_creating(one())
    await world.passes(1)
    world.cloud.stuck = False
    assert await after(world, 2 * LIMIT.total_seconds()) == S.CREATE_COMPLETE


async def test_a_deletion_refused_for_good_fails_with_the_services_words(world: World) -> None:
    await world.create(one())
    world.cloud.busy = EVER
    await world.begin_deleting()
    assert await after(world, 1) == S.DELETE_IN_PROGRESS
    assert await after(world, LIMIT.total_seconds() - 1) == S.DELETE_IN_PROGRESS
    assert await after(world, 1) == S.DELETE_FAILED
    assert ["is in use (StillInUse)" in reason for reason in await reasons(world, "DELETE_FAILED")] == [True]
    await world.begin_deleting()
    assert await after(world, 1) == S.DELETE_IN_PROGRESS
    world.cloud.busy = 0
    assert (await world.settled()).status == S.DELETE_COMPLETE


async def test_a_deletion_that_never_ends_fails_at_the_limit(world: World) -> None:
    await world.create(one())
    world.cloud.lingering = EVER
    await world.begin_deleting()
    assert await after(world, 1) == S.DELETE_IN_PROGRESS
    assert await after(world, LIMIT.total_seconds()) == S.DELETE_FAILED
    assert [reason.startswith(TIMED_OUT) for reason in await reasons(world, "DELETE_FAILED")] == [True]


@pytest.mark.parametrize("why", ["busy", "lingering"])
async def test_what_a_replacement_left_and_nobody_can_delete_is_given_up(world: World, why: str) -> None:
    await world.create(one(name="n1"))
    setattr(world.cloud, why, EVER)
    await world.begin_updating(one(name="n2"))
    assert await after(world, 1) == S.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
    assert await after(world, LIMIT.total_seconds() - 1) == S.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
    assert await after(world, 1) == S.UPDATE_COMPLETE


async def create(house: House, **resources: Any) -> str:
    body = json.dumps({"Resources": resources})
    answer = await house.aws.cloudformation.create_stack(StackName="s", TemplateBody=body)
    return str(answer["StackId"])


async def status(house: House, stack: str) -> str:
    answer = await house.aws.cloudformation.describe_stacks(StackName=stack)
    return str(answer["Stacks"][0]["StackStatus"])


NAMES = {
    "Namespace": {"Type": "AWS::ServiceDiscovery::HttpNamespace", "Properties": {"Name": "shop"}},
    "Service": {
        "Type": "AWS::ServiceDiscovery::Service",
        "Properties": {"Name": "orders", "NamespaceId": {"Ref": "Namespace"}},
    },
}


async def test_a_name_whose_last_instance_is_just_leaving_is_deleted_after_it(house: House) -> None:
    stack = await create(house, **NAMES)
    await house.advance(5)
    cloud = house.aws.servicediscovery
    (service,) = (await cloud.list_services())["Services"]
    where = {"ServiceId": service["Id"], "InstanceId": "i1"}
    await cloud.register_instance(**where, Attributes={"AWS_INSTANCE_IPV4": "10.200.0.1"})
    await house.aws.cloudformation.delete_stack(StackName="s")
    await house.advance(60)
    assert await status(house, stack) == "DELETE_IN_PROGRESS"
    await cloud.deregister_instance(**where)
    await house.advance(5)
    assert await status(house, stack) == "DELETE_COMPLETE"


async def test_a_name_whose_instances_stay_is_not_deleted(house: House) -> None:
    stack = await create(house, **NAMES)
    await house.advance(5)
    cloud = house.aws.servicediscovery
    (service,) = (await cloud.list_services())["Services"]
    address = {"AWS_INSTANCE_IPV4": "10.200.0.1"}
    await cloud.register_instance(ServiceId=service["Id"], InstanceId="i1", Attributes=address)
    await house.aws.cloudformation.delete_stack(StackName="s")
    await house.advance(360, step=30)
    assert await status(house, stack) == "DELETE_FAILED"
    events = (await house.aws.cloudformation.describe_stack_events(StackName=stack))["StackEvents"]
    (why,) = [
        one["ResourceStatusReason"]
        for one in events
        if (one["LogicalResourceId"], one["ResourceStatus"]) == ("Service", "DELETE_FAILED")
    ]
    assert "Service contains registered instances" in why


async def test_a_service_whose_tasks_never_run_fails_after_three_hours(house: House) -> None:
    house.containers.running = False
    subnets = [one["SubnetId"] for one in (await house.aws.ec2.describe_subnets())["Subnets"]]
    stack = await create(
        house,
        Cluster={"Type": "AWS::ECS::Cluster"},
        Definition={
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Family": "web",
                "NetworkMode": "awsvpc",
                "RequiresCompatibilities": ["FARGATE"],
                "Cpu": "256",
                "Memory": "512",
                "ContainerDefinitions": [{"Name": "web", "Image": "localhost:4566/web:1"}],
            },
        },
        Service={
            "Type": "AWS::ECS::Service",
            "Properties": {
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "Definition"},
                "LaunchType": "FARGATE",
                "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": subnets}},
            },
        },
    )
    await house.advance(5)
    await house.advance(3 * 3600 - 60, step=900)
    assert await status(house, stack) == "CREATE_IN_PROGRESS"
    await house.advance(180, step=30)
    assert await status(house, stack) == "ROLLBACK_COMPLETE"
    events = (await house.aws.cloudformation.describe_stack_events(StackName=stack))["StackEvents"]
    (why,) = [one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "CREATE_FAILED"]
    assert why.startswith(TIMED_OUT)
