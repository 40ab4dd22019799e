"""Drift: nothing where nothing was touched, and every touch where it was made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.services import resource_types
from bambe.services.cloudformation.drift import differences
from bambe.synth import Names
from tests.support.house import House
from tests.unit.services.cloudformation.test_shop import NAMES, SHOP, create_everything
from tests.unit.services.cloudformation.test_stacks import create, template


async def detected(house: House, stack: str) -> dict[str, Any]:
    cloudformation = house.aws.cloudformation
    id = (await cloudformation.detect_stack_drift(StackName=stack))["StackDriftDetectionId"]
    shown = await cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=id)
    assert shown["DetectionStatus"] == "DETECTION_IN_PROGRESS"
    await house.settle()
    shown = await cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=id)
    return dict(shown)


async def drifts(house: House, stack: str, *statuses: str) -> dict[str, Any]:
    wanted = {"StackResourceDriftStatusFilters": list(statuses)} if statuses else {}
    answer = await house.aws.cloudformation.describe_stack_resource_drifts(StackName=stack, **wanted)
    return {one["LogicalResourceId"]: one for one in answer["StackResourceDrifts"]}


async def test_a_shop_that_nobody_touched_has_not_drifted(house: House) -> None:
    await create_everything(house)
    of_services = [name for one in SHOP.services for name in (NAMES.build_stack(one), NAMES.stack(one))]
    for stack in (NAMES.shared_stack, NAMES.events_stack, *of_services):
        shown = await detected(house, stack)
        found = await drifts(house, stack, "MODIFIED", "DELETED")
        assert {name: one["PropertyDifferences"] for name, one in found.items()} == {}, stack
        assert (shown["DetectionStatus"], shown["StackDriftStatus"]) == ("DETECTION_COMPLETE", "IN_SYNC")
    seen = await drifts(house, NAMES.shared_stack, "IN_SYNC")
    assert len(seen) > 5
    (stack_shown,) = (await house.aws.cloudformation.describe_stacks(StackName=SHOP.project))["Stacks"]
    assert stack_shown["DriftInformation"]["StackDriftStatus"] == "IN_SYNC"


async def test_a_release_by_codedeploy_is_drift_of_the_stack(house: House) -> None:
    """What a plan has to know: a released rule's weights are not those of the stack."""
    await create_everything(house)
    names = Names(SHOP.project)
    service = next(iter(SHOP.services))
    stack = names.stack(service)
    rules = await physical(house, stack, "AWS::ElasticLoadBalancingV2::ListenerRule")
    rule = (await house.aws.elbv2.describe_rules(RuleArns=[rules[0]]))["Rules"][0]
    groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
    shifted = [{**one, "Weight": 100 - int(one.get("Weight", 0))} for one in groups]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": shifted}}
    await house.aws.elbv2.modify_rule(RuleArn=rules[0], Actions=[action])
    shown = await detected(house, stack)
    assert (shown["StackDriftStatus"], shown["DriftedStackResourceCount"]) == ("DRIFTED", 1)
    (found,) = (await drifts(house, stack, "MODIFIED")).values()
    paths = {one["PropertyPath"].rsplit("/", 1)[-1] for one in found["PropertyDifferences"]}
    assert paths <= {"Weight", "TargetGroupArn"}
    assert paths


async def physical(house: House, stack: str, kind: str) -> list[str]:
    answer = await house.aws.cloudformation.describe_stack_resources(StackName=stack)
    return [one["PhysicalResourceId"] for one in answer["StackResources"] if one["ResourceType"] == kind]


async def test_every_touch_is_found(house: House) -> None:
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/a", "RetentionInDays": "7"}}
    value = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/p", "Type": "String", "Value": "x"}}
    await create(house, template(Logs=group, Value=value))
    assert (await detected(house, "s"))["StackDriftStatus"] == "IN_SYNC"
    await house.aws.logs.put_retention_policy(logGroupName="/a", retentionInDays=30)
    await house.aws.ssm.delete_parameter(Name="/p")
    (sg,) = await physical(house, "s", "AWS::EC2::SecurityGroup")
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    await house.aws.ec2.authorize_security_group_ingress(GroupId=sg, IpPermissions=[rule])
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny"}]})
    await house.aws.iam.update_assume_role_policy(RoleName="r-a", PolicyDocument=document)
    shown = await detected(house, "s")
    # A rule is only compared with rules that the template says; this one says none.
    assert (shown["StackDriftStatus"], shown["DriftedStackResourceCount"]) == ("DRIFTED", 3)
    found = await drifts(house, "s")
    assert {name: one["StackResourceDriftStatus"] for name, one in found.items()} == {
        "Group": "IN_SYNC",
        "Logs": "MODIFIED",
        "Role": "MODIFIED",
        "Value": "DELETED",
    }
    assert found["Logs"]["PropertyDifferences"] == [
        {
            "PropertyPath": "/RetentionInDays",
            "ExpectedValue": "7",
            "ActualValue": "30",
            "DifferenceType": "NOT_EQUAL",
        }
    ]
    paths = [one["PropertyPath"] for one in found["Role"]["PropertyDifferences"]]
    assert paths == ["/AssumeRolePolicyDocument/Statement/0/Effect"]
    resources = await house.aws.cloudformation.describe_stack_resources(StackName="s")
    told = {
        one["LogicalResourceId"]: one["DriftInformation"]["StackResourceDriftStatus"]
        for one in resources["StackResources"]
    }
    assert told["Value"] == "DELETED"


