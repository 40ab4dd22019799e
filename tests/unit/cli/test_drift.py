"""What has drifted is told in a line each; what releases, schedules and AWS itself own is not told."""

from __future__ import annotations

import base64
import json
from collections import Counter
from threading import Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from bambe.cli.drift import Drifted, Drifts, drifted, report, summary
from bambe.cli.drift_owners import Difference, same

ELB = "arn:aws:elasticloadbalancing:eu-central-1:111111111111:targetgroup"
BLUE, GREEN, OTHER = (f"{ELB}/shop-{one}/1" for one in ("blue", "green", "other"))
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
SERVICE = "AWS::ECS::Service"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"


def seen(
    kind: str, *differences: tuple[str, Any, Any], status: str = "MODIFIED", id: str = "x", **more: Any
) -> dict[str, Any]:
    """A resource as DescribeStackResourceDrifts shows it."""
    return {
        "LogicalResourceId": kind.rsplit(":", 1)[-1],
        "PhysicalResourceId": id,
        "ResourceType": kind,
        "StackResourceDriftStatus": status,
        "PropertyDifferences": [said(*one) for one in differences],
        **{f"{name}Properties": json.dumps(value) for name, value in more.items()},
    }


def said(path: str, expected: Any, actual: Any) -> dict[str, str]:
    kind = "ADD" if expected is None else "REMOVE" if actual is None else "NOT_EQUAL"
    values = [one if isinstance(one, str) else json.dumps(one) for one in (expected, actual)]
    return {
        "PropertyPath": path,
        "ExpectedValue": values[0],
        "ActualValue": values[1],
        "DifferenceType": kind,
    }


def lines(*all: dict[str, Any]) -> list[str]:
    return [line for one in drifted("s", all) for line in one.lines]


def forward(**weights: int) -> list[dict[str, Any]]:
    arns = {"blue": BLUE, "green": GREEN, "other": OTHER}
    groups = [{"TargetGroupArn": arns[name], "Weight": weight} for name, weight in weights.items()]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]


def rule(actual: Any, *differences: tuple[str, Any, Any]) -> dict[str, Any]:
    expected = {"Actions": forward(blue=1, green=0)}
    return seen(RULE, *differences, Expected=expected, Actual={"Actions": actual})


PAIR = [seen(GROUP, status="IN_SYNC", id=BLUE), seen(GROUP, status="IN_SYNC", id=GREEN)]
ACTIONS = "/Actions/0/ForwardConfig/TargetGroups"


@pytest.mark.parametrize(
    "after",
    [
        rule(forward(blue=0, green=1), (f"{ACTIONS}/0/Weight", "1", "0"), (f"{ACTIONS}/1/Weight", "0", "1")),
        rule(forward(green=100, blue=0), (f"{ACTIONS}/0/TargetGroupArn", BLUE, GREEN)),
        rule([{"Type": "forward", "TargetGroupArn": GREEN}], ("/Actions/0/ForwardConfig", {}, None)),
        rule(forward(green=1), (f"{ACTIONS}/0", forward(blue=1), None)),
        seen(SERVICE, ("/TaskDefinition", "a:1", "a:2"), ("/LoadBalancers/0/TargetGroupArn", BLUE, GREEN)),
    ],
)
def test_a_release_is_no_drift(after: dict[str, Any]) -> None:
    assert lines(*PAIR, after) == []


def test_traffic_that_goes_to_strangers_is() -> None:
    what = f"~ ListenerRule ({RULE}): Actions is"
    then = "the template says forward to shop-blue/1, shop-green/1"
    strange = rule(forward(blue=1, other=0), (f"{ACTIONS}/1/TargetGroupArn", GREEN, OTHER))
    assert lines(*PAIR, strange) == [f"{what} forward to shop-blue/1, shop-other/1, {then}"]
    answer = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]
    assert lines(*PAIR, rule(answer, ("/Actions/0/Type", "forward", "fixed-response"))) == [
        f"{what} fixed-response, {then}"
    ]
    other = seen(SERVICE, ("/LoadBalancers/0/TargetGroupArn", BLUE, OTHER))
    assert len(lines(*PAIR, other)) == 1


