"""Templates: deterministic, every reference resolves, names within AWS's limits."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from bambe.project import Project, load, parse
from bambe.synth import (
    Names,
    appspec,
    build_template,
    events_template,
    service_template,
    shared_template,
    task_definition,
)
from bambe.synth.build import file_pattern
from bambe.synth.names import DEFAULT_PRIORITY, priorities
from tests.unit.synth.projects import for_any_project

SHOP = load(Path(__file__).parents[3] / "examples" / "shop" / "bambe.yml")


@for_any_project
def test_the_task_definition_in_the_build_is_the_one_that_is_registered(project: Project) -> None:
    for service in project.services:
        builder = build_template(project, service)["Resources"]["Builder"]["Properties"]
        assert builder["Name"] == Names.of(project).build(service)
        text = next(v for v in builder["Environment"]["EnvironmentVariables"] if v["Name"] == "TASKDEF")
        filled = text["Value"]["Fn::Sub"].replace("${AWS::AccountId}", "1").replace("${AWS::Region}", "r")
        assert json.loads(filled.replace("${!", "${")) == task_definition(
            project, service, "<IMAGE>", "1", "r"
        )


def test_the_default_route_comes_last() -> None:
    ranks = priorities(SHOP)
    assert ranks["gateway"] == DEFAULT_PRIORITY == max(ranks.values())
    assert "notifier" not in ranks


def test_a_new_service_moves_no_other_rule() -> None:
    more = SHOP.model_dump()
    more["services"]["payments"] = {"path": "services/payments", "port": 80, "route": "/payments/*"}
    ranks = priorities(Project.model_validate(more))
    assert {name: ranks[name] for name in priorities(SHOP)} == priorities(SHOP)


def test_a_service_is_built_by_its_folder_and_the_shared_ones_it_names() -> None:
    pattern = re.compile(file_pattern(SHOP, "orders"))
    assert pattern.search("services/orders/app.py")
    assert pattern.search("libs/web/web.py")
    assert not pattern.search("services/orders2/app.py")
    assert not pattern.search("README.md")


def test_a_service_without_a_route_has_no_target_groups_and_no_codedeploy() -> None:
    types = {resource["Type"] for resource in service_template(SHOP, "notifier")["Resources"].values()}
    assert types == {
        "AWS::Logs::LogGroup",
        "AWS::ServiceDiscovery::Service",
        "AWS::EC2::SecurityGroup",
        "AWS::ECS::Service",
    }


def test_ten_percent_five_minutes_is_the_predefined_configuration() -> None:
    group = service_template(SHOP, "orders")["Resources"]["Group"]["Properties"]
    assert group["DeploymentConfigName"] == "CodeDeployDefault.ECSCanary10Percent5Minutes"
    ending = group["BlueGreenDeploymentConfiguration"]["TerminateBlueInstancesOnDeploymentSuccess"]
    assert ending == {"Action": "TERMINATE", "TerminationWaitTimeInMinutes": 30}


def test_the_appspec_names_container_and_port() -> None:
    properties = appspec(SHOP, "orders", "arn")["Resources"][0]["TargetService"]["Properties"]
    assert properties == {
        "TaskDefinition": "arn",
        "LoadBalancerInfo": {"ContainerName": "orders", "ContainerPort": 8080},
    }


def released(**release: Any) -> Project:
    orders = {"path": "orders", "port": 8080, "route": "/orders*", "release": release}
    return Project.model_validate({"project": "shop", "test_port": 8443, "services": {"orders": orders}})


def test_a_release_with_everything() -> None:
    project = released(
        approval="60m",
        queue="wait",
        alarms=["errors"],
        hooks={"AfterAllowTestTraffic": "smoke"},
        synthetic=["/orders", "/orders/1"],
    )
    resources = service_template(project, "orders")["Resources"]
    group = resources["Group"]["Properties"]
    assert group["AlarmConfiguration"] == {"Enabled": True, "Alarms": [{"Name": "errors"}]}
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    ready = group["BlueGreenDeploymentConfiguration"]["DeploymentReadyOption"]
    assert ready == {"ActionOnTimeout": "STOP_DEPLOYMENT", "WaitTimeInMinutes": 60}
    assert {tag["Key"]: tag["Value"] for tag in group["Tags"]} == {
        "bambe:queue": "wait",
        "bambe:analysis": "rollback",
        "bambe:synthetic": "/orders /orders/1",
    }
    (pair,) = group["LoadBalancerInfo"]["TargetGroupPairInfoList"]
    assert pair["TestTrafficRoute"]["ListenerArns"] == [{"Fn::ImportValue": "shop-TestListener"}]
    assert resources["TestRule"]["Properties"]["ListenerArn"] == {"Fn::ImportValue": "shop-TestListener"}
    assert appspec(project, "orders")["Hooks"] == [{"AfterAllowTestTraffic": "smoke"}]
    shared = shared_template(project)["Resources"]
    assert shared["TestListener"]["Properties"]["Port"] == 8443
    (policy,) = resources["DeployRole"]["Properties"]["Policies"]
    (hooks,) = [
        one for one in policy["PolicyDocument"]["Statement"] if "lambda:InvokeFunction" in one["Action"]
    ]
    assert [str(one).rpartition(":")[2] for one in hooks["Resource"]] == ["smoke'}"]


def test_alarms_with_a_metric_watch_both_colours() -> None:
    project = released(
        alarms=[
            {"metric": "errors", "above": 5},
            {"metric": "error_rate", "above": 2.5, "minutes": 3},
            {"metric": "latency_p99", "above": 1.5, "minutes": 2},
            "other-alarm",
        ]
    )
    resources = service_template(project, "orders")["Resources"]
    group = resources["Group"]["Properties"]
    assert group["AlarmConfiguration"]["Alarms"] == [
        {"Name": {"Ref": "ErrorsBlueAlarm"}},
        {"Name": {"Ref": "ErrorsGreenAlarm"}},
        {"Name": {"Ref": "ErrorRateBlueAlarm"}},
        {"Name": {"Ref": "ErrorRateGreenAlarm"}},
        {"Name": {"Ref": "LatencyP99BlueAlarm"}},
        {"Name": {"Ref": "LatencyP99GreenAlarm"}},
        {"Name": "other-alarm"},
    ]
    dimensions = [
        {"Name": "LoadBalancer", "Value": {"Fn::ImportValue": "shop-LoadBalancerFullName"}},
        {"Name": "TargetGroup", "Value": {"Fn::GetAtt": ["GreenTargets", "TargetGroupFullName"]}},
    ]
    assert resources["ErrorsGreenAlarm"]["Properties"] == {
        "AlarmName": "shop-orders-errors-green",
        "AlarmDescription": "orders (green): answers 5xx, above 5",
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "HTTPCode_Target_5XX_Count",
        "Dimensions": dimensions,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    slow = resources["LatencyP99BlueAlarm"]["Properties"]
    assert (slow["ExtendedStatistic"], slow["EvaluationPeriods"], slow["Threshold"]) == ("p99", 2, 1.5)
    rate = resources["ErrorRateGreenAlarm"]["Properties"]
    assert [one["ReturnData"] for one in rate["Metrics"]] == [False, False, True]
    assert rate["Metrics"][0]["MetricStat"]["Metric"]["Dimensions"] == dimensions
    assert "Period" not in rate


def test_what_is_off_leaves_no_tag() -> None:
    template = service_template(released(queue="off", analysis="off"), "orders")
    assert "Tags" not in template["Resources"]["Group"]["Properties"]


def test_secrets_are_looked_up_by_ecs_and_readable_to_nobody_else() -> None:
    services = {
        "web": {
            "path": "web",
            "port": 80,
            "route": "default",
            "secrets": {"A": "ssm:/shop/a", "B": "secretsmanager:shop/db:user", "C": "secretsmanager:plain"},
        },
        "job": {"path": "job", "port": 80, "release": "rolling"},
    }
    project = Project.model_validate({"project": "shop", "services": services})
    (container,) = task_definition(project, "web", "i", "1", "r")["containerDefinitions"]
    assert container["secrets"] == [
        {"name": "A", "valueFrom": "arn:aws:ssm:r:1:parameter/shop/a"},
        {"name": "B", "valueFrom": "arn:aws:secretsmanager:r:1:secret:shop/db:user::"},
        {"name": "C", "valueFrom": "arn:aws:secretsmanager:r:1:secret:plain"},
    ]
    (other,) = task_definition(project, "job", "i", "1", "r")["containerDefinitions"]
    assert "secrets" not in other

    def rights(service: str) -> list[dict[str, Any]]:
        (policy,) = build_template(project, service)["Resources"]["ExecutionRole"]["Properties"]["Policies"]
        return list(policy["PolicyDocument"]["Statement"])

    here = "${AWS::Region}:${AWS::AccountId}"
    arn = "arn:${AWS::Partition}:"
    assert rights("web")[-2:] == [
        {
            "Effect": "Allow",
            "Action": ["ssm:GetParameters"],
            "Resource": [{"Fn::Sub": f"{arn}ssm:{here}:parameter/shop/a"}],
        },
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue"],
            "Resource": [
                {"Fn::Sub": f"{arn}secretsmanager:{here}:secret:plain-??????"},
                {"Fn::Sub": f"{arn}secretsmanager:{here}:secret:shop/db-??????"},
            ],
        },
    ]
    assert not {"ssm:GetParameters", "secretsmanager:GetSecretValue"} & {
        action for one in rights("job") for action in one["Action"]
    }


def native(**release: Any) -> dict[str, Any]:
    """The service's properties where ECS shifts the traffic, of a project with a test port."""
    shop = {
        "path": "services/web",
        "port": 80,
        "route": "default",
        "release": {"controller": "ecs", **release},
    }
    project = Project.model_validate({"project": "shop", "test_port": 8443, "services": {"web": shop}})
    resources = service_template(project, "web")["Resources"]
    assert not any(one["Type"].startswith("AWS::CodeDeploy") for one in resources.values())
    assert resources["Service"]["Properties"]["DeploymentController"] == {"Type": "ECS"}
    return dict(resources["Service"]["Properties"])


