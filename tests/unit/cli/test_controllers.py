"""Who releases a service: what `bambe up` refuses, and what it makes anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bambe.cli.bringing_up import BringingUp
from bambe.cli.controllers import check_controllers, primary_targets
from bambe.cli.stack_requests import KEEP
from bambe.cli.stacks import Stacks
from bambe.cli.trouble import Trouble
from bambe.cli.wanted import Wanted
from tests.unit.cli.stage import shop


class Cluster:
    """Services and the controllers they have."""

    def __init__(self, **controllers: str) -> None:
        self.controllers = controllers

    def describe_services(self, cluster: str, services: list[str]) -> Any:
        if not self.controllers:
            raise ClientError({"Error": {"Code": "ClusterNotFoundException"}}, "DescribeServices")
        return {
            "services": [
                {"serviceName": name, "status": "ACTIVE", "deploymentController": {"type": kind}}
                for name, kind in self.controllers.items()
                if name in services
            ]
        }


class CodeDeploy:
    """Groups of the applications that `missing` says nothing of."""

    def __init__(self, **missing: str) -> None:
        self.missing = missing

    def get_deployment_group(self, applicationName: str, deploymentGroupName: str) -> Any:
        code = self.missing.get(applicationName.rpartition("-")[2])
        if code:
            raise ClientError({"Error": {"Code": code}}, "GetDeploymentGroup")
        return {}


class CloudFormation:
    """Stacks that take every update at once."""

    def __init__(self) -> None:
        self.updates: list[tuple[str, set[str]]] = []
        self.given: dict[str, list[dict[str, Any]]] = {}
        self._waiting: dict[str, set[str]] = {}

    def describe_stacks(self, StackName: str) -> Any:
        outputs = [{"OutputKey": "Service", "OutputValue": StackName}]
        return {"Stacks": [{"StackName": StackName, "StackStatus": "UPDATE_COMPLETE", "Outputs": outputs}]}

    def create_change_set(self, StackName: str, TemplateBody: str, **asked: Any) -> Any:
        self.given[StackName] = asked["Parameters"]
        self._waiting[StackName] = set(json.loads(TemplateBody)["Resources"])
        return {"Id": "change-set"}

    def get_template(self, StackName: str) -> Any:
        """As an earlier Bambe has made it: with another group."""
        resources = {name: {"Type": "X"} for name in ("Application", "Group", "Rule")}
        return {"TemplateBody": {"Resources": resources, "Outputs": {}}}

    def update_stack(self, StackName: str, TemplateBody: str, **asked: Any) -> None:
        self.updates.append((StackName, set(json.loads(TemplateBody)["Resources"])))

    def describe_change_set(self, ChangeSetName: str, **asked: Any) -> Any:
        return {"ChangeSetId": ChangeSetName, "Status": "CREATE_COMPLETE", "Changes": []}

    def execute_change_set(self, StackName: str, **asked: Any) -> Any:
        self.updates.append((StackName, self._waiting[StackName]))

    def get_paginator(self, operation: str) -> Any:
        return self

    def paginate(self, StackName: str) -> Any:
        return []


class Network:
    """The default VPC, and whose account it is."""

    def describe_vpcs(self, **asked: Any) -> Any:
        return {"Vpcs": [{"VpcId": "vpc-1"}]}

    def describe_subnets(self, **asked: Any) -> Any:
        return {"Subnets": [{"SubnetId": "subnet-1"}]}

    def get_caller_identity(self) -> Any:
        return {"Account": "000000000000"}


@pytest.mark.parametrize(
    ("controllers", "says"),
    [
        ({"orders": "ECS", "inventory": "CODE_DEPLOY"}, "ECS releases orders now, .* for it in bambe.yml"),
        ({"orders": "ECS", "inventory": "ECS"}, "ECS releases orders and inventory now, .* for them in"),
    ],
)
def test_what_ecs_releases_is_not_given_back_to_codedeploy(
    tmp_path: Path, controllers: dict[str, str], says: str
) -> None:
    with pytest.raises(Trouble, match=says):
        check_controllers(shop(tmp_path, ecs=Cluster(**controllers)))


def test_all_else_is_left_to_the_stacks(tmp_path: Path) -> None:
    check_controllers(shop(tmp_path, ecs=Cluster()))
    check_controllers(shop(tmp_path, ecs=Cluster(orders="CODE_DEPLOY")))
    by_ecs = {"controller": "ecs"}
    check_controllers(shop(tmp_path, release=by_ecs, ecs=Cluster(orders="ECS", inventory="CODE_DEPLOY")))


def task_set(colour: str, status: str = "PRIMARY") -> dict[str, Any]:
    arn = f"arn:aws:elasticloadbalancing:r:0:targetgroup/shop-orders-{colour}/1"
    return {"status": status, "loadBalancers": [{"targetGroupArn": arn}]}


class Released:
    """One service, orders, that CodeDeploy (`sets`) or ECS releases, and its rule's weights."""

    def __init__(self, *sets: dict[str, Any], green: int = 0, by: str = "CODE_DEPLOY") -> None:
        balancer = task_set("blue")["loadBalancers"][0] | {
            "advancedConfiguration": {"productionListenerRule": "rule"}
        }
        self.shown = {
            "serviceName": "orders",
            "status": "ACTIVE",
            "deploymentController": {"type": by},
            "taskSets": list(sets),
            "loadBalancers": [balancer] if by == "ECS" else [],
        }
        groups = [
            {"TargetGroupArn": task_set(colour)["loadBalancers"][0]["targetGroupArn"], "Weight": weight}
            for colour, weight in (("blue", 100 - green), ("green", green))
        ]
        self.rule = {"Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]}

    def describe_services(self, cluster: str, services: list[str]) -> Any:
        return {"services": [self.shown] if "orders" in services else []}

    def describe_rules(self, RuleArns: list[str]) -> Any:
        return {"Rules": [self.rule]}


NATIVE = {"controller": "ecs"}


def test_ecs_takes_a_service_over_between_two_releases(tmp_path: Path) -> None:
    busy = Released(task_set("blue"), task_set("green", "ACTIVE"))
    with pytest.raises(Trouble, match=r"orders: CodeDeploy is releasing it, .* \(`bambe status orders`\)"):
        check_controllers(shop(tmp_path, release=NATIVE, ecs=busy))
    check_controllers(shop(tmp_path, ecs=busy))
    check_controllers(shop(tmp_path, release=NATIVE, ecs=Released(task_set("green"))))


@pytest.mark.parametrize(
    ("there", "fits"),
    [
        (Released(task_set("blue")), True),
        (Released(task_set("green")), False),
        (Released(by="ECS"), True),
        (Released(by="ECS", green=100), False),
    ],
)
def test_what_runs_in_the_second_target_group_does_not_lose_it(
    tmp_path: Path, there: Released, fits: bool
) -> None:
    target = shop(tmp_path, release="rolling", ecs=there, elbv2=there)
    if fits:
        check_controllers(target)
        return
    with pytest.raises(Trouble, match=r"orders: its tasks are in the second .* release it once more"):
        check_controllers(target)


@pytest.mark.parametrize(
    ("there", "stack", "said"),
    [
        (Released(task_set("blue"), task_set("green", "DRAINING")), {}, "blue"),
        (Released(task_set("green")), {"TaskDefinition": "x"}, "green"),
        (Released(by="ECS", green=100), {"TaskDefinition": "x"}, "blue"),
        (Released(by="ECS", green=100), {"PrimaryTargets": "green"}, KEEP),
    ],
)
def test_ecs_is_told_which_target_group_had_the_traffic_and_that_stays(
    tmp_path: Path, there: Released, stack: dict[str, str], said: Any
) -> None:
    given = {"Parameters": [{"ParameterKey": key, "ParameterValue": one} for key, one in stack.items()]}
    native = shop(tmp_path, release=NATIVE, ecs=there, elbv2=there)
    assert primary_targets(native, "orders", given) == {"PrimaryTargets": said}
    assert primary_targets(shop(tmp_path, ecs=there), "orders", given) == {}


def test_bambe_up_tells_the_stacks(tmp_path: Path) -> None:
    cloudformation, network, there = CloudFormation(), Network(), Released(task_set("green"))
    clients = {"cloudformation": cloudformation, "ec2": network, "sts": network, "ecs": there}
    BringingUp(shop(tmp_path, release=NATIVE, **clients), lambda line: None).services()
    told = {
        stack: [one["ParameterValue"] for one in given if one["ParameterKey"] == "PrimaryTargets"]
        for stack, given in cloudformation.given.items()
    }
    assert told == {"shop-orders": ["green"], "shop-inventory": ["blue"]}


def test_that_order_is_kept_in_every_other_look_at_the_stack(tmp_path: Path) -> None:
    target = shop(tmp_path, release=NATIVE)
    project = target.project.placed("vpc-1", ("subnet-1",), "https://x.example/shop.git")
    wanted = Wanted(Stacks(CloudFormation()), project)
    assert [wanted.given(one)["PrimaryTargets"] for one in wanted.of("service")] == [KEEP, KEEP]


def test_a_new_service_begins_in_the_first_target_group(tmp_path: Path) -> None:
    target = shop(tmp_path, release=NATIVE, ecs=Cluster())
    assert primary_targets(target, "orders", None) == {"PrimaryTargets": "blue"}


@pytest.mark.parametrize(
    ("error", "without"),
    [
        ("DeploymentGroupDoesNotExistException", {"Group"}),
        ("ApplicationDoesNotExistException", {"Group", "Application"}),
    ],
)
def test_a_deleted_deployment_group_is_made_anew(tmp_path: Path, error: str, without: set[str]) -> None:
    cloudformation, network = CloudFormation(), Network()
    clients = {"cloudformation": cloudformation, "ec2": network, "sts": network}
    target = shop(tmp_path, codedeploy=CodeDeploy(orders=error), **clients)
    told: list[str] = []
    BringingUp(target, told.append).services()
    (first, less), *then = cloudformation.updates
    assert first == "shop-orders"
    assert less == {"Application", "Group", "Rule"} - without  # nothing that bambe.yml says anew
    assert "orders: its deployment group is gone and is made anew" in told
    resources = dict(then)
    assert sorted(resources) == ["shop-inventory", "shop-orders"]
    assert resources["shop-orders"] > without
