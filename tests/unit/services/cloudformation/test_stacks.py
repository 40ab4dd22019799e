"""Stacks over real services in process: made, changed, rolled back, deleted; interrupted anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.support.house import House

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}
NAMED = ["CAPABILITY_NAMED_IAM"]


def role(name: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name, "AssumeRolePolicyDocument": TRUST}}


def template(**resources: Any) -> dict[str, Any]:
    return {
        "Parameters": {"N": {"Type": "String", "Default": "a"}},
        "Resources": {
            "Role": role({"Fn::Sub": "r-${N}"}),
            "Group": {
                "Type": "AWS::EC2::SecurityGroup",
                "Properties": {"GroupDescription": {"Fn::GetAtt": ["Role", "Arn"]}},
            },
            **resources,
        },
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}, "Export": {"Name": "the-role"}}},
    }


BROKEN = {
    "Type": "AWS::EC2::SecurityGroupIngress",
    "Properties": {"GroupId": "sg-nope", "IpProtocol": "-1", "CidrIp": "192.0.2.1/32"},
}


async def create(house: House, body: dict[str, Any], name: str = "s", **more: Any) -> None:
    await house.aws.cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps(body), Capabilities=NAMED, **more
    )
    await house.advance(2)


async def update(house: House, body: dict[str, Any], **more: Any) -> None:
    await house.aws.cloudformation.update_stack(
        StackName="s", TemplateBody=json.dumps(body), Capabilities=NAMED, **more
    )
    await house.advance(2)


async def status(house: House, name: str = "s") -> str:
    answer = await house.aws.cloudformation.describe_stacks(StackName=name)
    return str(answer["Stacks"][0]["StackStatus"])


async def roles(house: House) -> list[str]:
    return [one["RoleName"] for one in (await house.aws.iam.list_roles())["Roles"]]


async def groups(house: House) -> int:
    found = (await house.aws.ec2.describe_security_groups())["SecurityGroups"]
    return len([one for one in found if one["GroupName"] != "default"])


async def test_a_stack_is_made_in_order_with_its_outputs(house: House) -> None:
    await create(house, template())
    stack = (await house.aws.cloudformation.describe_stacks(StackName="s"))["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"] == "arn:aws:iam::000000000000:role/r-a"
    events = (await house.aws.cloudformation.describe_stack_events(StackName="s"))["StackEvents"]
    done = [e["LogicalResourceId"] for e in reversed(events) if e["ResourceStatus"] == "CREATE_COMPLETE"]
    assert done == ["Role", "Group", "s"]


async def test_only_what_changed_is_touched(house: House) -> None:
    await create(house, template())
    before = (await house.aws.cloudformation.describe_stack_resources(StackName="s"))["StackResources"]
    await update(house, template(More=role("more")))
    after = (await house.aws.cloudformation.describe_stack_resources(StackName="s"))["StackResources"]
    assert await status(house) == "UPDATE_COMPLETE"
    assert [one for one in after if one["LogicalResourceId"] != "More"] == before


async def test_an_update_without_changes_is_refused_as_aws_does(house: House) -> None:
    await create(house, template())
    with pytest.raises(AwsError, match="No updates are to be performed"):
        await update(house, template())


async def test_a_create_only_property_replaces_and_deletes_the_old(house: House) -> None:
    await create(house, template())
    await update(house, template(), Parameters=[{"ParameterKey": "N", "ParameterValue": "b"}])
    assert await status(house) == "UPDATE_COMPLETE"
    assert await roles(house) == ["r-b"]
    assert await groups(house) == 1


async def test_a_failed_creation_leaves_nothing_behind(house: House) -> None:
    await create(house, template(Broken=BROKEN))
    assert await status(house) == "ROLLBACK_COMPLETE"
    assert await roles(house) == []
    assert await groups(house) == 0
    events = (await house.aws.cloudformation.describe_stack_events(StackName="s"))["StackEvents"]
    reasons = [e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
    assert any("sg-nope" in reason for reason in reasons)


async def test_a_failed_update_takes_back_what_it_did(house: House) -> None:
    await create(house, template())
    await update(
        house,
        template(Broken=BROKEN, More=role("more")),
        Parameters=[{"ParameterKey": "N", "ParameterValue": "b"}],
    )
    assert await status(house) == "UPDATE_ROLLBACK_COMPLETE"
    assert await roles(house) == ["r-a"]
    await update(house, template(More=role("more")))
    assert await status(house) == "UPDATE_COMPLETE"
    assert await roles(house) == ["more", "r-a"]


async def test_a_deleted_stack_is_gone_and_its_name_free(house: House) -> None:
    await create(house, template())
    await house.aws.cloudformation.delete_stack(StackName="s")
    await house.advance(2)
    assert await roles(house) == []
    with pytest.raises(AwsError, match="Stack with id s does not exist"):
        await status(house)
    await create(house, template())
    assert await status(house) == "CREATE_COMPLETE"


async def test_retained_resources_stay(house: House) -> None:
    await create(house, template(Kept={**role("kept"), "DeletionPolicy": "Retain"}))
    await house.aws.cloudformation.delete_stack(StackName="s")
    await house.advance(2)
    assert await roles(house) == ["kept"]


async def test_a_policy_alone_may_be_updated(house: House) -> None:
    await create(house, template(Kept=role("kept")))
    await update(house, template(Kept={**role("kept"), "DeletionPolicy": "Retain"}))
    assert await status(house) == "UPDATE_COMPLETE"
    await house.aws.cloudformation.delete_stack(StackName="s")
    await house.advance(2)
    assert await roles(house) == ["kept"]


async def test_what_a_condition_leaves_out_is_not_made(house: House) -> None:
    body = template(Maybe={**role("maybe"), "Condition": "Wanted"})
    body["Conditions"] = {"Wanted": {"Fn::Equals": [{"Ref": "N"}, "a"]}}
    await create(house, body)
    assert await roles(house) == ["maybe", "r-a"]
    await update(house, body, Parameters=[{"ParameterKey": "N", "ParameterValue": "b"}])
    assert await roles(house) == ["r-b"]
    body["Resources"]["User"] = role({"Ref": "Maybe"})
    with pytest.raises(AwsError, match=r"Unresolved resource dependencies \[Maybe\]"):
        await update(house, body, Parameters=[{"ParameterKey": "N", "ParameterValue": "c"}])


async def test_a_secret_is_shown_nowhere(house: House) -> None:
    body = template(Secret=role({"Fn::Sub": "x-${Word}"}))
    body["Parameters"]["Word"] = {"Type": "String", "NoEcho": True}
    await create(house, body, Parameters=[{"ParameterKey": "Word", "ParameterValue": "hush"}])
    stack = await house.aws.cloudformation.describe_stacks(StackName="s")
    events = await house.aws.cloudformation.describe_stack_events(StackName="s")
    assert "****" in str(stack)
    assert all("hush" not in event.get("ResourceProperties", "") for event in events["StackEvents"])
    assert "x-hush" in await roles(house)


async def test_a_stack_kept_after_its_failure_may_be_tried_again(house: House) -> None:
    later = role("later")
    later["Properties"]["ManagedPolicyArns"] = ["arn:aws:iam::000000000000:policy/later"]
    await create(house, template(Later=later), DisableRollback=True)
    assert await status(house) == "CREATE_FAILED"
    document = json.dumps(TRUST)
    await house.aws.iam.create_policy(PolicyName="later", PolicyDocument=document)
    await update(house, template(Later=later))
    assert await status(house) == "UPDATE_COMPLETE"
    assert await roles(house) == ["later", "r-a"]


async def test_an_update_makes_older_change_sets_void(house: House) -> None:
    await create(house, template())
    words = {"StackName": "s", "Capabilities": NAMED}
    body = json.dumps(template(More=role("more")))
    await house.aws.cloudformation.create_change_set(ChangeSetName="old", TemplateBody=body, **words)
    await update(house, template(Other=role("other")))
    with pytest.raises(AwsError, match=r"ChangeSet \[old\] does not exist"):
        await house.aws.cloudformation.execute_change_set(ChangeSetName="old", StackName="s")
    assert await roles(house) == ["other", "r-a"]


async def test_a_stack_needs_a_name_aws_would_take(house: House) -> None:
    with pytest.raises(AwsError, match="Value 'a_b' at 'stackName' failed to satisfy constraint"):
        await create(house, template(), name="a_b")


async def test_an_export_in_use_protects_its_stack(house: House) -> None:
    await create(house, template())
    user = {
        "Resources": {
            "R": role(
                {
                    "Fn::Join": [
                        "",
                        ["x", {"Fn::Select": [1, {"Fn::Split": ["/", {"Fn::ImportValue": "the-role"}]}]}],
                    ]
                }
            )
        }
    }
    await create(house, user, name="user")
    assert await status(house, "user") == "CREATE_COMPLETE"
    assert await roles(house) == ["r-a", "xr-a"]
    with pytest.raises(AwsError, match="Export the-role cannot be deleted as it is in use by user"):
        await house.aws.cloudformation.delete_stack(StackName="s")
    imports = await house.aws.cloudformation.list_imports(ExportName="the-role")
    assert imports["Imports"] == ["user"]


REFUSED = [
    ({"Resources": {"A": {"Type": "AWS::Nope::Nope"}}}, r"Unrecognized resource types: \[AWS::Nope::Nope\]"),
    ({"Resources": {}}, "At least one Resources member"),
    ({"Resources": {"A": role({"Ref": "Nobody"})}}, r"Unresolved resource dependencies \[Nobody\]"),
    ({"Resources": {"A": role({"Ref": "B"}), "B": role({"Ref": "A"})}}, "Circular dependency"),
    ({"Resources": {"A": {**role("a"), "Colour": "red"}}}, "Invalid template resource property 'Colour'"),
    (
        {"Resources": {"A": {"Type": "AWS::IAM::Role", "Properties": {"Nope": 1}}}},
        r"extraneous key \[Nope\].*required key \[AssumeRolePolicyDocument\]",
    ),
    ({"Resources": {"A": role("a")}, "Parameters": {"P": {"Type": "String"}}}, r"\[P\] must have values"),
]


@pytest.mark.parametrize(("body", "says"), REFUSED)
async def test_a_bad_template_is_refused_and_changes_nothing(
    house: House, body: dict[str, Any], says: str
) -> None:
    with pytest.raises(AwsError, match=says):
        await create(house, body)
    assert (await house.aws.cloudformation.list_stacks())["StackSummaries"] == []


async def test_iam_resources_need_a_capability(house: House) -> None:
    with pytest.raises(AwsError, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]"):
        await house.aws.cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template()))


async def test_a_change_set_is_what_deploy_expects(house: House) -> None:
    cloudformation = house.aws.cloudformation
    words = {"StackName": "s", "TemplateBody": json.dumps(template()), "Capabilities": NAMED}
    await cloudformation.create_change_set(ChangeSetName="one", ChangeSetType="CREATE", **words)
    assert await status(house) == "REVIEW_IN_PROGRESS"
    shown = await cloudformation.describe_change_set(ChangeSetName="one", StackName="s")
    assert (shown["Status"], shown["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert {c["ResourceChange"]["Action"] for c in shown["Changes"]} == {"Add"}
    await cloudformation.execute_change_set(ChangeSetName="one", StackName="s")
    await house.advance(2)
    assert await status(house) == "CREATE_COMPLETE"
    await cloudformation.create_change_set(ChangeSetName="two", ChangeSetType="UPDATE", **words)
    shown = await cloudformation.describe_change_set(ChangeSetName="two", StackName="s")
    assert shown["Status"] == "FAILED"
    assert "didn't contain changes" in shown["StatusReason"]
    with pytest.raises(AwsError, match="cannot be executed"):
        await cloudformation.execute_change_set(ChangeSetName="two", StackName="s")
