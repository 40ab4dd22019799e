"""`Drifts` of the command line against Bambe's own CloudFormation: what somebody changed, and only that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.cli.drift import Drifts, report
from bambe.project import parse
from bambe.synth import stacks
from tests.api.conftest import Edge
from tests.api.test_cloudformation import time_passing
from tests.unit.services.cloudformation.test_aws_stacks import IMAGE, make

PROJECT = parse("""
project: shop
release: {alarms: [{metric: errors, above: 5}]}
services:
  web: {path: web, port: 8080, route: default}
  jobs: {path: jobs, port: 8080, route: none, release: rolling}
""")
NAMES = [stack.name for stack in stacks(PROJECT)]
WEB = "shop-web"


@pytest.fixture
def shop(edge: Edge) -> Edge:
    """An installation with every stack of a project."""
    for stack in stacks(PROJECT):
        edge.run(make(edge.house, stack))
    return edge


def found(edge: Edge) -> list[str]:
    with time_passing(edge):
        return report(Drifts(edge.aws("cloudformation")).detect([*NAMES, "nobody"], lambda line: None))


def resources(edge: Edge) -> dict[str, str]:
    answer = edge.aws("cloudformation").describe_stack_resources(StackName=WEB)
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in answer["StackResources"]}


def test_what_somebody_changed_is_told_and_nothing_else(shop: Edge) -> None:
    assert found(shop) == []
    there, kinds = resources(shop), {}
    for one in shop.aws("cloudformation").describe_stack_resources(StackName=WEB)["StackResources"]:
        kinds[one["ResourceType"]] = one["LogicalResourceId"]
    shop.aws("elbv2").modify_target_group(TargetGroupArn=there["BlueTargets"], HealthCheckPath="/other")
    group = kinds["AWS::CodeDeploy::DeploymentGroup"]
    application = there[kinds["AWS::CodeDeploy::Application"]]
    shop.aws("codedeploy").delete_deployment_group(
        applicationName=application, deploymentGroupName=there[group]
    )
    alarm = kinds["AWS::CloudWatch::Alarm"]
    cloudwatch = shop.aws("cloudwatch")
    (shown,) = cloudwatch.describe_alarms(AlarmNames=[there[alarm]])["MetricAlarms"]
    members = cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    kept = {name: value for name, value in shown.items() if name in members}
    cloudwatch.put_metric_alarm(**{**kept, "Threshold": 999.0})
    assert found(shop) == [
        f"{WEB}: 2 changed, 1 deleted",
        f"  - {group} (AWS::CodeDeploy::DeploymentGroup) is gone",
        "  ~ BlueTargets (AWS::ElasticLoadBalancingV2::TargetGroup): HealthCheckPath is /other, the template"
        " says /",
        f"  ~ {alarm} (AWS::CloudWatch::Alarm): Threshold is 999.0, the template says 5.0",
    ]


def defined(edge: Edge) -> str:
    """The ARN of one more task definition."""
    answer = edge.aws("ecs").register_task_definition(
        family="web", cpu="256", memory="512", networkMode="awsvpc", requiresCompatibilities=["FARGATE"],
        containerDefinitions=[{"name": "web", "image": IMAGE, "portMappings": [{"containerPort": 8080}]}],
    )  # fmt: skip
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def weights(edge: Edge) -> dict[str, int]:
    """How much each target group gets of the service's traffic."""
    (rule,) = edge.aws("elbv2").describe_rules(RuleArns=[resources(edge)["Rule"]])["Rules"]
    return {
        one["TargetGroupArn"]: one["Weight"] for one in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
    }


def release(edge: Edge) -> str:
    """A deployment by CodeDeploy of another task definition; its status once it has ended."""
    definition = defined(edge)
    balancer = {"ContainerName": "web", "ContainerPort": 8080}
    target = {"TaskDefinition": definition, "LoadBalancerInfo": balancer}
    service = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": target}}
    content = json.dumps({"version": 0.0, "Resources": [service]})
    codedeploy = edge.aws("codedeploy")
    application = codedeploy.list_applications()["applications"][0]
    group = codedeploy.list_deployment_groups(applicationName=application)["deploymentGroups"][0]
    id = codedeploy.create_deployment(
        applicationName=application, deploymentGroupName=group,
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
    )["deploymentId"]  # fmt: skip
    for _ in range(100):
        edge.run(edge.house.advance(60, step=10))
        status: str = codedeploy.get_deployment(deploymentId=id)["deploymentInfo"]["status"]
        if status in ("Succeeded", "Failed", "Stopped"):
            break
    return status


def test_a_release_is_no_drift(shop: Edge) -> None:
    assert release(shop) == "Succeeded"
    assert weights(shop)[resources(shop)["GreenTargets"]] > 0
    assert found(shop) == []
    drifts: Any = shop.aws("cloudformation").describe_stack_resource_drifts(
        StackName=WEB, StackResourceDriftStatusFilters=["MODIFIED"]
    )["StackResourceDrifts"]
    assert {one["LogicalResourceId"] for one in drifts} >= {"Rule", "Service"}, "and CloudFormation sees it"


def test_a_release_by_ecs_itself_is_no_drift(edge: Edge) -> None:
    native = parse("""
project: shop
release: {controller: ecs}
services: {web: {path: web, port: 8080, route: default, scaling: {min: 2, max: 4, cpu: 50}}}
""")
    for stack in stacks(native):
        edge.run(make(edge.house, stack))
    before = weights(edge)
    edge.aws("ecs").update_service(cluster="shop", service="web", taskDefinition=defined(edge))
    for _ in range(100):
        edge.run(edge.house.advance(60, step=10))
        (service,) = edge.aws("ecs").describe_services(cluster="shop", services=["web"])["services"]
        if [one["rolloutState"] for one in service["deployments"]] == ["COMPLETED"]:
            break
    assert weights(edge) != before
    edge.aws("ecs").update_service(cluster="shop", service="web", desiredCount=3)
    edge.run(edge.house.advance(60, step=10))
    assert found(edge) == []


def test_a_stack_that_moves_is_a_line(shop: Edge) -> None:
    shop.aws("cloudformation").delete_stack(StackName=WEB)
    assert Drifts(shop.aws("cloudformation")).detect([WEB], lambda line: None)[0].reason == (
        "Drift detection cannot be performed on a stack in DELETE_IN_PROGRESS state"
    )