def test_the_same_release_by_ecs() -> None:
    made = native(percent=10, interval="5m", keep_old="30m", approval="60m", hooks={"AfterInstall": "check"})
    wanted = made["DeploymentConfiguration"]
    assert wanted["Strategy"] == "CANARY"
    assert wanted["CanaryConfiguration"] == {"CanaryPercent": 10, "CanaryBakeTimeInMinutes": 5}
    assert wanted["BakeTimeInMinutes"] == 30
    check, pause = wanted["LifecycleHooks"]
    assert check["LifecycleStages"] == ["POST_SCALE_UP"]
    assert pause["TimeoutConfiguration"] == {"TimeoutInMinutes": 60, "Action": "ROLLBACK"}
    (balancer,) = made["LoadBalancers"]
    assert balancer["AdvancedConfiguration"]["TestListenerRule"] == {"Ref": "TestRule"}
    assert {tag["Key"]: tag["Value"] for tag in made["Tags"]} == {"bambe:analysis": "rollback"}
    assert native(analysis="off")["Tags"] == []
    assert native(strategy="all_at_once")["DeploymentConfiguration"]["Strategy"] == "BLUE_GREEN"
    linear = native(strategy="linear", percent=20, interval="2m")["DeploymentConfiguration"]
    assert linear["LinearConfiguration"] == {"StepPercent": 20, "StepBakeTimeInMinutes": 2}


