"""Change sets, drift, policies and previews as stock clients and bambe's own command line see them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from bambe.cli.stack_requests import KEEP
from bambe.cli.stacks import Stacks
from bambe.cli.trouble import Trouble
from tests.api.conftest import Edge
from tests.api.test_cloudformation import NAMED, YAML, made, refused, time_passing

NOTHING = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
DENIED = {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*"}
QUICK = {"Delay": 1, "MaxAttempts": 30}


@pytest.fixture
def cloudformation(edge: Edge) -> Any:
    return edge.aws("cloudformation")


@pytest.fixture
def stacks(cloudformation: Any) -> Stacks:
    return Stacks(cloudformation)


def group(name: str, days: int = 7) -> dict[str, Any]:
    properties = {"LogGroupName": name, "RetentionInDays": days}
    return {"Type": "AWS::Logs::LogGroup", "Properties": properties}


def template(**resources: Any) -> dict[str, Any]:
    return {"Parameters": {"N": {"Type": "String", "Default": "x"}}, "Resources": resources}


def say(line: str) -> None:
    """Progress is for people."""


def test_the_waiters_of_change_sets(edge: Edge, cloudformation: Any) -> None:
    words = {"StackName": "shop", "ChangeSetName": "one", "TemplateBody": YAML, "Capabilities": NAMED}
    with time_passing(edge):
        cloudformation.create_change_set(**words, ChangeSetType="CREATE")
        waiter = cloudformation.get_waiter("change_set_create_complete")
        waiter.wait(StackName="shop", ChangeSetName="one", WaiterConfig=QUICK)
        cloudformation.execute_change_set(StackName="shop", ChangeSetName="one")
        cloudformation.get_waiter("stack_create_complete").wait(StackName="shop", WaiterConfig=QUICK)
        cloudformation.create_change_set(**{**words, "ChangeSetName": "two"})
        with pytest.raises(WaiterError, match="FAILED"):
            waiter.wait(StackName="shop", ChangeSetName="two", WaiterConfig=QUICK)
    (summary,) = [
        one
        for one in cloudformation.list_change_sets(StackName="shop")["Summaries"]
        if one["ChangeSetName"] == "two"
    ]
    assert (summary["Status"], summary["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert summary["StatusReason"] == NOTHING
    assert refused(cloudformation.execute_change_set, StackName="shop", ChangeSetName="two")[0] == (
        "InvalidChangeSetStatus"
    )


def test_the_waiter_of_a_way_back(edge: Edge, cloudformation: Any) -> None:
    made(edge)
    broken = YAML + "  Nope: {Value: !ImportValue nowhere}\n"
    with time_passing(edge):
        cloudformation.update_stack(StackName="shop", TemplateBody=broken, Capabilities=NAMED)
        waiter = cloudformation.get_waiter("stack_rollback_complete")
        with pytest.raises(WaiterError):
            cloudformation.get_waiter("stack_update_complete").wait(StackName="shop", WaiterConfig=QUICK)
        waiter.wait(StackName="shop", WaiterConfig=QUICK)


def test_a_change_set_as_boto3_pages_it(edge: Edge, cloudformation: Any) -> None:
    many = {f"L{number}": group(f"/{number}") for number in range(120)}
    cloudformation.create_change_set(
        StackName="shop", ChangeSetName="one", TemplateBody=json.dumps({"Resources": many}),
        ChangeSetType="CREATE",
    )  # fmt: skip
    pages = cloudformation.get_paginator("describe_change_set").paginate(
        StackName="shop", ChangeSetName="one", IncludePropertyValues=True
    )
    found = [one["ResourceChange"]["LogicalResourceId"] for page in pages for one in page["Changes"]]
    assert found == sorted(many)


def test_drift_as_clients_see_it(edge: Edge, cloudformation: Any) -> None:
    made(edge, json.dumps(template(Logs=group("/a"))))
    edge.aws("logs").put_retention_policy(logGroupName="/a", retentionInDays=30)
    id = cloudformation.detect_stack_drift(StackName="shop")["StackDriftDetectionId"]
    edge.run(edge.house.advance(1))
    status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=id)
    assert (status["DetectionStatus"], status["StackDriftStatus"]) == ("DETECTION_COMPLETE", "DRIFTED")
    (drift,) = cloudformation.describe_stack_resource_drifts(StackName="shop")["StackResourceDrifts"]
    assert json.loads(drift["ActualProperties"])["RetentionInDays"] == 30
    one = cloudformation.detect_stack_resource_drift(StackName="shop", LogicalResourceId="Logs")
    assert one["StackResourceDrift"]["StackResourceDriftStatus"] == "MODIFIED"
    detail = cloudformation.describe_stack_resource(StackName="shop", LogicalResourceId="Logs")
    drifted = detail["StackResourceDetail"]["DriftInformation"]["StackResourceDriftStatus"]
    assert drifted == "MODIFIED"
    (stack,) = cloudformation.describe_stacks(StackName="shop")["Stacks"]
    assert stack["DriftInformation"]["StackDriftStatus"] == "DRIFTED"
    code, _ = refused(
        cloudformation.describe_stack_drift_detection_status, StackDriftDetectionId="00000000-0000"
    )
    assert code == "ValidationError"


def test_policies_and_ways_back_as_clients_see_them(edge: Edge, cloudformation: Any) -> None:
    made(edge, json.dumps(template(Logs=group("/a"))))
    policy = json.dumps(
        {"Statement": [{"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}
    )
    cloudformation.set_stack_policy(StackName="shop", StackPolicyBody=policy)
    assert cloudformation.get_stack_policy(StackName="shop")["StackPolicyBody"] == policy
    cloudformation.update_stack(StackName="shop", TemplateBody=json.dumps(template(Logs=group("/a", 30))))
    edge.run(edge.house.advance(2))
    (stack,) = cloudformation.describe_stacks(StackName="shop")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    for call in (cloudformation.continue_update_rollback, cloudformation.rollback_stack):
        assert refused(call, StackName="shop")[0] == "ValidationError"


def test_loops_deploy_with_the_stock_cli(edge: Edge, cloudformation: Any, tmp_path: Path) -> None:
    file = tmp_path / "t.yml"
    file.write_text("""
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: "a,b"}}
Resources:
  "Fn::ForEach::Groups":
    - Name
    - !Ref Names
    - "Log${Name}": {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub "/x/${Name}"}}
