"""A running cluster: what of it is in bambe.yml, and that all else is named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from bambe.importing import Imported, Running, RunningService, Unreadable, from_cluster, text
from bambe.importing.cluster_release import STAGES
from bambe.importing.cluster_running import STATE
from bambe.project import parse
from bambe.synth.native import STAGES as WRITTEN
from tests.unit.importing.sources import Paths, document, outcome, some_of, unaccounted

ARN = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1"
LED = {"containerName": "web", "containerPort": 8080, "targetGroupArn": ARN}
SERVICE = {
    "serviceName": "web", "status": "ACTIVE", "desiredCount": 2, "launchType": "FARGATE",
    "loadBalancers": [LED],
    "deploymentController": {"type": "CODE_DEPLOY"}, "events": [{"message": "steady"}], "runningCount": 1,
}  # fmt: skip
CONTAINER = {"name": "web", "image": "example/web:1", "portMappings": [{"containerPort": 8080}]}
DEFINITION = {
    "family": "web", "revision": 3, "cpu": "256", "memory": "512", "networkMode": "awsvpc",
    "containerDefinitions": [CONTAINER],
}  # fmt: skip
TARGETS = {
    "TargetGroupName": "t",
    "TargetGroupArn": ARN,
    "Protocol": "HTTP",
    "Port": 8080,
    "TargetType": "ip",
}
GROUP = {
    "deploymentGroupName": "web", "deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
    "blueGreenDeploymentConfiguration": {
        "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0},
        "terminateBlueInstancesOnDeploymentSuccess": {
            "action": "TERMINATE", "terminationWaitTimeInMinutes": 45,
        },
    },
}  # fmt: skip


def rule(*paths: str, **more: Any) -> dict[str, Any]:
    condition = {"Field": "path-pattern", "PathPatternConfig": {"Values": list(paths)}}
    forward = {"Type": "forward", "TargetGroupArn": ARN}
    return {
        "RuleArn": "r",
        "Conditions": [condition],
        "Actions": [forward],
        "Port": 443,
        "Host": "a.test",
        **more,
    }


WEB = RunningService(SERVICE, DEFINITION, (TARGETS,), (rule("/web*"),), group=GROUP)


def imported(one: RunningService = WEB, *more: RunningService) -> Imported:
    return from_cluster(Running("shop", "eu-west-1", (one, *more)))


def left(found: Imported) -> dict[str, str]:
    return {note.place: note.says for note in found.notes if note.kind == "left"}


def named(name: str, **more: Any) -> RunningService:
    """A service that is only there, without a load balancer."""
    service = {"serviceName": name, "desiredCount": 1} | more
    return RunningService(service, DEFINITION | {"family": name})


def test_a_service_that_codedeploy_releases() -> None:
    found = imported()
    project = parse(text(found, "x"))
    web, release = project.services["web"], project.release_of("web")
    assert (project.region, project.host) == ("eu-west-1", "a.test")
    assert (web.port, web.route, web.tasks, web.path) == (8080, "/web*", 2, "services/web")
    assert (release.strategy, release.percent) == ("linear", 10)
    assert (release.interval.total_seconds(), release.keep_old.total_seconds()) == (180, 45 * 60)
    assert not any(note.kind == "left" for note in found.notes)


def test_hooks_come_from_the_last_release() -> None:
    appspec = json.dumps(
        {"Hooks": [{"BeforeInstall": "look"}, {"AfterAllowTraffic": "arn:aws:lambda:x:1:f"}]}
    )
    hooks = imported(replace(WEB, appspec=appspec)).data["release"]["hooks"]
    assert hooks == {"BeforeInstall": "look", "AfterAllowTraffic": "arn:aws:lambda:x:1:f"}


def test_alarms_are_carried_where_they_are_heeded() -> None:
    alarms = {"enabled": True, "alarms": [{"name": "red"}]}
    found = imported(replace(WEB, group=GROUP | {"alarmConfiguration": alarms}))
    assert found.data["release"]["alarms"] == ["red"]
    found = imported(replace(WEB, group=GROUP | {"alarmConfiguration": alarms | {"enabled": False}}))
    assert "alarms" not in found.data["release"]
    assert left(found)["codedeploy group web alarmConfiguration"] == "alarms that are not heeded"


def test_waits_that_are_too_long_are_cut_and_that_is_said() -> None:
    waits = {
        "terminateBlueInstancesOnDeploymentSuccess": {
            "action": "TERMINATE",
            "terminationWaitTimeInMinutes": 2880,
        }
    }
    found = imported(replace(WEB, group=GROUP | {"blueGreenDeploymentConfiguration": waits}))
    assert found.data["release"]["keep_old"] == "2880m"
    waits["terminateBlueInstancesOnDeploymentSuccess"] = {"action": "KEEP_ALIVE"}
    found = imported(replace(WEB, group=GROUP | {"blueGreenDeploymentConfiguration": waits}))
    assert found.data["release"]["keep_old"] == "48h"
    assert any("kept for ever" in note.says for note in found.notes if note.kind == "changed")


def test_a_release_that_cannot_be_carried_is_said() -> None:
    found = imported(replace(WEB, rules=()))
    assert found.data["services"]["web"]["release"] == "rolling"
    assert any("it is updated in place" in note.says for note in found.notes if note.kind == "changed")
    found = imported(replace(WEB, group={}))
    assert any("CodeDeploy releases it" in note.says for note in found.notes if note.kind == "guessed")


def test_stages_of_ecs_are_those_that_are_written() -> None:
    assert {event: stage for stage, event in STAGES.items()} == WRITTEN


def test_what_has_no_counterpart_is_named() -> None:
    sidecar = {"name": "proxy", "image": "envoy"}
    main = CONTAINER | {"command": ["serve"], "ulimits": [{"name": "nofile"}]}
    one = replace(
        WEB,
        definition=DEFINITION | {"containerDefinitions": [sidecar, main], "volumes": [{"name": "data"}]},
        rules=(rule("/web*", "/shop*"), rule("/more*", RuleArn="s")),
        policies=({"PolicyName": "load", "PolicyType": "TargetTrackingScaling"},),
        scaling={"MinCapacity": 1, "MaxCapacity": 9},
    )
    assert {
        "ecs task definition web:3 containerDefinitions[0]",
        "ecs task definition web:3 containerDefinitions[1].command",
        "ecs task definition web:3 containerDefinitions[1].ulimits",
        "ecs task definition web:3 volumes[0]",
        "elbv2 rule /web*, /shop* on port 443 Conditions[0].PathPatternConfig.Values[1]",
        "elbv2 rule /more* on port 443",
        "application-autoscaling policy load Policy",
        "application-autoscaling target web MaxCapacity",
    } <= set(left(imported(one)))


def test_a_name_that_is_not_legal_gives_way_to_that_in_cloud_map_and_is_said() -> None:
    odd = replace(
        named("shop-prod-Service-AbCdEfGhIj"),
        registry={"Name": "orders", "NamespaceId": "ns-1"},
        namespace={"Name": "prod.shop.local"},
    )
    found = imported(odd)
    assert list(found.data["services"]) == ["orders"]
    assert found.data["domain"] == "prod.shop.local"
    assert any("is called orders" in note.says for note in found.notes)


def test_addresses_follow_names() -> None:
    namespace = {"Name": "shop.local"}
    caller = {**CONTAINER, "environment": [{"name": "URL", "value": "http://other-name.shop.local:80/x"}]}
    one = replace(named("orders"), registry={"Name": "other-name"}, namespace=namespace)
    two = replace(named("web"), definition=DEFINITION | {"containerDefinitions": [caller]})
    found = imported(one, two)
    assert found.data["services"]["web"]["environment"] == {"URL": "http://orders.shop.local:80/x"}


def test_secrets_are_spelled_as_in_bambe_yml() -> None:
    secrets = {
        "A": "arn:aws:ssm:eu-west-1:1:parameter/shop/a",
        "B": "plain",
        "C": "arn:aws:secretsmanager:eu-west-1:1:secret:shop/db-AbCdEf:user::",
        "D": "arn:aws:secretsmanager:eu-west-1:1:secret:shop/db-AbCdEf",
        "E": "arn:aws:secretsmanager:eu-west-1:1:secret:shop/db-AbCdEf:user:AWSPREVIOUS:",
        "F": "arn:aws:s3:::bucket",
    }
    main = CONTAINER | {"secrets": [{"name": key, "valueFrom": value} for key, value in secrets.items()]}
    found = imported(replace(WEB, definition=DEFINITION | {"containerDefinitions": [main]}))
    assert found.data["services"]["web"]["secrets"] == {
        "A": "ssm:/shop/a", "B": "ssm:plain",
        "C": "secretsmanager:shop/db:user", "D": "secretsmanager:shop/db",
    }  # fmt: skip
    assert sum(".secrets[" in place for place in left(found)) == 2


def test_what_another_tool_deploys_is_left() -> None:
    other = named("other", deploymentController={"type": "EXTERNAL"})
    daemon = named("agent", schedulingStrategy="DAEMON")
    assert {"ecs service other", "ecs service agent"} <= set(left(imported(WEB, other, daemon)))
    with pytest.raises(Unreadable, match="has no service that can be imported"):
        imported(other)


def test_what_may_not_be_read_is_said() -> None:
    running = Running("shop", "eu-west-1", (WEB,), ("acm: DescribeCertificate: AccessDenied",))
    assert "acm: DescribeCertificate" in left(from_cluster(running))["ecs cluster shop"]


GRAMMAR: dict[str, list[Any]] = {
    "desiredCount": [0, 1, 5, 200],
    "enableExecuteCommand": [True, False],
    "platformVersion": ["LATEST", "1.3.0"],
    "propagateTags": ["NONE", "SERVICE"],
    "enableECSManagedTags": [False, True],
    "healthCheckGracePeriodSeconds": [60, 120],
    "networkConfiguration.awsvpcConfiguration.subnets[0]": ["a", "b"],
    "capacityProviderStrategy[0].capacityProvider": ["FARGATE_SPOT", "FARGATE"],
    "serviceConnectConfiguration.enabled": [True, False],
    "tags[0].key": ["a", "b"],
    "deploymentConfiguration.strategy": ["ROLLING", "LINEAR", "BLUE_GREEN", "CANARY"],
    "deploymentConfiguration.minimumHealthyPercent": [50, 100],
    "deploymentConfiguration.maximumPercent": [200, 150],
    "deploymentConfiguration.bakeTimeInMinutes": [5, 10, 5000],
    "deploymentConfiguration.deploymentCircuitBreaker.enable": [True, False],
    "deploymentConfiguration.deploymentCircuitBreaker.rollback": [True, False],
    "deploymentConfiguration.alarms.alarmNames[0]": ["a", "b"],
    "deploymentConfiguration.linearConfiguration.stepPercent": [10.0, 12.5, 20.0],
    "deploymentConfiguration.linearConfiguration.stepBakeTimeInMinutes": [0, 5, 6],
    "deploymentConfiguration.lifecycleHooks[0].hookTargetArn": ["arn:a", "arn:b", "not/legal"],
    "serviceRegistries[0].port": [80, 8080],
}
TASK: dict[str, list[Any]] = {
    "cpu": ["256", "512", "300"],
    "memory": ["512", "1024", "700"],
    "networkMode": ["awsvpc", "host"],
    "executionRoleArn": ["a", "b"],
    "taskRoleArn": ["a", "b"],
    "ephemeralStorage.sizeInGiB": [30, 40],
    "runtimePlatform.cpuArchitecture": ["X86_64", "ARM64"],
    "pidMode": ["task", "host"],
    "volumes[0].name": ["a", "b"],
    "containerDefinitions[0].image": ["a", "b"],
    "containerDefinitions[0].essential": [True, False],
    "containerDefinitions[0].cpu": [0, 128],
    "containerDefinitions[0].memory": [128, 256],
    "containerDefinitions[0].stopTimeout": [30, 60, 500],
    "containerDefinitions[0].portMappings[0].containerPort": [80, 8080],
    "containerDefinitions[0].portMappings[0].protocol": ["tcp", "udp"],
    "containerDefinitions[0].portMappings[0].name": ["a", "b"],
    "containerDefinitions[0].environment[0].name": ["A", "B", "no-name"],
    "containerDefinitions[0].environment[0].value": ["x", "y"],
    "containerDefinitions[0].secrets[0].name": ["S", "T"],
    "containerDefinitions[0].secrets[0].valueFrom": ["a", "b", "arn:aws:s3:::x"],
    "containerDefinitions[0].command[0]": ["a", "b"],
    "containerDefinitions[0].healthCheck.command[0]": ["a", "b"],
    "containerDefinitions[0].logConfiguration.logDriver": ["awslogs", "awsfirelens"],
    "containerDefinitions[0].logConfiguration.options.awslogs-group": ["a", "b"],
    "containerDefinitions[0].logConfiguration.options.awslogs-stream-prefix": ["ecs", "b"],
    "containerDefinitions[0].readonlyRootFilesystem": [False, True],
    "containerDefinitions[0].ulimits[0].softLimit": [1, 2],
    "containerDefinitions[0].linuxParameters.initProcessEnabled": [True, False],
}
CHECK: dict[str, list[Any]] = {
    "Protocol": ["HTTP", "HTTPS"],
    "ProtocolVersion": ["HTTP1", "GRPC"],
    "HealthCheckPath": ["/", "/a", "/b"],
    "HealthCheckPort": ["traffic-port", "81"],
    "HealthCheckIntervalSeconds": [5, 10, 300],
    "HealthCheckTimeoutSeconds": [2, 5, 120],
    "HealthyThresholdCount": [2, 10],
    "UnhealthyThresholdCount": [2, 10],
    "Matcher.HttpCode": ["200", "200-299", "200-599"],
    "TargetType": ["ip", "instance"],
    "Attributes.stickiness.enabled": ["false", "true"],
    "Attributes.slow_start.duration_seconds": ["0", "30"],
    "Attributes.deregistration_delay.timeout_seconds": ["30", "300"],
}


def attributes(paths: Paths) -> dict[str, Any]:
    """Their names have dots."""
    head = "Attributes."
    plain = document({path: value for path, value in paths.items() if not path.startswith(head)})
    own = {path.removeprefix(head): value for path, value in paths.items() if path.startswith(head)}
    return plain | ({"Attributes": own} if own else {})


def made(service: Paths, task: Paths, check: Paths) -> Imported:
    described = {"serviceName": "web", "loadBalancers": [LED]} | document(service)
    alarms = described.get("deploymentConfiguration", {}).get("alarms", {})
    alarms |= {"enable": True} if alarms else {}
    container = document(task).get("containerDefinitions", [{}])[0]
    definition = document(task) | {"containerDefinitions": [{"name": "web"} | container]}
    one = RunningService(described, definition, (TARGETS | attributes(check),), (rule("/web*"),))
    return imported(one)


@settings(max_examples=120, deadline=None)
@given(some_of(GRAMMAR), some_of(TASK), some_of(CHECK))
def test_every_wish_is_in_the_output_or_in_the_list(service: Paths, task: Paths, check: Paths) -> None:
    first = made(service, task, check)
    before = outcome(first)
    for kind, paths, grammar, again in (
        ("ecs service web", service, GRAMMAR, lambda other: made(other, task, check)),
        ("ecs task definition", task, TASK, lambda other: made(service, other, check)),
        ("elbv2 target group", check, CHECK, lambda other: made(service, task, other)),
    ):
        keys = [note.key for note in first.notes if note.file.startswith(kind) and note.key]
        assert unaccounted(before, keys, paths, grammar, lambda other, run=again: outcome(run(other))) == []
    parse(text(first, "a test"))


def test_state_is_what_no_request_can_set() -> None:
    """What CreateService and RegisterTaskDefinition take is no state, but for names and references."""
    import botocore.session

    ecs = botocore.session.get_session().get_service_model("ecs")
    for kind, operation in (("service", "CreateService"), ("definition", "RegisterTaskDefinition")):
        settable = set(ecs.operation_model(operation).input_shape.members)
        assert STATE[kind] & settable <= {"taskDefinition", "family"}
