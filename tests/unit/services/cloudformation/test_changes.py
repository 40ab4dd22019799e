"""What a change set says an update would do, and that the update then does it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.support.house import House
from tests.unit.services.cloudformation.test_stacks import NAMED, create, role, roles, status, template


async def looked_at(house: House, body: dict[str, Any], name: str = "c", **more: Any) -> dict[str, Any]:
    """Each resource's change by its logical id, as DescribeChangeSet shows it."""
    words = {"StackName": "s", "ChangeSetName": name, "TemplateBody": json.dumps(body)}
    await house.aws.cloudformation.create_change_set(**words, Capabilities=NAMED, **more)
    shown = await house.aws.cloudformation.describe_change_set(ChangeSetName=name, StackName="s")
    return {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in shown["Changes"]}


def log_group(name: Any, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, **more}}


def parameter(value: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "p", "Type": "String", "Value": value}}


def detail(change: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in change["Details"] if one["Target"].get("Name") == name]
    return dict(found)


async def test_what_is_added_removed_and_kept(house: House) -> None:
    kept = {**role("kept"), "DeletionPolicy": "Retain"}
    await create(house, template(Gone=role("gone"), Kept=kept))
    found = await looked_at(house, template(Fresh=role("fresh")))
    assert {name: one["Action"] for name, one in found.items()} == {
        "Fresh": "Add",
        "Gone": "Remove",
        "Kept": "Remove",
    }
    assert (found["Gone"]["PolicyAction"], found["Kept"]["PolicyAction"]) == ("Delete", "Retain")
    assert found["Gone"]["PhysicalResourceId"] == "gone"
    assert await roles(house) == ["gone", "kept", "r-a"]


async def test_a_property_that_can_be_changed_in_place(house: House) -> None:
    await create(house, template(Logs=log_group("/a", RetentionInDays=7)))
    found = await looked_at(house, template(Logs=log_group("/a", RetentionInDays=30)))
    (change,) = found.values()
    assert (change["Replacement"], change["Scope"]) == ("False", ["Properties"])
    assert detail(change, "RetentionInDays") == {
        "Target": {"Attribute": "Properties", "Name": "RetentionInDays", "RequiresRecreation": "Never"},
        "Evaluation": "Static",
        "ChangeSource": "DirectModification",
    }


async def test_a_replacement_and_what_hangs_on_it(house: House) -> None:
    """A parameter's new value renames the role: the group that says its ARN may be replaced, too."""
    await create(house, template(Value=parameter({"Ref": "Role"})))
    changed = [{"ParameterKey": "N", "ParameterValue": "b"}]
    body = template(Value=parameter({"Ref": "Role"}))
    found = await looked_at(house, body, Parameters=changed)
    assert {name: one["Replacement"] for name, one in found.items()} == {
        "Role": "True",
        "Group": "Conditional",
        "Value": "False",
    }
    assert found["Role"]["PolicyAction"] == "ReplaceAndDelete"
    cause = detail(found["Role"], "RoleName")
    assert (cause["ChangeSource"], cause["CausingEntity"]) == ("ParameterReference", "N")
    cause = detail(found["Group"], "GroupDescription")
    assert cause["Target"]["RequiresRecreation"] == "Always"
    assert (cause["Evaluation"], cause["ChangeSource"], cause["CausingEntity"]) == (
        "Dynamic",
        "ResourceAttribute",
        "Role.Arn",
    )
    cause = detail(found["Value"], "Value")
    assert (cause["ChangeSource"], cause["CausingEntity"]) == ("ResourceReference", "Role")
    await house.aws.cloudformation.execute_change_set(ChangeSetName="c", StackName="s")
    await house.advance(2)
    assert (await status(house), await roles(house)) == ("UPDATE_COMPLETE", ["r-b"])


