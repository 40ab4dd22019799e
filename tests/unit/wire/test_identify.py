"""Which service a request means, also where signing names and folder names differ."""

from __future__ import annotations

import pytest

from bambe.kernel.errors import AwsError
from bambe.wire import Models, Request

FORM = {b"content-type": b"application/x-www-form-urlencoded; charset=utf-8"}


RPC = {b"smithy-protocol": b"rpc-v2-cbor"}
CLOUDWATCH = "GraniteServiceVersion20100801"
SERVED = ["elbv2", "sts", "ecs", "kafka", "cloudwatch"]


def target(name: str) -> Request:
    return Request("POST", "/", "", {b"x-amz-target": name.encode()}, b"")


def form(body: str, query: str = "") -> Request:
    return Request("GET" if query else "POST", "/", query, FORM if body else {}, body.encode())


@pytest.mark.parametrize("models", [Models(), Models(SERVED)], ids=["all", "served"])
@pytest.mark.parametrize(
    ("request_", "signs_as", "expected"),
    [
        (form("Action=DescribeRules&Version=2015-12-01"), "elasticloadbalancing", "elbv2.describe_rules"),
        (form("Action=DescribeTags&Version=2012-06-01"), "elasticloadbalancing", "elb.describe_tags"),
        (form("Action=GetCallerIdentity&Version=2011-06-15"), "", "sts.get_caller_identity"),
        (form("", "Action=GetCallerIdentity&Version=2011-06-15"), "sts", "sts.get_caller_identity"),
        (
            Request("POST", "/", "", {b"x-amz-target": b"AmazonEC2ContainerServiceV20141113.ListTasks"}, b""),
            "",
            "ecs.list_tasks",
        ),
        (Request("GET", "/v1/clusters", "", {}, b""), "kafka", "kafka.list_clusters"),
        (
            Request("POST", f"/service/{CLOUDWATCH}/operation/ListMetrics", "", RPC, b""),
            "monitoring",
            "cloudwatch.list_metrics",
        ),
        (target(f"{CLOUDWATCH}.ListMetrics"), "monitoring", "cloudwatch.list_metrics"),
        (form("Action=ListMetrics&Version=2010-08-01"), "monitoring", "cloudwatch.list_metrics"),
        (
            Request("GET", "/v1/clusters/arn%3Aaws%3Akafka%3Ax/nodes", "", {}, b""),
            "kafka",
            "kafka.list_nodes",
        ),
    ],
)
def test_requests_find_their_operation(
    models: Models, request_: Request, signs_as: str, expected: str
) -> None:
    found = models.parse(request_, signs_as)
    assert f"{found.service}.{found.operation}" == expected


@pytest.mark.parametrize(
    ("request_", "signs_as", "code"),
    [
        (form("Action=MakeTea&Version=2011-06-15"), "sts", "InvalidAction"),
        (
            Request("POST", "/", "", {b"x-amz-target": b"AmazonEC2ContainerServiceV20141113.MakeTea"}, b""),
            "ecs",
            None,
        ),
        (Request("GET", "/v9/teapots", "", {}, b""), "kafka", None),
        (Request("GET", "/", "", {}, b""), "", None),
        (Request("GET", "/", "", {}, b""), "teapot", None),
        (target("Teapot.Make"), "", None),
    ],
)
def test_what_aws_does_not_have_is_refused(request_: Request, signs_as: str, code: str | None) -> None:
    with pytest.raises(AwsError) as caught:
        Models(["sts", "ecs", "kafka"]).parse(request_, signs_as)
    assert caught.value.wire_code() == (code or "UnknownOperationException")


def test_form_fields_of_another_type() -> None:
    request = form("Action=DescribeRules&Version=2015-12-01&PageSize=many")
    with pytest.raises(AwsError) as caught:
        Models(["elbv2"]).parse(request, "elasticloadbalancing")
    assert caught.value.wire_code() == "MalformedInput"


def test_a_body_that_is_no_json() -> None:
    headers = {b"x-amz-target": b"AmazonEC2ContainerServiceV20141113.ListTasks"}
    with pytest.raises(AwsError) as caught:
        Models(["ecs"]).parse(Request("POST", "/", "", headers, b"{"), "ecs")
    assert caught.value.wire_code() == "SerializationException"


@pytest.mark.parametrize(
    ("request_", "protocol"),
    [
        (Request("POST", f"/service/{CLOUDWATCH}/operation/ListMetrics", "", RPC, b""), "smithy-rpc-v2-cbor"),
        (target(f"{CLOUDWATCH}.ListMetrics"), "json"),
        (form("Action=ListMetrics&Version=2010-08-01"), "query"),
    ],
)
def test_a_service_answers_in_the_protocol_it_was_asked_in(request_: Request, protocol: str) -> None:
    assert Models(SERVED).find(request_, "monitoring").service.protocol_name == protocol
