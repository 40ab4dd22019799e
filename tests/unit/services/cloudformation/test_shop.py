"""The shop's own templates over every service (its Kafka with users): made, changed, deleted whole."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bambe.control import Runner
from bambe.kernel.call import Answer, Aws, Caller
from bambe.project import parse
from bambe.project.events import Events
from bambe.services.cloudformation.reconciler import reconcilers
from bambe.synth import Names, events_template, stacks, task_definition
from bambe.synth.events import AUTHORITY, SERVERS, parameter
from tests.support.house import ACCOUNT, REGION, House
from tests.unit.services.cloudformation.cloud import Killed

EXAMPLE = Path(__file__).parents[4] / "examples" / "shop" / "bambe.yml"
SHOP = parse(EXAMPLE.read_text().replace("kafka: 3.9.x", "kafka: 3.9.x\n  access: scram"))
NAMES = Names(SHOP.project)
STACKS = {one.name: one for one in stacks(SHOP) if one.kind != "network"}
"""Here there is a network already."""
IMAGE = "localhost:4566/shop:1"
REPOSITORY = "http://localhost:4566/git/shop.git"


def parameters(**values: str) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


async def network(house: House) -> dict[str, str]:
    vpc = (await house.aws.ec2.describe_vpcs())["Vpcs"][0]["VpcId"]
    subnets = [one["SubnetId"] for one in (await house.aws.ec2.describe_subnets())["Subnets"]]
    return {"VpcId": vpc, "SubnetIds": ",".join(subnets)}


async def words(house: House, stack: str) -> dict[str, Any]:
    """CreateStack's (or UpdateStack's) parameters for one of the shop's stacks."""
    made = STACKS[stack]
    known = await network(house) | {"SourceType": "GITHUB", "SourceLocation": REPOSITORY}
    if made.kind == "service":
        family = NAMES.family(made.service)
        known["TaskDefinition"] = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:1"
    said = {name: known[name] for name in made.template.get("Parameters", {}) if name in known}
    return {
        "StackName": stack,
        "TemplateBody": made.body,
        "Parameters": parameters(**said),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }


async def settled(house: House, stack: str) -> str:
    """The stack's status when it rests, or why it failed."""
    cloudformation = house.aws.cloudformation
    for _ in range(100):
        await house.advance(30, step=10)
        (one,) = (await cloudformation.describe_stacks(StackName=stack))["Stacks"]
        status = str(one["StackStatus"])
        if not status.endswith("_IN_PROGRESS"):
            break
    events = (await cloudformation.describe_stack_events(StackName=stack))["StackEvents"]
    failed = [
        f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason')}"
        for one in events
        if one["ResourceStatus"].endswith("_FAILED")
    ]
    return "\n".join([status, *failed])


async def create_everything(house: House) -> None:
    for stack in (NAMES.shared_stack, NAMES.events_stack):
        await create(house, stack)
    for what in (SERVERS["scram"], AUTHORITY):  # as `bambe up` does
        await house.aws.ssm.put_parameter(Name=parameter(NAMES, what), Value="there", Type="String")
    await create(house, *(NAMES.build_stack(service) for service in SHOP.services))
    for service in SHOP.services:
        await house.aws.ecs.register_task_definition(**task_definition(SHOP, service, IMAGE, ACCOUNT, REGION))
    await create(house, *(NAMES.stack(service) for service in SHOP.services))


async def create(house: House, *stacks: str) -> None:
    """Create some, side by side."""
    for stack in stacks:
        await house.aws.cloudformation.create_stack(**await words(house, stack))
    for stack in stacks:
        assert await settled(house, stack) == "CREATE_COMPLETE"


async def delete_everything(house: House) -> None:
    """Delete all stacks, after which nothing is there."""
    for stack in reversed(STACKS):
        arn = (await house.aws.cloudformation.describe_stacks(StackName=stack))["Stacks"][0]["StackId"]
        await house.aws.cloudformation.delete_stack(StackName=stack)
        assert await settled(house, arn) == "DELETE_COMPLETE"
    assert (await house.aws.elbv2.describe_load_balancers())["LoadBalancers"] == []
    assert (await house.aws.elbv2.describe_target_groups())["TargetGroups"] == []
    assert (await house.aws.kafka.list_clusters_v2())["ClusterInfoList"] == []
    assert (await house.aws.kafka.list_configurations())["Configurations"] == []
    assert (await house.aws.secretsmanager.list_secrets(IncludePlannedDeletion=True))["SecretList"] == []
    assert await keys(house) == {"PendingDeletion"}
    assert (await house.aws.iam.list_roles())["Roles"] == []
    assert (await house.aws.ecr.describe_repositories())["repositories"] == []
    assert (await house.aws.codebuild.list_projects())["projects"] == []
    assert (await house.aws.codedeploy.list_applications())["applications"] == []
    assert (await house.aws.servicediscovery.list_namespaces())["Namespaces"] == []
    assert (await house.aws.acm.list_certificates())["CertificateSummaryList"] == []
    assert len((await house.aws.ec2.describe_security_groups())["SecurityGroups"]) == 1


