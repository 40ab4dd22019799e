"""AppSpecs as people and the AWS CLI write them, and what is wrong with the others."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.services.codedeploy import appspec
from bambe.services.codedeploy.errors import InvalidRevisionException, RevisionRequiredException

GOOD = """\
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: arn:aws:ecs:eu-central-1:1:task-definition/orders:2
        LoadBalancerInfo:
          ContainerName: orders
          ContainerPort: 8080
"""


@pytest.mark.parametrize("content", [GOOD, GOOD.lower().replace("aws::ecs::service", "AWS::ECS::Service")])
def test_keys_in_any_case(content: str) -> None:
    spec = appspec.parse(content)
    assert (spec.container, spec.port) == ("orders", 8080)
    assert spec.task_definition.endswith("orders:2")


def test_optional_parts() -> None:
    more = """\
        PlatformVersion: LATEST
        NetworkConfiguration:
          AwsvpcConfiguration: {Subnets: [a], SecurityGroups: [b], AssignPublicIp: ENABLED}
        CapacityProviderStrategy: [{CapacityProvider: FARGATE, Weight: 1}]
"""
    spec = appspec.parse(GOOD + more)
    assert spec.platform_version == "LATEST"
    assert spec.network == {
        "awsvpcConfiguration": {"subnets": ["a"], "securityGroups": ["b"], "assignPublicIp": "ENABLED"}
    }
    assert spec.capacity == [{"capacityProvider": "FARGATE", "weight": 1}]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: [", "cannot be read at line"),
        ("just text", "The AppSpec file must be a mapping"),
        (GOOD.replace("  - Target", "    Target"), "exactly one resource"),
        (GOOD.replace("AWS::ECS::Service", "AWS::Lambda::Function"), "must be AWS::ECS::Service"),
        (GOOD.replace("8080", "http"), "ContainerPort must be a port number"),
        (GOOD.replace("ContainerName: orders", "X: y"), "ContainerName is required"),
        (GOOD.replace("0.0", "2.0"), "unsupported version 2.0: version must be 0.0"),
        (GOOD.replace("0.0", '"1"'), "unsupported version 1:"),
        (GOOD + "Hooks:\n  - BeforeStart: check\n", "BeforeStart is not a hook of an ECS deployment"),
        (GOOD + "Hooks:\n  - AfterInstall: a\n  - AfterInstall: b\n", "more than one Lambda function"),
        (GOOD + "Hooks:\n  - AfterInstall:\n", "AfterInstall must name a Lambda function"),
    ],
)
def test_says_what_is_wrong(content: str, says: str) -> None:
    with pytest.raises(InvalidRevisionException, match=says):
        appspec.parse(content)


def test_hooks_are_read_in_any_case_and_form() -> None:
    wanted = {"BeforeInstall": "check", "AfterAllowTraffic": "smoke"}
    listed = "Hooks:\n  - BeforeInstall: check\n  - afterallowtraffic: smoke\n"
    mapped = "hooks: {BeforeInstall: check, AfterAllowTraffic: smoke}\n"
    assert appspec.parse(GOOD + listed).hooks == wanted
    assert appspec.parse(GOOD + mapped).hooks == wanted


def test_digest_is_checked() -> None:
    right = hashlib.sha256(GOOD.encode()).hexdigest()
    for digest in (right, right.upper()):
        appspec.from_revision({"appSpecContent": {"content": GOOD, "sha256": digest}})
    with pytest.raises(InvalidRevisionException, match="SHA256"):
        appspec.from_revision({"appSpecContent": {"content": GOOD, "sha256": "0" * 64}})


@pytest.mark.parametrize("version", ["0.0", '"0.0"', "0"])
def test_the_version_is_a_number_or_a_text(version: str) -> None:
    assert appspec.parse(GOOD.replace("0.0", version)).container == "orders"


def test_other_revisions_are_refused() -> None:
    for nothing in (None, {}, {"appSpecContent": {}}):
        with pytest.raises(RevisionRequiredException, match="RevisionLocation must be specified"):
            appspec.from_revision(nothing)
    with pytest.raises(InvalidRevisionException, match="AppSpecContent, not S3"):
        appspec.from_revision({"revisionType": "S3", "s3Location": {"bucket": "b"}})


@pytest.mark.parametrize(
    ("revision", "member"),
    [
        ({"revisionType": "AppSpecContent"}, "appSpecContent"),
        ({"revisionType": "AppSpecContent", "appSpecContent": {}}, "appSpecContent"),
        ({"revisionType": "AppSpecContent", "appSpecContent": {"content": ""}}, "appSpecContent"),
        ({"revisionType": "String", "string": {"content": " "}}, "string"),
    ],
)
def test_a_revision_without_an_appspec_says_so(revision: dict[str, Any], member: str) -> None:
    with pytest.raises(InvalidRevisionException, match=f"missing: {member} needs its content"):
        appspec.from_revision(revision)


@given(st.text())
def test_never_anything_but_its_own_error(content: str) -> None:
    with pytest.raises(InvalidRevisionException):
        appspec.parse(content)
