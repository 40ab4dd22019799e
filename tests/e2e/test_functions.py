"""Lambda functions in real containers, and as judges of a release."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

import pytest

from tests.e2e.platform import Bambe, wait_for

HANDLERS = """
import boto3, json, os, time

def echo(event, context):
    print("called for", context.function_name)
    return {"event": event, "account": boto3.client("sts").get_caller_identity()["Account"]}

def fail(event, context):
    raise ValueError("no good")

def sleep(event, context):
    time.sleep(30)

def judge(event, context):
    print("judging", event["DeploymentId"])
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status=os.environ["VERDICT"],
    )
"""


@pytest.fixture(scope="module")
def bambe(shared: Bambe) -> Bambe:
    return shared


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("index.py", HANDLERS)
    return out.getvalue()


def function(bambe: Bambe, name: str, handler: str, **variables: str) -> Any:
    client = bambe.client("lambda")
    role = bambe.client("iam").get_role(RoleName="shop-orders-build")["Role"]["Arn"]
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler=f"index.{handler}",
        Role=role,
        Code={"ZipFile": zipped()},
        Timeout=20 if handler != "sleep" else 2,
        MemorySize=256,
        Environment={"Variables": variables},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    return client


def printed(bambe: Bambe, name: str, what: str) -> bool:
    answer = bambe.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")
    return any(what in event["message"] for event in answer["events"])


def test_a_function_answers_and_finds_the_api_by_itself(bambe: Bambe) -> None:
    client = function(bambe, "echo", "echo")
    got = client.invoke(FunctionName="echo", Payload=b'{"n": 1}', LogType="Tail")
    assert json.load(got["Payload"]) == {"event": {"n": 1}, "account": "000000000000"}
    assert "called for echo" in base64.b64decode(got["LogResult"]).decode()
    wait_for(lambda: printed(bambe, "echo", "REPORT RequestId"), "its lines are in the logs")


@pytest.mark.parametrize(("handler", "says"), [("fail", "no good"), ("sleep", "Task timed out after 2.00")])
def test_a_function_that_fails_says_how(bambe: Bambe, handler: str, says: str) -> None:
    client = function(bambe, handler, handler)
    got = client.invoke(FunctionName=handler, Payload=b"{}")
    assert got["FunctionError"] == "Unhandled"
    assert says in json.load(got["Payload"])["errorMessage"]


def release(bambe: Bambe, hooks: list[dict[str, str]]) -> str:
    """A deployment of what runs, with hooks."""
    ecs = bambe.client("ecs")
    (service,) = ecs.describe_services(cluster="shop", services=["orders"])["services"]
    definition = next(one for one in service["taskSets"] if one["status"] == "PRIMARY")["taskDefinition"]
    balancer = {"ContainerName": "orders", "ContainerPort": 8080}
    properties = {"TaskDefinition": definition, "LoadBalancerInfo": balancer}
    target = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    content = json.dumps({"version": 0.0, "Resources": [target], "Hooks": hooks})
    made = bambe.client("codedeploy").create_deployment(
        applicationName="AppECS-shop-orders",
        deploymentGroupName="DgpECS-shop-orders",
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
    )
    return str(made["deploymentId"])


def test_functions_judge_a_release(bambe: Bambe) -> None:
    function(bambe, "good", "judge", VERDICT="Succeeded")
    deployment = release(bambe, [{"AfterInstall": "good"}, {"BeforeAllowTraffic": "good"}])
    wait_for(lambda: bambe.deployment(deployment)["status"] == "Succeeded", "it is found good", 180)
    assert bambe.event(deployment, "AfterInstall") == "Succeeded"
    assert printed(bambe, "good", f"judging {deployment}")


def test_a_release_that_is_found_bad_is_rolled_back(bambe: Bambe) -> None:
    function(bambe, "bad", "judge", VERDICT="Failed")
    deployment = release(bambe, [{"BeforeAllowTraffic": "bad"}])
    info = wait_for(
        lambda: (found := bambe.deployment(deployment))["status"] == "Failed" and found,
        "it is found bad",
        120,
    )
    assert info["errorInformation"]["code"] == "HOOK_EXECUTION_FAILURE"
    back = info["rollbackInfo"]["rollbackDeploymentId"]
    wait_for(lambda: bambe.deployment(back)["status"] == "Succeeded", "it is rolled back", 60)
    wait_for(lambda: len(bambe.look("orders")["versions"]) == 1, "one version is left")