def test_who_scales_owns_the_count() -> None:
    changed = seen(SERVICE, ("/DesiredCount", "2", "5"))
    assert lines(changed) == [f"~ Service ({SERVICE}): DesiredCount is 5, the template says 2"]
    assert lines(changed, seen(TARGET, status="IN_SYNC")) == []
    limits = (("/MinCapacity", "2", "0"), ("/MaxCapacity", "4", "9"))
    assert len(lines(seen(TARGET, *limits, Expected={"MinCapacity": 2}))) == 2
    assert lines(seen(TARGET, *limits, Expected={"ScheduledActions": [{"ScheduledActionName": "a"}]})) == []


@pytest.mark.parametrize(
    "difference",
    [
        ("/Tags/2", None, {"Key": "aws:cloudformation:stack-name", "Value": "s"}),
        ("/Tags/aws:tag", None, "x"),
        ("/Tags/1", None, {"Key": "bambe:hold", "Value": "d-1"}),
        ("/TargetGroupAttributes/3", None, {"Key": "stickiness.enabled", "Value": "false"}),
        ("/Port", "80", "80.0"),
        ("/Policy", {"Action": ["a"], "On": True}, '{"On": "true", "Action": "a"}'),
        ("/Names", ["a", "b"], ["b", "a"]),
    ],
)
def test_what_aws_adds_or_spells_another_way_is_no_drift(difference: tuple[str, Any, Any]) -> None:
    assert lines(seen(GROUP, difference)) == []


def test_what_others_put_beside_the_templates_secrets_is_theirs() -> None:
    kind = "AWS::MSK::BatchScramSecret"
    assert lines(seen(kind, ("/SecretArnList/1", None, "arn:aws:secretsmanager:x"))) == []
    assert len(lines(seen(kind, ("/SecretArnList/1", "arn:aws:secretsmanager:x", None)))) == 1


def test_every_difference_is_a_line_that_fits() -> None:
    rest = f"({GROUP}):"
    changed = seen(
        GROUP,
        ("/HealthCheckPath", "/health", "/x"),
        ("/Tags/0", {"Key": "team", "Value": "a"}, None),
        ("/Matcher/HttpCode", "200", ""),
        ("/Names/1", None, "b\x1b[2J"),
        ("/Long", "a" * 500 + "b", "a" * 500 + "c" + "d" * 99),
    )
    found = lines(changed)
    assert found[:4] == [
        f"~ TargetGroup {rest} HealthCheckPath is /x, the template says /health",
        f'~ TargetGroup {rest} Tags/0 is gone, the template says {{"Key": "team", "Value": "a"}}',
        f'~ TargetGroup {rest} Matcher/HttpCode is "", the template says 200',
        f"~ TargetGroup {rest} Names/1 is b [2J, the template has none",
    ]
    assert len(found[4]) < 250
    assert "aaac" in found[4]
    assert "aaab" in found[4]
    assert lines(seen(GROUP, status="DELETED")) == [f"- TargetGroup ({GROUP}) is gone"]
    assert lines(seen(GROUP, status="NOT_CHECKED"), seen(GROUP, status="IN_SYNC")) == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("AWS::SSM::Parameter", "/Value"),
        ("AWS::SecretsManager::Secret", "/SecretString"),
        ("AWS::CodeBuild::Project", "/Environment/EnvironmentVariables/0/Value"),
        ("AWS::Lambda::Function", "/Environment/Variables/X"),
        ("AWS::X::Y", "/MasterUserPassword"),
        ("AWS::X::Y", "/Auth/ApiKey"),
    ],
)
def test_secrets_are_not_told(kind: str, path: str) -> None:
    (one,) = drifted("s", [seen(kind, (path, "hush", "hunter2"))])
    assert one.differences == (Difference(path, "", "", hidden=True),)
    assert "is another one than the template says" in one.lines[0]
    assert "hunter2" not in repr(one)
    assert (
        "LARGE" in lines(seen("AWS::CodeBuild::Project", ("/Environment/ComputeType", "SMALL", "LARGE")))[0]
    )