async def test_an_opened_port_is_found_where_the_template_says_rules(house: House) -> None:
    said = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
    group = {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "d", "SecurityGroupIngress": [said]},
    }
    await create(house, template(Open=group))
    answer = await house.aws.cloudformation.describe_stack_resource(StackName="s", LogicalResourceId="Open")
    sg = answer["StackResourceDetail"]["PhysicalResourceId"]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    await house.aws.ec2.authorize_security_group_ingress(GroupId=sg, IpPermissions=[rule])
    answer = await house.aws.cloudformation.detect_stack_resource_drift(
        StackName="s", LogicalResourceId="Open"
    )
    (difference,) = answer["StackResourceDrift"]["PropertyDifferences"]
    assert (difference["PropertyPath"], difference["DifferenceType"]) == ("/SecurityGroupIngress/1", "ADD")
    assert '"FromPort": 22' in difference["ActualValue"]


async def test_what_noecho_hides_is_not_told_by_drift(house: House) -> None:
    value = {"Name": "/p", "Type": "String", "Value": {"Fn::Sub": 'the "word" is ${Word}'}}
    body = template(Value={"Type": "AWS::SSM::Parameter", "Properties": value})
    body["Parameters"]["Word"] = {"Type": "String", "NoEcho": True}
    await create(house, body, Parameters=[{"ParameterKey": "Word", "ParameterValue": 'hu"sh'}])
    await house.aws.ssm.put_parameter(Name="/p", Value='was hu"sh', Type="String", Overwrite=True)
    await detected(house, "s")
    found = (await drifts(house, "s", "MODIFIED"))["Value"]
    (difference,) = found["PropertyDifferences"]
    assert difference["ExpectedValue"] == 'the "word" is ****'
    assert difference["ActualValue"] == "was ****"
    assert json.loads(found["ExpectedProperties"])["Value"] == 'the "word" is ****'
    assert "sh" not in found["ActualProperties"].replace("hash", "")


async def test_what_cannot_be_compared_is_not(house: House) -> None:
    kind = "AWS::CDK::Metadata"
    assert resource_types()[kind].read is None
    await create(house, template(Words={"Type": kind}))
    assert (await detected(house, "s"))["StackDriftStatus"] == "IN_SYNC"
    assert "Words" not in await drifts(house, "s")
    with pytest.raises(AwsError, match="not supported for resource type"):
        await house.aws.cloudformation.detect_stack_resource_drift(StackName="s", LogicalResourceId="Words")


async def test_a_stack_that_moves_cannot_be_looked_at(house: House) -> None:
    await create(house, template())
    await house.aws.cloudformation.delete_stack(StackName="s")
    with pytest.raises(AwsError, match="cannot be performed on a stack in DELETE_IN_PROGRESS state"):
        await house.aws.cloudformation.detect_stack_drift(StackName="s")


@pytest.mark.parametrize(
    ("expected", "actual", "found"),
    [
        ({"A": "1"}, {"a": 1}, []),
        ({"A": "true"}, {"a": True}, []),
        ({"A": 1}, {}, []),
        ({"A": ["x", "y"]}, {"a": ["y", "x"]}, []),
        ({"A": {"B": 1, "C": 2}}, {"a": {"b": 1, "c": 2, "d": 3}}, []),
        ({"A": {"B": 1}}, {"a": '{"B": 1}'}, []),
        ({"A": {"B": 1}}, {"a": {}}, [("/A/B", "REMOVE", "1", "null")]),
        ({"A": ["x"]}, {"a": ["x", "z"]}, [("/A/1", "ADD", "null", "z")]),
        ({"A": ["x", "y"]}, {"a": ["y"]}, [("/A/0", "REMOVE", "x", "null")]),
        ({"A": [{"B": 1, "C": 1}]}, {"a": [{"b": 1, "c": 2}]}, [("/A/0/C", "NOT_EQUAL", "1", "2")]),
        ({"A": "x"}, {"A": "y"}, [("/A", "NOT_EQUAL", "x", "y")]),
    ],
)
def test_differences(expected: Any, actual: Any, found: list[tuple[str, ...]]) -> None:
    members = ("PropertyPath", "DifferenceType", "ExpectedValue", "ActualValue")
    shown = [tuple(one[name] for name in members) for one in differences(expected, actual)]
    assert shown == found
