"""Who releases a service: what `bambe up` refuses, and what it makes anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bambe.cli.bringing_up import BringingUp
from bambe.cli.controllers import check_controllers
from bambe.cli.trouble import Trouble
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
        self._waiting: dict[str, set[str]] = {}

    def describe_stacks(self, StackName: str) -> Any:
        outputs = [{"OutputKey": "Service", "OutputValue": StackName}]
        return {"Stacks": [{"StackName": StackName, "StackStatus": "UPDATE_COMPLETE", "Outputs": outputs}]}

    def create_change_set(self, StackName: str, TemplateBody: str, **asked: Any) -> Any:
        self._waiting[StackName] = set(json.loads(TemplateBody)["Resources"])
        return {"Id": "change-set"}

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
    assert "orders: its deployment group is gone and is made anew" in told
    resources = dict(then)
    assert sorted(resources) == ["shop-inventory", "shop-orders"]
    assert resources["shop-orders"] - less == without
