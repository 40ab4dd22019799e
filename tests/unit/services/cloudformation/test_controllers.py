"""A service goes over from CodeDeploy to ECS by an update of its stack, and not back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.project import Project, parse
from bambe.synth import Names, appspec, service_template, stacks, task_definition
from bambe.synth.native import PRIMARY
from bambe.synth.service import WEIGHTS
from tests.support.house import ACCOUNT, REGION, House
from tests.unit.services.cloudformation.test_aws_stacks import make
from tests.unit.services.cloudformation.test_shop import settled

TEXT = """
project: shop
test_port: 8443
release: {strategy: canary, percent: 10, interval: 2m, keep_old: 3m}
services:
  orders: {path: s/orders, port: 8080, route: "/orders*", tasks: 2}
"""
BY_CODEDEPLOY = parse(TEXT)
BY_ECS = parse(TEXT.replace("strategy:", "controller: ecs, strategy:"))
NAMES = Names("shop")
STACK = NAMES.stack("orders")
CODEDEPLOYS = {"Application", "Config", "DeployRole", "Group"}


class Shop:
    """One service with its stacks, as it would be on AWS."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.aws = house.aws

    async def open(self) -> None:
        for stack in stacks(BY_CODEDEPLOY):
            await make(self.house, stack)

    async def define(self, version: int) -> str:
        request = task_definition(BY_CODEDEPLOY, "orders", f"localhost:4566/shop:{version}", ACCOUNT, REGION)
        answer = await self.aws.ecs.register_task_definition(**request)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    async def begin(self, definition: str) -> str:
        """CodeDeploy begins to release a task definition."""
        content = json.dumps(appspec(BY_CODEDEPLOY, "orders", definition))
        answer = await self.aws.codedeploy.create_deployment(
            applicationName=NAMES.application("orders"),
            deploymentGroupName=NAMES.group("orders"),
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
        )
        return str(answer["deploymentId"])

    async def release(self, version: int) -> str:
        """CodeDeploy releases a version to its end; its task definition."""
        definition = await self.define(version)
        deployment = await self.begin(definition)
        for _ in range(120):
            await self.house.advance(10, step=5)
            shown = await self.aws.codedeploy.get_deployment(deploymentId=deployment)
            if shown["deploymentInfo"]["status"] == "Succeeded":
                await self.house.advance(60, step=5)
                return definition
        raise AssertionError(shown)

    async def service(self) -> dict[str, Any]:
        answer = await self.aws.ecs.describe_services(cluster="shop", services=["orders"])
        return dict(answer["services"][0])

    async def tasks(self) -> list[str]:
        answer = await self.aws.ecs.list_tasks(cluster="shop", serviceName="orders")
        return sorted(answer["taskArns"])

    async def resource(self, logical: str) -> str:
        answer = await self.aws.cloudformation.describe_stack_resources(
            StackName=STACK, LogicalResourceId=logical
        )
        return str(answer["StackResources"][0]["PhysicalResourceId"])

    async def weights(self, rule: str = "Rule") -> tuple[int, int]:
        """Of blue and of green."""
        rules = await self.aws.elbv2.describe_rules(RuleArns=[await self.resource(rule)])
        forward = rules["Rules"][0]["Actions"][0]["ForwardConfig"]["TargetGroups"]
        said = {one["TargetGroupArn"]: one["Weight"] for one in forward}
        blue, green = await self.resource("BlueTargets"), await self.resource("GreenTargets")
        return said[blue], said[green]

    async def words(self, project: Project, **given: str) -> dict[str, Any]:
        """An update's parameters: what is not given stays."""
        template = service_template(project, "orders")
        return {
            "StackName": STACK,
            "TemplateBody": json.dumps(template),
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": given[name]}
                if name in given
                else {"ParameterKey": name, "UsePreviousValue": True}
                for name in template["Parameters"]
            ],
        }

    async def changes(self, project: Project, **given: str) -> dict[str, dict[str, Any]]:
        """What an update would do, by logical id."""
        asked = await self.words(project, **given)
        await self.aws.cloudformation.create_change_set(**asked, ChangeSetName="look")
        shown = await self.aws.cloudformation.describe_change_set(ChangeSetName="look", StackName=STACK)
        await self.aws.cloudformation.delete_change_set(ChangeSetName="look", StackName=STACK)
        return {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in shown["Changes"]}

    async def update(self, project: Project, **given: str) -> str:
        """The stack's status after an update, with what failed of it."""
        await self.aws.cloudformation.update_stack(**await self.words(project, **given))
        return await settled(self.house, STACK)

    async def applications(self) -> list[str]:
        return list((await self.aws.codedeploy.list_applications())["applications"])


