"""What AWS needs of the templates: TLS, who comes in, notices, scaling, builds, existing parts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.project import Project
from bambe.synth import build_template, events_template, service_template, shared_template, stacks
from tests.judges.matrix import projects

WEB = {"path": "web", "port": 8080, "route": "default"}
FULL, GIVEN = projects()["full"], projects()["given"]


def project(web: dict[str, Any] | None = None, **said: Any) -> Project:
    return Project.model_validate({"project": "shop", "services": {"web": WEB | (web or {})}, **said})


def resources(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: one["Properties"] for name, one in made["Resources"].items()}


def test_plain_http_is_led_to_https_and_https_is_of_today() -> None:
    shared = resources(shared_template(project(test_port=8443)))
    (action,) = shared["PlainListener"]["DefaultActions"]
    assert shared["PlainListener"]["Port"] == 80
    assert action["RedirectConfig"] == {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    for listener in ("Listener", "TestListener"):
        assert "TLS13-1-2" in shared[listener]["SslPolicy"]
        assert shared[listener]["Certificates"] == [{"CertificateArn": {"Ref": "Certificate"}}]
    ports = [one["FromPort"] for one in shared["BalancerSecurityGroup"]["SecurityGroupIngress"]]
    assert ports == [443, 80, 8443]


def test_a_service_is_reached_at_its_port_alone_by_those_who_need_it() -> None:
    def let_in(**web: Any) -> list[tuple[int, int, str]]:
        group = resources(service_template(project(web), "web"))["SecurityGroup"]
        return [
            (one["FromPort"], one["ToPort"], one["SourceSecurityGroupId"]["Fn::ImportValue"])
            for one in group["SecurityGroupIngress"]
        ]

    among, balancer = (8080, 8080, "shop-TaskSecurityGroup"), (8080, 8080, "shop-BalancerSecurityGroup")
    assert let_in() == [among, balancer]
    assert let_in(route="none", release="rolling") == [among]
    shared = resources(shared_template(project()))
    assert "SecurityGroupIngress" not in shared["TaskSecurityGroup"]


@pytest.mark.parametrize(
    ("notify", "topic"),
    [(["a@b.example"], {"Ref": "Topic"}), ("arn:aws:sns:eu-central-1:111111111111:ops",) * 2],
)
def test_releases_and_alarms_are_told(notify: Any, topic: Any) -> None:
    said = project({"release": {"alarms": [{"metric": "errors", "above": 1}]}}, notify=notify)
    shared = shared_template(said)
    assert shared["Outputs"]["Topic"]["Value"] == topic
    assert ("Topic" in shared["Resources"]) == (topic == {"Ref": "Topic"})
    made = resources(service_template(said, "web"))
    told = [{"Fn::ImportValue": "shop-Topic"}]
    assert made["ErrorsBlueAlarm"]["AlarmActions"] == made["ErrorsGreenAlarm"]["AlarmActions"] == told
    (trigger,) = made["Group"]["TriggerConfigurations"]
    assert {"DeploymentFailure", "DeploymentRollback", "DeploymentReady"} <= set(trigger["TriggerEvents"])
    assert "sns:Publish" in json.dumps(made["DeployRole"])


def test_without_notify_nothing_speaks_of_it() -> None:
    said = project({"release": {"alarms": [{"metric": "errors", "above": 1}]}})
    text = "".join(stack.body for stack in stacks(said))
    assert not any(word in text for word in ("sns", "SNS", "AlarmActions", "TriggerConfigurations"))


def test_a_service_scales_by_its_load() -> None:
    made = resources(service_template(FULL, "gateway"))
    assert (made["Scale"]["MinCapacity"], made["Scale"]["MaxCapacity"]) == (2, 10)
    assert "DesiredCount" not in made["Service"]
    cpu = made["ScaleByCpu"]["TargetTrackingScalingPolicyConfiguration"]
    assert cpu["TargetValue"] == 60
    assert cpu["PredefinedMetricSpecification"] == {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    (night,) = made["Scale"]["ScheduledActions"]
    assert night["ScalableTargetAction"] == {"MinCapacity": 0, "MaxCapacity": 0}


def test_requests_are_counted_where_they_go() -> None:
    def measure(service: str) -> dict[str, Any]:
        made = resources(service_template(FULL, service))["ScaleByRequests"]
        return dict(made["TargetTrackingScalingPolicyConfiguration"])

    plain = measure("cart")["PredefinedMetricSpecification"]
    assert plain["PredefinedMetricType"] == "ALBRequestCountPerTarget"
    assert plain["ResourceLabel"]["Fn::Join"][1][1] == {"Fn::GetAtt": ["BlueTargets", "TargetGroupFullName"]}
    *metrics, busier = measure("gateway")["CustomizedMetricSpecification"]["Metrics"]
    groups = [one["MetricStat"]["Metric"]["Dimensions"][1]["Value"]["Fn::GetAtt"][0] for one in metrics]
    assert groups == ["BlueTargets", "GreenTargets"]
    assert [one["ReturnData"] for one in (*metrics, busier)] == [False, False, True]


def test_with_scaling_a_time_says_the_least() -> None:
    hours = [{"cron": "0 7 ? * * *", "tasks": 3}, {"cron": "0 8 ? * * *", "tasks": 12}]
    said = project({"scaling": {"min": 2, "max": 10, "cpu": 50}, "schedule": hours})
    actions = resources(service_template(said, "web"))["Scale"]["ScheduledActions"]
    assert [one["ScalableTargetAction"] for one in actions] == [
        {"MinCapacity": 3, "MaxCapacity": 10},
        {"MinCapacity": 12, "MaxCapacity": 12},
    ]


def test_builds_read_the_repository_by_its_connection() -> None:
    made = resources(build_template(FULL, "gateway"))
    assert FULL.source is not None
    auth = {"Type": "CODECONNECTIONS", "Resource": FULL.source.connection}
    assert made["Builder"]["Source"]["Auth"] == auth
    assert "codeconnections:GetConnectionToken" in json.dumps(made["BuildRole"])
    (given,) = [one.parameters for one in stacks(FULL) if one.name == "shop-gateway-build"]
    assert given == {"SourceType": "GITHUB", "SourceLocation": "https://github.com/acme/shop"}
    here = resources(build_template(FULL.here(), "gateway"))
    assert "Auth" not in here["Builder"]["Source"]


def test_a_build_may_take_as_long_as_the_release_that_it_waits_for() -> None:
    def minutes(**release: Any) -> int:
        made = resources(build_template(project({"release": release}), "web"))
        return int(made["Builder"]["TimeoutInMinutes"])

    assert minutes(keep_old="30m") == 150
    assert minutes(keep_old="48h", approval="48h") == 2160
    assert minutes(controller="ecs", keep_old="24h") == 120


def test_images_that_a_release_may_need_are_kept_long() -> None:
    repository = resources(build_template(project(), "web"))["Repository"]
    untagged, oldest = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert untagged["selection"]["countNumber"] >= 90
    assert (oldest["selection"]["tagStatus"], oldest["selection"]["countNumber"]) == ("any", 200)
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}


def test_what_is_there_already_is_used_and_not_made() -> None:
    shared = shared_template(GIVEN)
    kinds = {one["Type"].rsplit("::", 1)[1] for one in shared["Resources"].values()}
    assert kinds == {"SecurityGroup", "PrivateDnsNamespace"}
    assert set(shared["Parameters"]) == {"VpcId"}
    said = {name: one["Value"] for name, one in shared["Outputs"].items()}
    assert said["Cluster"] == "prod"
    assert said["Listener"] == GIVEN.existing.listener
    assert said["TestListener"] == GIVEN.existing.test_listener
    assert said["LoadBalancerFullName"] == "app/all/0123456789abcdef"
    assert GIVEN.events is not None
    events = events_template(GIVEN, GIVEN.events)
    topics = [one for one in events["Resources"].values() if one["Type"] == "AWS::MSK::Topic"]
    assert [one["Properties"]["ClusterArn"] for one in topics] == [GIVEN.existing.kafka]
    assert "AWS::MSK::Cluster" not in json.dumps(events)
    assert resources(events)["TasksScram"]["GroupId"] == GIVEN.existing.kafka_security_group
    group = resources(service_template(GIVEN, "gateway"))["Group"]
    assert group["DeploymentGroupName"] == "DgpECS-prod-gateway"
    assert not any(one.kind == "network" for one in stacks(GIVEN))


def test_logs_are_kept_as_long_as_is_said() -> None:
    def kept(retention: str) -> list[int | None]:
        said = project(log_retention=retention)
        groups = [
            resources(service_template(said, "web"))["LogGroup"],
            resources(build_template(said, "web"))["BuildLogGroup"],
        ]
        return [one.get("RetentionInDays") for one in groups]

    assert (kept("90d"), kept("forever")) == ([90, 90], [None, None])


def test_container_insights_and_the_http_namespace_are_the_clusters() -> None:
    cluster = resources(shared_template(FULL))["Cluster"]
    assert cluster["ClusterSettings"] == [{"Name": "containerInsights", "Value": "enhanced"}]
    assert cluster["ServiceConnectDefaults"] == {"Namespace": {"Fn::GetAtt": ["HttpNamespace", "Arn"]}}
    assert "HttpNamespace" not in shared_template(project())["Resources"]