def test_either_target_group_may_be_the_first_of_the_pair() -> None:
    services = {"web": {"path": "web", "port": 80, "route": "default"}}
    services["job"] = {"path": "job", "port": 80, "route": "none", "release": "rolling"}
    said = {"project": "shop", "release": {"controller": "ecs"}, "services": services}
    project = Project.model_validate(said)
    template = service_template(project, "web")
    assert template["Parameters"]["PrimaryTargets"]["AllowedValues"] == ["blue", "green"]
    assert template["Parameters"]["PrimaryTargets"]["Default"] == "blue"
    ((condition, wanted),) = template["Conditions"].items()
    assert wanted == {"Fn::Equals": [{"Ref": "PrimaryTargets"}, "green"]}
    blue, green = {"Ref": "BlueTargets"}, {"Ref": "GreenTargets"}
    (balancer,) = template["Resources"]["Service"]["Properties"]["LoadBalancers"]
    assert balancer["TargetGroupArn"] == {"Fn::If": [condition, green, blue]}
    alternate = balancer["AdvancedConfiguration"]["AlternateTargetGroupArn"]
    assert alternate == {"Fn::If": [condition, blue, green]}
    said["release"] = "canary"
    for other in (service_template(project, "job"), service_template(Project.model_validate(said), "web")):
        assert "PrimaryTargets" not in other["Parameters"]
        assert "Conditions" not in other