async def test_a_reference_to_what_stays_changes_nothing(house: House) -> None:
    await create(house, template(Logs=log_group("/a"), Value=parameter({"Ref": "Logs"})))
    body = template(Logs=log_group("/a", RetentionInDays=3), Value=parameter({"Ref": "Logs"}))
    assert list(await looked_at(house, body)) == ["Logs"]
    # An attribute may have changed with the resource: nobody knows before.
    body["Resources"]["Value"] = parameter({"Fn::GetAtt": ["Logs", "Arn"]})
    found = await looked_at(house, body, "d")
    assert [(one["ChangeSource"], one["Evaluation"]) for one in found["Value"]["Details"]] == [
        ("DirectModification", "Dynamic"),
        ("ResourceAttribute", "Dynamic"),
    ]


async def test_policies_and_metadata_have_a_scope_of_their_own(house: House) -> None:
    await create(house, template(Kept=role("kept")))
    body = template(Kept={**role("kept"), "DeletionPolicy": "Retain", "Metadata": {"a": 1}})
    (change,) = (await looked_at(house, body)).values()
    assert (change["Scope"], change["Replacement"]) == (["DeletionPolicy", "Metadata"], "False")


async def test_a_condition_adds_and_removes(house: House) -> None:
    body = template(Maybe={**role("maybe"), "Condition": "Wanted"})
    body["Conditions"] = {"Wanted": {"Fn::Equals": [{"Ref": "N"}, "a"]}}
    await create(house, body)
    found = await looked_at(house, body, Parameters=[{"ParameterKey": "N", "ParameterValue": "b"}])
    assert found["Maybe"]["Action"] == "Remove"


async def test_values_are_shown_to_who_asks_without_secrets(house: House) -> None:
    body = template(Value=parameter({"Fn::Sub": "x-${Word}"}))
    body["Parameters"]["Word"] = {"Type": "String", "NoEcho": True}
    word = {"ParameterKey": "Word"}
    await create(house, body, Parameters=[{**word, "ParameterValue": "hush"}])
    await looked_at(house, body, Parameters=[{**word, "ParameterValue": 'new"er'}])
    words = {"ChangeSetName": "c", "StackName": "s"}
    plain = await house.aws.cloudformation.describe_change_set(**words)
    told = await house.aws.cloudformation.describe_change_set(**words, IncludePropertyValues=True)
    assert "BeforeContext" not in str(plain)
    target = told["Changes"][0]["ResourceChange"]["Details"][0]["Target"]
    assert (target["Path"], target["BeforeValue"], target["AfterValue"]) == (
        "/Properties/Value",
        "x-****",
        "x-****",
    )
    assert "hush" not in str(told)
    assert "er" not in target["AfterValue"]


async def test_many_changes_come_in_pages(house: House) -> None:
    await create(house, template())
    many = {f"L{number}": log_group(f"/{number}") for number in range(150)}
    await looked_at(house, template(**many))
    words = {"ChangeSetName": "c", "StackName": "s"}
    first = await house.aws.cloudformation.describe_change_set(**words)
    second = await house.aws.cloudformation.describe_change_set(**words, NextToken=first["NextToken"])
    assert len(first["Changes"]) + len(second["Changes"]) == 150
    assert "NextToken" not in second


async def test_deleting_a_change_set_that_is_not_there_succeeds(house: House) -> None:
    """As on AWS; the CDK CLI deletes its change set before it makes one of the same name."""
    await create(house, template())
    await house.aws.cloudformation.delete_change_set(ChangeSetName="nope", StackName="s")
    with pytest.raises(AwsError, match="Stack with id t does not exist"):
        await house.aws.cloudformation.delete_change_set(ChangeSetName="nope", StackName="t")


async def test_a_type_cannot_be_changed(house: House) -> None:
    await create(house, template(One=role("one")))
    says = r"Update of resource type is not permitted.*\[One\]"
    with pytest.raises(AwsError, match=says):
        await looked_at(house, template(One=log_group("/one")))
    with pytest.raises(AwsError, match=says):
        await house.aws.cloudformation.update_stack(
            StackName="s", TemplateBody=json.dumps(template(One=log_group("/one"))), Capabilities=NAMED
        )