def test_settings_of_a_topic_are_read_for_the_person() -> None:
    def encoded(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    one, two = encoded("retention.ms=1\n"), encoded("retention.ms=2\n")
    assert lines(seen("AWS::MSK::Topic", ("/Configs", one, two)))[0].endswith(
        "Configs is retention.ms=2, the template says retention.ms=1"
    )


def test_what_is_the_same() -> None:
    assert same("1", "1.0")
    assert same("[true]", '"true"')
    assert not same("a", "b")
    assert not same(None, "null")
    assert not same('{"a": 1}', '{"a": 2}')


class CloudFormation:
    """Stacks by name: what DescribeStackResourceDrifts shows of each, or the error of a look at it."""

    def __init__(self, **stacks: Any) -> None:
        self.stacks = stacks
        self.asked, self.busy = Counter[str](), Counter[str]()
        self.at_once = self.most = 0
        self._lock = Lock()

    def detect_stack_drift(self, StackName: str) -> Any:
        with self._lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        if self.busy[StackName]:
            self.busy[StackName] -= 1
            raise error(f"Drift detection is already in progress for stack [{StackName}]")
        if StackName not in self.stacks:
            raise error(f"Stack with id {StackName} does not exist")
        if isinstance(self.stacks[StackName], Exception):
            raise self.stacks[StackName]
        return {"StackDriftDetectionId": StackName}

    def describe_stack_drift_detection_status(self, StackDriftDetectionId: str) -> Any:
        name = StackDriftDetectionId
        self.asked[name] += 1
        if self.asked[name] < 3:
            return {"DetectionStatus": "DETECTION_IN_PROGRESS"}
        with self._lock:
            self.at_once -= 1
        found = self.stacks[name]
        if isinstance(found, str):
            return {"DetectionStatus": "DETECTION_FAILED", "DetectionStatusReason": found}
        return {
            "DetectionStatus": "DETECTION_COMPLETE",
            "StackDriftStatus": "DRIFTED" if found else "IN_SYNC",
        }

    def describe_stack_resource_drifts(self, StackName: str, NextToken: str = "0") -> Any:
        at, found = int(NextToken), self.stacks[StackName]
        more = {"NextToken": str(at + 1)} if at + 1 < len(found) else {}
        return {"StackResourceDrifts": found[at : at + 1], **more}


def error(message: str) -> ClientError:
    return ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DetectStackDrift")


def test_stacks_are_looked_at_side_by_side_and_told_in_order() -> None:
    gone = seen(GROUP, status="DELETED")
    many = {f"s{number}": [gone] if number % 20 == 0 else [] for number in range(100)}
    cloudformation, told, waits = CloudFormation(**many), list[str](), list[float]()
    found = Drifts(cloudformation, waits.append).detect(["nobody", *many], told.append)
    assert [one.stack for one in found] == ["s0", "s20", "s40", "s60", "s80"]
    assert 1 <= cloudformation.most <= 9  # the one that is not there never ends
    assert told[0] == "looking at 101 stacks for what has drifted"
    assert len(told) == 3
    assert sorted({round(one, 3) for one in waits}) == [0.1, 0.15]
    assert Drifts(cloudformation).detect([], told.append) == ()


def test_all_pages_are_read_and_a_look_of_somebody_else_is_waited_for() -> None:
    cloudformation = CloudFormation(s=[seen(GROUP, status="DELETED", id=str(one)) for one in range(3)])
    cloudformation.busy["s"] = 2
    waits = list[float]()
    assert len(Drifts(cloudformation, waits.append).detect(["s"], print)) == 3
    assert len(waits) == 4
    cloudformation.busy["s"] = 10_000
    (one,) = Drifts(cloudformation, waits.append).detect(["s"], print)
    assert one.reason == "the look is not done after 900 s"
    assert max(waits) == 5.0


def test_a_look_that_fails_is_a_line_with_the_reason() -> None:
    cloudformation = CloudFormation(
        a=error("Drift detection cannot be performed on a stack in DELETE_IN_PROGRESS state"),
        b="Queue: access denied",
        c=NoCredentialsError(),
        d=[seen(GROUP, ("/Port", "1", "2")), seen(RULE, status="DELETED"), seen(GROUP, status="UNKNOWN")],
    )
    found = Drifts(cloudformation, lambda seconds: None).detect(["a", "b", "c", "d"], lambda line: None)
    assert report(found) == [
        "a: 1 not known",
        "  ? what drifted is not known: Drift detection cannot be performed on a stack in DELETE_IN_PROGRESS"
        " state",
        "b: 1 not known",
        "  ? what drifted is not known: Queue: access denied",
        "c: 1 not known",
        "  ? what drifted is not known: Unable to locate credentials",
        "d: 1 changed, 1 deleted, 1 not known",
        f"  - ListenerRule ({RULE}) is gone",
        f"  ~ TargetGroup ({GROUP}): Port is 2, the template says 1",
        f"  ? TargetGroup ({GROUP}) is not known: no reason is given",
    ]
    assert summary(found) == ["a: 1 not known", "b: 1 not known", "c: 1 not known", report(found)[6]]
    assert summary(()) == []
    assert all(isinstance(one, Drifted) for one in found)
