"""What a model forbids is refused in AWS's words, by the error each service gives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bambe.kernel.errors import AwsError, UnknownOperationException
from bambe.wire import Models

MODELS = Models()


def refused(service: str, operation: str, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        MODELS.validate(service, operation, parameters)
    return caught.value.wire_code(), caught.value.message


def test_a_missing_member() -> None:
    assert refused("ecs", "describe_services", cluster="c") == (
        "InvalidParameterException",
        "1 validation error detected: Value null at 'services' failed to satisfy constraint: "
        "Member must not be null",
    )


def test_several_problems_are_told_together() -> None:
    code, message = refused("acm", "request_certificate", DomainName="", ValidationMethod="CARRIER_PIGEON")
    assert code == "ValidationException"
    assert message.startswith("3 validation errors detected: Value '' at 'domainName' failed to satisfy")
    assert "Member must satisfy enum value set: [EMAIL, DNS, HTTP]" in message


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "words"),
    [
        ("sts", "assume_role", {"RoleArn": "x"}, "ValidationError", "at 'roleSessionName'"),
        ("elbv2", "create_target_group", {}, "ValidationError", "Value null at 'name'"),
        ("servicediscovery", "create_service", {}, "InvalidInput", "Value null at 'name'"),
        ("codebuild", "start_build", {}, "InvalidInputException", "Value null at 'projectName'"),
        ("logs", "create_log_group", {"logGroupName": "a b"}, "InvalidParameterException", "pattern: "),
        (
            "ecr",
            "create_repository",
            {"repositoryName": "A"},
            "InvalidParameterException",
            "at 'repositoryName'",
        ),
        ("codedeploy", "create_application", {}, "ApplicationNameRequiredException", "applicationName"),
        ("ec2", "create_vpc", {"InstanceTenancy": "x"}, "InvalidParameterValue", "enum value set"),
        ("ec2", "delete_vpc", {}, "MissingParameter", "must contain the parameter VpcId"),
        ("ecs", "create_cluster", {"clusterNmae": "x"}, "InvalidParameterException", "'clusterNmae'"),
        (
            "ecs",
            "create_cluster",
            {"tags": [{"key": "k" * 129}]},
            "InvalidParameterException",
            "at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than",
        ),
    ],
)
def test_each_service_has_its_own_error(
    service: str, operation: str, parameters: dict[str, Any], code: str, words: str
) -> None:
    found, message = refused(service, operation, **parameters)
    assert found == code
    assert words in message


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (7, "NUMBER_VALUE can not be converted to a String"),
        (True, "TRUE_VALUE can not be converted to a String"),
        ([], "START_ARRAY can not be converted to a String"),
        ({}, "START_OBJECT can not be converted to a String"),
    ],
)
def test_another_type_is_a_serialization_error(value: Any, words: str) -> None:
    assert refused("ecs", "create_cluster", clusterName=value) == ("SerializationException", words)


def test_a_boolean_is_no_number() -> None:
    assert refused("ecs", "list_clusters", maxResults=True)[0] == "SerializationException"


def test_tokens_are_filled_in_and_nulls_left_out() -> None:
    given = {"Name": "x", "NamespaceId": None}
    checked = MODELS.validate("servicediscovery", "create_service", given)
    assert set(checked) == {"Name", "CreatorRequestId"}
    again = MODELS.validate("servicediscovery", "create_service", {"Name": "x", "CreatorRequestId": "mine"})
    assert again["CreatorRequestId"] == "mine"


def test_good_parameters_pass_as_they_are() -> None:
    given = {"taskDefinition": "x", "overrides": {"containerOverrides": [{"name": "a", "cpu": 1}]}}
    assert MODELS.validate("ecs", "run_task", given)["taskDefinition"] == "x"
    moment = {"logGroupIdentifiers": ["x"], "startTime": 1, "endTime": 2, "queryString": "q"}
    assert MODELS.validate("logs", "start_query", moment) == moment
    stamped = {"cluster": "c", "task": "t", "pullStartedAt": datetime(2026, 1, 1, tzinfo=UTC)}
    assert MODELS.validate("ecs", "submit_task_state_change", stamped) == stamped


def test_unknown_names() -> None:
    with pytest.raises(UnknownOperationException):
        MODELS.validate("ecs", "make_tea", {})
    with pytest.raises(UnknownOperationException):
        MODELS.validate("teapot", "make_tea", {})


def test_a_sensitive_value_is_not_repeated() -> None:
    secret = "hunter2" * 10000
    code, message = refused("secretsmanager", "create_secret", Name="a", SecretString=secret)
    assert code == "ValidationException"
    assert message == (
        "1 validation error detected: Value at 'secretString' failed to satisfy constraint: "
        "Member must have length less than or equal to 65536"
    )