@pytest.fixture
async def shop(house: House) -> Shop:
    made = Shop(house)
    await made.open()
    return made


@pytest.mark.parametrize(("releases", "carried"), [(0, False), (1, False), (1, True), (2, True)])
async def test_a_service_goes_over_with_its_tasks_and_its_traffic(
    shop: Shop, releases: int, carried: bool
) -> None:
    """`carried`: the stack is told beforehand which weights are live, and now which task definition, as
    `bambe up` does it."""
    for version in range(releases):
        await shop.release(version)
    colour, before = ("blue", "green")[releases % 2], await shop.weights()
    assert [bool(one) for one in before] == [colour == "blue", colour == "green"]
    tasks, (live,) = await shop.tasks(), (await shop.service())["taskSets"]
    given = {PRIMARY: colour}
    if carried:
        weights = dict(zip(WEIGHTS, map(str, before), strict=True))
        assert await shop.update(BY_CODEDEPLOY, **weights) == "UPDATE_COMPLETE"
        assert await shop.weights() == before
        given["TaskDefinition"] = str(live["taskDefinition"])

    changes = await shop.changes(BY_ECS, **given)
    assert changes["Service"]["Replacement"] == "False"
    assert not {"BlueTargets", "GreenTargets", "Rule", "TestRule"} & set(changes)
    removed = {name for name, one in changes.items() if one["Action"] == "Remove"}
    assert (removed, changes["ShiftRole"]["Action"]) == (CODEDEPLOYS, "Add")

    assert await shop.update(BY_ECS, **given) == "UPDATE_COMPLETE"
    shown = await shop.service()
    (deployment,) = shown["deployments"]
    assert (deployment["rolloutState"], deployment["taskDefinition"]) == ("COMPLETED", live["taskDefinition"])
    assert await shop.tasks() == tasks
    assert await shop.weights() == before
    assert await shop.applications() == []
    (balancer,) = shown["loadBalancers"]
    assert balancer["targetGroupArn"] == await shop.resource(f"{colour.capitalize()}Targets")
    with pytest.raises(Exception, match="No updates are to be performed"):
        await shop.update(BY_ECS)


async def released(shop: Shop, version: int) -> list[tuple[int, int]]:
    """ECS releases a version; the weights on the way, from those before."""
    seen = [await shop.weights()]
    definition = await shop.define(version)
    await shop.aws.ecs.update_service(cluster="shop", service="orders", taskDefinition=definition)
    for _ in range(200):
        await shop.house.advance(10, step=5)
        if (weights := await shop.weights()) != seen[-1]:
            seen.append(weights)
        shown = await shop.service()
        if len(shown["deployments"]) == 1 and shown["deployments"][0]["rolloutState"] == "COMPLETED":
            assert shown["taskDefinition"] == definition
            return seen
    raise AssertionError(shown)


@pytest.mark.parametrize("told", ["green", "blue"])
async def test_the_next_release_shifts_from_what_is_live(shop: Shop, told: str) -> None:
    """Also where the stack was given the other order of the two."""
    await shop.release(1)
    assert await shop.update(BY_ECS, **{PRIMARY: told}) == "UPDATE_COMPLETE"
    assert await released(shop, 2) == [(0, 100), (10, 90), (100, 0)]
    assert await released(shop, 3) == [(100, 0), (90, 10), (0, 100)]