async def keys(house: House) -> set[str]:
    """States of the keys there are."""
    ids = [one["KeyId"] for one in (await house.aws.kms.list_keys())["Keys"]]
    return {(await house.aws.kms.describe_key(KeyId=one))["KeyMetadata"]["KeyState"] for one in ids}


@pytest.fixture
async def shop(house: House) -> House:
    """A house with every stack of the shop."""
    await create_everything(house)
    return house


MADE_ANEW = {"SecretString"}
"""What each try says differently, though it is the same call."""


class Killer:
    """The house's API for the stacks' loop, which dies once at each different call, before or after it."""

    def __init__(self, house: House, after: bool) -> None:
        self._house = house
        self._after = after
        self.deaths: set[str] = set()

    async def __call__(
        self, caller: Caller, service: str, operation: str, parameters: Mapping[str, Any], depth: int
    ) -> Answer:
        said = {name: value for name, value in parameters.items() if name not in MADE_ANEW}
        call = json.dumps([service, operation, said], sort_keys=True, default=str)
        dies = call not in self.deaths
        self.deaths.add(call)
        if dies and not self._after:
            raise Killed(call)
        answer = await self._house.dispatcher(caller, service, operation, parameters, depth=depth)
        if dies:
            raise Killed(call)
        return answer


def kill_at_every_call(house: House, after: bool) -> Killer:
    killer = Killer(house, after)
    parts = {**house.parts, "aws": Aws(killer, house.caller)}
    loop, *_ = reconcilers(**{name: parts[name] for name in ("store", "clock", "aws", "resources")})
    runner = Runner(loop, house.clock)
    house.runners[loop.name] = runner
    house.store.listen(runner.changed)
    return killer


@pytest.mark.parametrize("after", [True, False])
async def test_the_shop_survives_a_death_at_every_call(
    house: House, after: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "bambe.control")
    killer = kill_at_every_call(house, after)
    await create_everything(house)
    assert len(killer.deaths) > 100
    await delete_everything(house)


async def test_the_shop_is_made_and_deleted_whole(shop: House) -> None:
    services = await shop.aws.ecs.describe_services(cluster="shop", services=list(SHOP.services))
    wanted = {name: (one.tasks, one.tasks) for name, one in SHOP.services.items()}
    assert {
        one["serviceName"]: (one["desiredCount"], one["runningCount"]) for one in services["services"]
    } == wanted
    with pytest.raises(Exception, match="cannot be deleted as it is in use"):
        await shop.aws.cloudformation.delete_stack(StackName=NAMES.shared_stack)
    await delete_everything(shop)


async def test_nothing_changed_is_nothing_to_do(shop: House) -> None:
    for stack in STACKS:
        with pytest.raises(Exception, match="No updates are to be performed"):
            await shop.aws.cloudformation.update_stack(**await words(shop, stack))


async def test_every_service_has_its_user_and_access_can_be_switched_to_and_fro(shop: House) -> None:
    assert SHOP.events is not None
    mine = {"orders", "notifier", "bambe.cli"}
    tls = SHOP.events.model_copy(update={"access": "tls"})

    async def switched(wish: Events, *also: str) -> set[str]:
        """The brokers' users after an update of the stack."""
        template = events_template(SHOP, wish, also)
        asked = await words(shop, NAMES.events_stack) | {"TemplateBody": json.dumps(template)}
        await shop.aws.cloudformation.update_stack(**asked)
        assert await settled(shop, NAMES.events_stack) == "UPDATE_COMPLETE"
        return await users(shop)

    assert await users(shop) == mine
    assert await switched(tls, "scram") == mine
    assert await switched(tls) == set()
    assert (await shop.aws.secretsmanager.list_secrets())["SecretList"] == []
    assert await switched(SHOP.events, "tls") == mine
    assert await switched(SHOP.events) == mine


async def users(house: House) -> set[str]:
    """Whom the brokers let in."""
    await house.advance(10)
    (found,) = house.brokers.users.values()
    assert all(len(password) == 32 and password.isalnum() for password in found.values())
    return set(found)
