"""CloudWatch as the stock clients see it, in every protocol they may choose."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import timedelta
from typing import Any

import botocore.parsers
import botocore.serialize
import pytest
from botocore.config import Config

from tests.api.conftest import Edge

ALARM: dict[str, Any] = {
    "AlarmName": "errors",
    "Namespace": "Shop",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.5,
    "ComparisonOperator": "GreaterThanThreshold",
    "Dimensions": [{"Name": "Service", "Value": "orders"}],
}


def client(edge: Edge, protocol: str) -> Any:
    """A boto3 client made to speak one protocol; it takes json by itself."""
    made = edge.aws("cloudwatch")
    if protocol != "json":
        made._serializer = botocore.serialize.create_serializer(protocol)
        made._endpoint._response_parser_factory = _Always(botocore.parsers.create_parser(protocol))
        made.meta.service_model.__dict__["resolved_protocol"] = protocol
        made._response_parser = botocore.parsers.create_parser(protocol)
    return made


class _Always:
    def __init__(self, parser: Any) -> None:
        self._parser = parser

    def create_parser(self, protocol: str) -> Any:
        return self._parser


@pytest.mark.parametrize("protocol", ["json", "query", "smithy-rpc-v2-cbor"])
def test_metrics_and_alarms_in_every_protocol(edge: Edge, protocol: str) -> None:
    cloudwatch = client(edge, protocol)
    now = edge.house.clock.now()
    cloudwatch.put_metric_data(
        Namespace="Shop",
        MetricData=[
            {"MetricName": "Errors", "Value": 2.5, "Timestamp": now, "Dimensions": ALARM["Dimensions"]}
        ],
    )
    span = {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=5)}
    wish = {"Namespace": "Shop", "MetricName": "Errors", "Dimensions": ALARM["Dimensions"]}
    found = cloudwatch.get_metric_statistics(**wish, **span, Period=60, Statistics=["Sum"])
    assert [(one["Timestamp"], one["Sum"]) for one in found["Datapoints"]] == [(now, 2.5)]
    queries = [{"Id": "m", "MetricStat": {"Metric": wish, "Period": 60, "Stat": "p99"}}]
    (result,) = cloudwatch.get_metric_data(MetricDataQueries=queries, **span)["MetricDataResults"]
    assert (result["Values"], result["Timestamps"]) == ([2.5], [now])
    assert cloudwatch.list_metrics()["Metrics"] == [wish]
    cloudwatch.put_metric_alarm(**ALARM, Tags=[{"Key": "team", "Value": "shop"}])
    edge.run(edge.house.advance(63))
    (alarm,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert (alarm["StateValue"], alarm["Threshold"]) == ("ALARM", 1.5)
    tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "shop"}]
    pages = cloudwatch.get_paginator("describe_alarm_history").paginate(PaginationConfig={"PageSize": 1})
    assert len([one for page in pages for one in page["AlarmHistoryItems"]]) == 2
    cloudwatch.get_waiter("alarm_exists").wait(AlarmNames=["errors"])
    cloudwatch.delete_alarms(AlarmNames=["errors"])


@pytest.mark.parametrize("protocol", ["json", "query", "smithy-rpc-v2-cbor"])
def test_errors_have_the_codes_that_clients_know(edge: Edge, protocol: str) -> None:
    cloudwatch = client(edge, protocol)
    with pytest.raises(cloudwatch.exceptions.ResourceNotFound) as caught:
        cloudwatch.set_alarm_state(AlarmName="nobody", StateValue="OK", StateReason="x")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(cloudwatch.exceptions.ClientError) as bad:
        cloudwatch.put_metric_alarm(**{**ALARM, "Period": 7})
    assert bad.value.response["Error"]["Code"] == "InvalidParameterValue"
    with pytest.raises(cloudwatch.exceptions.ClientError) as absent:
        cloudwatch.put_dashboard(DashboardName="d", DashboardBody="{}")
    assert absent.value.response["Error"]["Code"] == "NotImplemented"
    assert absent.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_large_bodies_may_be_compressed(edge: Edge) -> None:
    config = Config(request_min_compression_size_bytes=100, retries={"max_attempts": 0})
    cloudwatch = edge.aws("cloudwatch", config=config)
    data = [{"MetricName": f"M{number}", "Value": 1.0} for number in range(50)]
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)
    assert len(cloudwatch.list_metrics()["Metrics"]) == 50


CLIS = [None, "/usr/bin/aws"]


@pytest.mark.parametrize("program", CLIS, ids=["v1", "v2"])
def test_through_the_cli(edge: Edge, program: str | None) -> None:
    if program and not shutil.which(program):
        pytest.skip("the AWS CLI v2 is not installed")

    def cli(*words: str) -> Any:
        if program is None:
            done = edge.cli("cloudwatch", *words)
        else:
            environment = {**edge.environment, "AWS_ENDPOINT_URL": ""}
            command = [program, "--endpoint-url", edge.endpoint, "cloudwatch", *words]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    at = f"{edge.house.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    cli(
        "put-metric-data", "--namespace", "Shop", "--metric-name", "Errors", "--value", "3", "--timestamp", at
    )
    cli(
        "put-metric-alarm", "--alarm-name", "errors", "--namespace", "Shop", "--metric-name", "Errors",
        "--statistic", "Sum", "--period", "60", "--evaluation-periods", "1", "--threshold", "1",
        "--comparison-operator", "GreaterThanThreshold",
    )  # fmt: skip
    edge.run(edge.house.advance(63))
    (alarm,) = cli("describe-alarms", "--state-value", "ALARM")["MetricAlarms"]
    assert alarm["AlarmName"] == "errors"
    cli("set-alarm-state", "--alarm-name", "errors", "--state-value", "OK", "--state-reason", "a drill")
    assert cli("describe-alarms", "--alarm-names", "errors")["MetricAlarms"][0]["StateReason"] == "a drill"