IMPORT = {
    "ResourceType": "AWS::IAM::Role",
    "LogicalResourceId": "R",
    "ResourceIdentifier": {"RoleName": "r"},
}


@pytest.mark.parametrize(
    "words", [{"ChangeSetType": "IMPORT"}, {"ImportExistingResources": True}, {"ResourcesToImport": [IMPORT]}]
)
async def test_imports_are_refused(house: House, words: dict[str, Any]) -> None:
    await create(house, template())
    with pytest.raises(AwsError, match="Importing existing resources is not supported"):
        await looked_at(house, template(), **words)


async def test_a_template_can_be_read_from_a_change_set(house: House) -> None:
    await create(house, template())
    await looked_at(house, template(More=role("more")))
    cloudformation = house.aws.cloudformation
    shown = await cloudformation.get_template(StackName="s", ChangeSetName="c")
    assert "More" in shown["TemplateBody"]
    assert "More" not in (await cloudformation.get_template(StackName="s"))["TemplateBody"]


async def test_tags_reach_what_exists(house: House) -> None:
    await create(house, template(Logs=log_group("/a")), Tags=[{"Key": "team", "Value": "a"}])
    tags = [{"Key": "team", "Value": "b"}]
    found = await looked_at(house, template(Logs=log_group("/a")), Tags=tags)
    assert found["Logs"]["Scope"] == ["Tags"]
    assert found["Logs"]["Replacement"] == "False"
    await house.aws.cloudformation.execute_change_set(ChangeSetName="c", StackName="s")
    await house.advance(2)
    assert await status(house) == "UPDATE_COMPLETE"
    assert (await house.aws.logs.list_tags_log_group(logGroupName="/a"))["tags"]["team"] == "b"
    role_tags = (await house.aws.iam.list_role_tags(RoleName="r-a"))["Tags"]
    assert {"Key": "team", "Value": "b"} in role_tags
    assert len(role_tags) == 2  # with the one of its creation


async def test_tags_of_a_failed_update_are_taken_back(house: House) -> None:
    await create(house, template(Logs=log_group("/a")), Tags=[{"Key": "team", "Value": "a"}])
    broken = role("broken")
    broken["Properties"]["ManagedPolicyArns"] = ["arn:aws:iam::000000000000:policy/nope"]
    broken["DependsOn"] = ["Logs"]
    await house.aws.cloudformation.update_stack(
        StackName="s",
        TemplateBody=json.dumps(template(Logs=log_group("/a"), Broken=broken)),
        Capabilities=NAMED,
        Tags=[{"Key": "team", "Value": "b"}],
    )
    await house.advance(2)
    assert await status(house) == "UPDATE_ROLLBACK_COMPLETE"
    assert (await house.aws.logs.list_tags_log_group(logGroupName="/a"))["tags"]["team"] == "a"
    (stack,) = (await house.aws.cloudformation.describe_stacks(StackName="s"))["Stacks"]
    assert stack["Tags"] == [{"Key": "team", "Value": "a"}]


async def test_tags_reach_a_function_that_exists(house: House) -> None:
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": "f",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Runtime": "python3.11",
            "Handler": "index.handler",
            "Code": {"ZipFile": "def handler(event, context): return 1"},
        },
    }
    await create(house, template(Function=function), Tags=[{"Key": "team", "Value": "a"}])
    assert await status(house) == "CREATE_COMPLETE"
    words = {"StackName": "s", "TemplateBody": json.dumps(template(Function=function)), "Capabilities": NAMED}
    await house.aws.cloudformation.update_stack(**words, Tags=[{"Key": "owner", "Value": "b"}])
    await house.advance(5)
    assert await status(house) == "UPDATE_COMPLETE"
    arn = (await house.aws.lambda_.get_function(FunctionName="f"))["Configuration"]["FunctionArn"]
    tags = (await house.aws.lambda_.list_tags(Resource=arn))["Tags"]
    assert (tags.get("owner"), tags.get("team")) == ("b", None)