def test_hours_are_a_scalable_target_of_the_service() -> None:
    hours = [
        {"cron": "0 20 ? * * *", "tasks": 0},
        {"cron": "0 7 ? * * *", "tasks": 3, "timezone": "Europe/Berlin"},
    ]
    web = {"path": "services/web", "port": 80, "route": "default", "tasks": 2, "schedule": hours}
    project = Project.model_validate({"project": "shop", "services": {"web": web}})
    made = service_template(project, "web")["Resources"]["Scale"]["Properties"]
    assert (made["MinCapacity"], made["MaxCapacity"]) == (0, 3)
    first, second = made["ScheduledActions"]
    assert first["ScalableTargetAction"] == {"MinCapacity": 0, "MaxCapacity": 0}
    assert (second["Schedule"], second["Timezone"]) == ("cron(0 7 ? * * *)", "Europe/Berlin")


def test_commands_may_be_run_where_a_service_says_so() -> None:
    web = {"path": "services/web", "port": 80, "route": "default", "exec": True}
    other = {"path": "services/other", "port": 80, "route": "/other*"}
    project = Project.model_validate({"project": "shop", "services": {"web": web, "other": other}})
    for name, allowed in (("web", True), ("other", False)):
        built = build_template(project, name)["Resources"]
        assert ("ssmmessages:OpenDataChannel" in json.dumps(built.get("TaskRole"))) == allowed
        assert ('["TaskRole", "Arn"]' in json.dumps(built["BuildRole"])) == allowed
        service = service_template(project, name)["Resources"]["Service"]["Properties"]
        made = task_definition(project, name, "x", "0", "r")
        assert (service["EnableExecuteCommand"], "taskRoleArn" in made) == (allowed, allowed)


EVENTFUL = """
project: shop
events: {kafka: 2.6.1, brokers: 2, access: ACCESS, topics: {orders.created: {partitions: 12, compact: true}}}
services:
  orders: {path: s/orders, port: 80, route: default, produces: [orders.created]}
  notifier: {path: s/notifier, port: 80, release: rolling, consumes: [orders.created]}
  other: {path: s/other, port: 80, release: rolling}
"""


def test_a_cluster_and_its_topics_are_a_stack_of_their_own() -> None:
    project = parse(EVENTFUL.replace("ACCESS", "tls"))
    assert project.events is not None
    made = events_template(project, project.events)["Resources"]
    cluster = made["Cluster"]["Properties"]
    assert (cluster["KafkaVersion"], cluster["NumberOfBrokerNodes"]) == ("2.6.1", 2)
    assert cluster["EncryptionInfo"]["EncryptionInTransit"] == {"ClientBroker": "TLS", "InCluster": True}
    (topic,) = [one for one in made.values() if one["Type"] == "AWS::MSK::Topic"]
    assert (topic["Properties"]["PartitionCount"], topic["Properties"]["ReplicationFactor"]) == (12, 2)
    assert topic["DeletionPolicy"] == "Retain"  # an update that forgets a topic loses no events
    configs = base64.b64decode(topic["Properties"]["Configs"]).decode().splitlines()
    assert configs == ["cleanup.policy=compact", "retention.ms=604800000"]


def test_tasks_are_told_where_the_brokers_are_when_they_start() -> None:
    def said(access: str, service: str) -> tuple[dict[str, str], dict[str, str]]:
        project = parse(EVENTFUL.replace("ACCESS", access))
        (container,) = task_definition(project, service, "i", "1" * 12, "eu-central-1")[
            "containerDefinitions"
        ]
        plain = {one["name"]: one["value"] for one in container["environment"]}
        return plain, {one["name"]: one["valueFrom"] for one in container.get("secrets", ())}

    here = "arn:aws:ssm:eu-central-1:111111111111:parameter/shop/kafka"
    plain = {"KAFKA_BOOTSTRAP_SERVERS": f"{here}/bootstrap-servers-plaintext"}
    assert said("plaintext", "orders") == ({"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}, plain)
    servers = {"KAFKA_BOOTSTRAP_SERVERS": f"{here}/bootstrap-servers"}
    trust = {"KAFKA_CA": f"{here}/ca"}
    consumer = {
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_GROUP": "notifier",
        "KAFKA_CONSUMES": "orders.created",
    }
    assert said("tls", "notifier") == (consumer, servers | trust)
    assert said("tls", "other") == ({}, {})
    tls = parse(EVENTFUL.replace("ACCESS", "tls"))
    where = ":parameter/shop/kafka/bootstrap-servers"
    assert where in json.dumps(build_template(tls, "orders")["Resources"]["ExecutionRole"])
    assert where not in json.dumps(build_template(tls, "other"))