""")
    words = ("cloudformation", "deploy", "--stack-name", "shop", "--template-file", str(file))
    ran = edge.cli(*words, "--no-execute-changeset")
    assert ran.returncode == 0, ran.stderr
    (summary,) = cloudformation.list_change_sets(StackName="shop")["Summaries"]
    cloudformation.execute_change_set(ChangeSetName=summary["ChangeSetId"])
    edge.run(edge.house.advance(2))
    groups = edge.aws("logs").describe_log_groups(logGroupNamePrefix="/x/")["logGroups"]
    assert [one["logGroupName"] for one in groups] == ["/x/a", "/x/b"]
    processed = cloudformation.get_template(StackName="shop", TemplateStage="Processed")["TemplateBody"]
    assert set(processed["Resources"]) == {"Loga", "Logb"}
    described = cloudformation.validate_template(TemplateBody=file.read_text())
    assert described["DeclaredTransforms"] == ["AWS::LanguageExtensions"]


def test_begin_makes_changes_and_leaves_alone(edge: Edge, stacks: Stacks, cloudformation: Any) -> None:
    with time_passing(edge):
        assert stacks.begin("shop", template(A=group("/a")), {"N": "x"})
        stacks.finish(["shop"], say)
        assert not stacks.begin("shop", template(A=group("/a")), {"N": KEEP})
        assert stacks.begin("shop", template(A=group("/a", 30), B=group("/b")), {"N": KEEP})
        stacks.finish(["shop"], say)
    (executed,) = cloudformation.list_change_sets(StackName="shop")["Summaries"]
    assert executed["ExecutionStatus"] == "EXECUTE_COMPLETE"
    assert len(edge.aws("logs").describe_log_groups()["logGroups"]) == 2


def test_a_preview_tells_all_and_leaves_nothing_behind(
    edge: Edge, stacks: Stacks, cloudformation: Any
) -> None:
    with time_passing(edge):
        preview = stacks.preview("shop", template(A=group("/a")), {"N": "x"})
        assert preview.lines == ["shop: a new stack", "  + A (AWS::Logs::LogGroup)"]
        assert not preview.needs_yes
        assert cloudformation.describe_stacks()["Stacks"] == []
        three = template(A=group("/a"), B=group("/b"), C=group("/c"))
        stacks.begin("shop", three, {"N": "x"})
        stacks.finish(["shop"], say)
        assert stacks.preview("shop", three, {"N": KEEP}).lines == ["shop: nothing changes"]
        wanted = template(A=group("/a", 30), B=group("/other"), D=group("/d"))
        preview = stacks.preview("shop", wanted, {"N": KEEP})
    assert preview.lines == [
        "shop:",
        "  ! B (AWS::Logs::LogGroup): LogGroupName [REPLACED: a new one is made, the old one deleted]",
        "  - C (AWS::Logs::LogGroup) [DELETED]",
        "  ~ A (AWS::Logs::LogGroup): RetentionInDays",
        "  + D (AWS::Logs::LogGroup)",
    ]
    assert preview.needs_yes
    assert cloudformation.list_change_sets(StackName="shop")["Summaries"] == []
    (stack,) = cloudformation.describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert len(edge.aws("logs").describe_log_groups()["logGroups"]) == 3


def test_a_stack_whose_making_failed_is_previewed_as_new(edge: Edge, stacks: Stacks) -> None:
    edge.aws("logs").create_log_group(logGroupName="/a")
    with time_passing(edge):
        stacks.begin("shop", template(A=group("/a")), {"N": "x"})
        with pytest.raises(Trouble, match="ROLLBACK_COMPLETE"):
            stacks.finish(["shop"], say)
        assert stacks.preview("shop", template(B=group("/b")), {"N": "x"}).lines[1:] == [
            "  + B (AWS::Logs::LogGroup)"
        ]
        assert stacks.begin("shop", template(B=group("/b")), {"N": "x"})
        stacks.finish(["shop"], say)


def test_only_outputs_change(edge: Edge, stacks: Stacks) -> None:
    with time_passing(edge):
        stacks.begin("shop", template(A=group("/a")), {"N": "x"})
        stacks.finish(["shop"], say)
        more = {**template(A=group("/a")), "Outputs": {"Name": {"Value": {"Ref": "A"}}}}
        assert stacks.preview("shop", more, {"N": KEEP}).lines == ["shop:", "  outputs change"]


def test_a_template_too_large_for_a_request_is_named(stacks: Stacks) -> None:
    large = template(A=group("/a")) | {"Metadata": {"x": "y" * 60_000}}
    with pytest.raises(Trouble, match=r"the template of the stack shop has 60[0-9]{3} bytes"):
        stacks.preview("shop", large, {})


def test_what_a_change_set_refers_to_must_be_there(edge: Edge, cloudformation: Any) -> None:
    """A VPC that a parameter names is looked for by the request; an export by the change set."""
    body = json.dumps({**template(One=group("/one")), "Parameters": {"Vpc": {"Type": "AWS::EC2::VPC::Id"}}})
    words = {"StackName": "shop", "ChangeSetName": "one", "ChangeSetType": "CREATE"}
    parameter = {"ParameterKey": "Vpc", "ParameterValue": "vpc-0"}
    assert refused(cloudformation.create_change_set, **words, TemplateBody=body, Parameters=[parameter]) == (
        "ValidationError",
        "Parameter validation failed: parameter value vpc-0 for parameter name Vpc does not exist",
    )
    imports = template(One=group("/one"))
    imports["Outputs"] = {"Far": {"Value": {"Fn::ImportValue": "nowhere"}}}
    cloudformation.create_change_set(**words, TemplateBody=json.dumps(imports))
    with pytest.raises(WaiterError, match="FAILED"):
        cloudformation.get_waiter("change_set_create_complete").wait(
            StackName="shop", ChangeSetName="one", WaiterConfig=QUICK
        )
    shown = cloudformation.describe_change_set(StackName="shop", ChangeSetName="one")
    assert shown["StatusReason"] == "No export named nowhere found."