async def test_there_is_no_way_back(shop: Shop) -> None:
    assert await shop.update(BY_ECS, **{PRIMARY: "blue"}) == "UPDATE_COMPLETE"
    await released(shop, 1)
    tasks, weights, before = await shop.tasks(), await shop.weights(), await shop.service()
    said = await shop.update(BY_CODEDEPLOY)
    assert said.startswith("UPDATE_ROLLBACK_COMPLETE")
    assert "Unable to change the deployment controller from ECS to CODE_DEPLOY." in said
    after = await shop.service()
    assert after["deploymentController"] == {"type": "ECS"}
    assert [one["id"] for one in after["deployments"]] == [one["id"] for one in before["deployments"]]
    assert (await shop.tasks(), await shop.weights()) == (tasks, weights)
    assert await shop.applications() == []


async def test_ecs_does_not_take_over_while_codedeploy_releases(shop: Shop) -> None:
    deployment = await shop.begin(await shop.define(1))
    await shop.house.advance(60, step=5)
    said = await shop.update(BY_ECS, **{PRIMARY: "blue"})
    assert said.startswith("UPDATE_ROLLBACK_COMPLETE")
    assert "more than one active task set" in said
    assert await shop.applications() == [NAMES.application("orders")]
    for _ in range(60):
        await shop.house.advance(10, step=5)
    shown = await shop.aws.codedeploy.get_deployment(deploymentId=deployment)
    assert shown["deploymentInfo"]["status"] == "Succeeded"
    assert await shop.weights() == (0, 100)


async def test_a_second_service_takes_the_route_over(shop: Shop) -> None:
    """The way back without downtime: it is there before its rule comes before the other's."""

    def with_second(route: str) -> Project:
        second = f'  orders2: {{path: s/orders, port: 8080, route: "{route}"}}\n'
        return parse(TEXT.replace("services:\n", f"services:\n{second}"))

    assert await shop.update(BY_ECS, **{PRIMARY: "blue"}) == "UPDATE_COMPLETE"
    beside = with_second("/orders2/*")
    made = [one for one in stacks(beside) if one.service == "orders2"]
    for stack in made:
        await make(shop.house, stack)
    (listener,) = await listeners(shop)
    assert await order(shop, listener) == ["/orders2/*", "/orders*"]
    instead = with_second("/orders**")
    template = service_template(instead, "orders2")
    kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in template["Parameters"]]
    await shop.aws.cloudformation.update_stack(
        StackName=NAMES.stack("orders2"),
        TemplateBody=json.dumps(template),
        Parameters=kept,
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert await settled(shop.house, NAMES.stack("orders2")) == "UPDATE_COMPLETE"
    assert await order(shop, listener) == ["/orders**", "/orders*"]
    shown = await shop.aws.ecs.describe_services(cluster="shop", services=["orders2"])
    assert shown["services"][0]["runningCount"] == 1
    assert shown["services"][0]["deploymentController"] == {"type": "CODE_DEPLOY"}


async def listeners(shop: Shop) -> list[str]:
    """Those of the production traffic."""
    (balancer,) = (await shop.aws.elbv2.describe_load_balancers())["LoadBalancers"]
    found = await shop.aws.elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])
    return [one["ListenerArn"] for one in found["Listeners"] if one["Port"] == 443]


async def order(shop: Shop, listener: str) -> list[str]:
    """The patterns of a listener's rules, as it goes through them."""
    rules = (await shop.aws.elbv2.describe_rules(ListenerArn=listener))["Rules"]
    ranked = sorted((one for one in rules if not one["IsDefault"]), key=lambda one: int(one["Priority"]))
    return [one["Conditions"][0]["PathPatternConfig"]["Values"][0] for one in ranked]
