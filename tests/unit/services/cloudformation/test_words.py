"""What templates may say beyond plain resources: loops, rules, SSM's parameters, references, limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.support.house import House
from tests.unit.services.cloudformation.test_stacks import (
    NAMED,
    create,
    role,
    roles,
    status,
    template,
    update,
)

EXPAND = [*NAMED, "CAPABILITY_AUTO_EXPAND"]


def extended(**sections: Any) -> dict[str, Any]:
    return {"Transform": "AWS::LanguageExtensions", **sections}


def loop(collection: Any) -> dict[str, Any]:
    return extended(
        Parameters={"Names": {"Type": "CommaDelimitedList", "Default": "a,b"}},
        Resources={
            "Fn::ForEach::Roles": ["Name", collection, {"Role${Name}": role({"Fn::Sub": "r-${Name}"})}]
        },
        Outputs={
            "Fn::ForEach::Out": [
                "Name",
                collection,
                {"Out${Name}": {"Value": {"Fn::GetAtt": ["Role${Name}", "Arn"]}}},
            ]
        },
    )


async def made(house: House, body: dict[str, Any], **more: Any) -> None:
    words = {"StackName": "s", "TemplateBody": json.dumps(body), "Capabilities": EXPAND, **more}
    await house.aws.cloudformation.create_stack(**words)
    await house.advance(2)


@pytest.mark.parametrize("collection", [["a", "b"], {"Ref": "Names"}, [{"Ref": "Names"}]])
async def test_loops_are_written_out(house: House, collection: Any) -> None:
    await made(house, loop(collection))
    assert (await status(house), await roles(house)) == ("CREATE_COMPLETE", ["r-a", "r-b"])
    (stack,) = (await house.aws.cloudformation.describe_stacks(StackName="s"))["Stacks"]
    assert {one["OutputKey"] for one in stack["Outputs"]} == {"Outa", "Outb"}


async def test_a_loop_over_a_parameter_follows_it(house: House) -> None:
    await made(house, loop({"Ref": "Names"}))
    original = await house.aws.cloudformation.get_template(StackName="s")
    processed = await house.aws.cloudformation.get_template(StackName="s", TemplateStage="Processed")
    assert "Fn::ForEach::Roles" in json.loads(original["TemplateBody"])["Resources"]
    assert set(json.loads(processed["TemplateBody"])["Resources"]) == {"Rolea", "Roleb"}
    await house.aws.cloudformation.update_stack(
        StackName="s",
        UsePreviousTemplate=True,
        Capabilities=EXPAND,
        Parameters=[{"ParameterKey": "Names", "ParameterValue": "b,c"}],
    )
    await house.advance(2)
    assert (await status(house), await roles(house)) == ("UPDATE_COMPLETE", ["r-b", "r-c"])


async def test_the_other_extensions(house: House) -> None:
    value = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "p", "Type": "String"}}
    value["Properties"]["Value"] = {  # type: ignore[index]
        "Fn::Join": [
            "|",
            [
                {"Fn::Length": {"Ref": "Names"}},
                {"Fn::ToJsonString": {"a": {"Ref": "Names"}}},
                {"Fn::FindInMap": ["M", "nope", "x", {"DefaultValue": "other"}]},
            ],
        ]
    }
    value["DeletionPolicy"] = {"Fn::If": ["Keeps", "Retain", "Delete"]}  # type: ignore[assignment]
    body = extended(
        Parameters={"Names": {"Type": "CommaDelimitedList", "Default": "a,b"}},
        Mappings={"M": {"here": {"x": "y"}}},
        Conditions={"Keeps": {"Fn::Equals": ["a", "a"]}},
        Resources={"Value": value},
    )
    await made(house, body)
    found = (await house.aws.ssm.get_parameter(Name="p"))["Parameter"]
    assert found["Value"] == '2|{"a":["a","b"]}|other'
    await house.aws.cloudformation.delete_stack(StackName="s")
    await house.advance(2)
    assert (await house.aws.ssm.get_parameter(Name="p"))["Parameter"]["Value"] == found["Value"]


async def test_loops_need_a_capability_unless_somebody_looks(house: House) -> None:
    words = {"StackName": "s", "TemplateBody": json.dumps(loop(["a"])), "Capabilities": NAMED}
    with pytest.raises(AwsError, match=r"Requires capabilities : \[CAPABILITY_AUTO_EXPAND\]"):
        await house.aws.cloudformation.create_stack(**words)
    await house.aws.cloudformation.create_change_set(ChangeSetName="c", ChangeSetType="CREATE", **words)
    shown = await house.aws.cloudformation.validate_template(TemplateBody=words["TemplateBody"])
    assert shown["DeclaredTransforms"] == ["AWS::LanguageExtensions"]
    assert shown["Capabilities"] == ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


LOOP = {"Fn::ForEach::L": ["X", ["a"], {"R${X}": role("r")}]}
REFUSED = [
    ({"Resources": LOOP}, "Fn::ForEach::L is not supported without the transform AWS::LanguageExtensions"),
    (extended(Resources={"Fn::ForEach::L": ["X", ["a"]]}), "Fn::ForEach layout is incorrect"),
    (extended(Resources={"Fn::ForEach::L": ["X", ["a", "b"], {"R": role("r")}]}), "makes R twice"),
    (
        extended(Resources={"Fn::ForEach::L": ["X", {"Ref": "Nope"}, {"R${X}": role("r")}]}),
        "cannot be resolved",
    ),
    ({"Transform": "AWS::Serverless-2016-10-31", "Resources": {"A": role("a")}}, "No transform named"),
    (
        {"Resources": {"A": role({"Fn::Contains": [["a"], "a"]})}},
        "Fn::Contains is supported in the Rules section only",
    ),
    ({"Resources": {"A": role("a")}, "Rules": {"R": {}}}, "Rule R must have a list of Assertions"),
    (
        {"Resources": {f"A{n}": {"Type": "AWS::Logs::LogGroup"} for n in range(501)}},
        "Number of resources, 501, is greater than maximum",
    ),
    ({"Resources": {"A": role("a")}, "Description": "x" * 1025}, "'Description' length is greater than 1024"),
]


@pytest.mark.parametrize(("body", "says"), REFUSED)
async def test_what_is_refused(house: House, body: dict[str, Any], says: str) -> None:
    with pytest.raises(AwsError, match=says):
        await made(house, {**body}, TemplateBody=json.dumps(body, separators=(",", ":")))
    assert (await house.aws.cloudformation.list_stacks())["StackSummaries"] == []


async def test_a_template_has_no_more_bytes_than_aws_takes(house: House) -> None:
    body = json.dumps({"Resources": {"A": role("a")}})
    at_most = body + " " * (51_200 - len(body))
    await house.aws.cloudformation.validate_template(TemplateBody=at_most)
    says = (
        "at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200"
    )
    for call in ("validate_template", "get_template_summary"):
        with pytest.raises(AwsError, match=says):
            await getattr(house.aws.cloudformation, call)(TemplateBody=at_most + " ")
    with pytest.raises(AwsError, match=says):
        await made(house, {}, TemplateBody=at_most + " ")


RULES = {
    "InProduction": {
        "RuleCondition": {"Fn::Equals": [{"Ref": "N"}, "prod"]},
        "Assertions": [
            {
                "Assert": {"Fn::Contains": [["x", "y"], {"Ref": "Size"}]},
                "AssertDescription": "production is x or y",
            },
            {"Assert": {"Fn::EachMemberIn": [{"Ref": "Zones"}, ["1", "2"]]}},
        ],
    }
}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"N": "dev", "Size": "z", "Zones": "3"}, ""),
        ({"N": "prod", "Size": "x", "Zones": "1,2"}, ""),
        ({"N": "prod", "Size": "z", "Zones": "1"}, "production is x or y"),
        ({"N": "prod", "Size": "x", "Zones": "1,3"}, "rule InProduction does not hold"),
    ],
)
async def test_rules_judge_parameters(house: House, values: dict[str, str], says: str) -> None:
    body = template()
    body["Parameters"] |= {"Size": {"Type": "String"}, "Zones": {"Type": "CommaDelimitedList"}}
    body["Rules"] = RULES
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    if says:
        with pytest.raises(AwsError, match=says):
            await create(house, body, Parameters=given)
    else:
        await create(house, body, Parameters=given)
        assert await status(house) == "CREATE_COMPLETE"


def from_ssm(kind: str = "AWS::SSM::Parameter::Value<String>") -> dict[str, Any]:
    body = template()
    body["Parameters"]["N"] = {"Type": kind, "Default": "/name"}
    return body


async def test_a_parameter_of_ssm_is_looked_up_at_each_update(house: House) -> None:
    await house.aws.ssm.put_parameter(Name="/name", Value="one", Type="String")
    await create(house, from_ssm())
    assert await roles(house) == ["r-one"]
    (stack,) = (await house.aws.cloudformation.describe_stacks(StackName="s"))["Stacks"]
    assert stack["Parameters"] == [
        {"ParameterKey": "N", "ParameterValue": "/name", "ResolvedValue": "one"},
    ]
    with pytest.raises(AwsError, match="No updates are to be performed"):
        await update(house, from_ssm())
    await house.aws.ssm.put_parameter(Name="/name", Value="two", Type="String", Overwrite=True)
    await update(house, from_ssm(), Parameters=[{"ParameterKey": "N", "UsePreviousValue": True}])
    assert (await status(house), await roles(house)) == ("UPDATE_COMPLETE", ["r-two"])


async def test_a_parameter_of_ssm_that_is_not_there(house: House) -> None:
    with pytest.raises(AwsError, match=r"Unable to fetch parameters \[/name\] from parameter store"):
        await create(house, from_ssm())
    await house.aws.ssm.put_parameter(Name="/name", Value="one", Type="SecureString")
    with pytest.raises(AwsError, match="types not supported by CloudFormation"):
        await create(house, from_ssm())
    await create(house, from_ssm("AWS::SSM::Parameter::Name"), name="t")
    assert (await status(house, "t"), await roles(house)) == ("ROLLBACK_COMPLETE", [])


async def test_a_list_of_ssm(house: House) -> None:
    await house.aws.ssm.put_parameter(Name="/name", Value="x,y", Type="StringList")
    body = from_ssm("AWS::SSM::Parameter::Value<List<String>>")
    body["Resources"]["Role"] = role({"Fn::Select": [1, {"Ref": "N"}]})
    await create(house, body)
    assert await roles(house) == ["y"]


def value(said: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "p", "Type": "String", "Value": said}}


async def read(house: House) -> str:
    return str((await house.aws.ssm.get_parameter(Name="p"))["Parameter"]["Value"])


async def test_dynamic_references_are_looked_up_when_a_resource_is_made(house: House) -> None:
    await house.aws.ssm.put_parameter(Name="/a/b", Value="one", Type="String")
    await house.aws.ssm.put_parameter(Name="/a/b", Value="two", Type="String", Overwrite=True)
    secret = await house.aws.secretsmanager.create_secret(
        Name="word", SecretString=json.dumps({"user": "u", "password": "hush"})
    )
    said = (
        "{{resolve:ssm:/a/b:1}} {{resolve:ssm:/a/b}} {{resolve:secretsmanager:word:SecretString:password}}"
        f" {{{{resolve:secretsmanager:{secret['ARN']}:SecretString:user::}}}}"
    )
    await create(house, template(Value=value(said)))
    assert await read(house) == "one two hush u"
    events = await house.aws.cloudformation.describe_stack_events(StackName="s")
    assert "hush" not in str(events)
    # The template says the same: as on AWS, nothing changes until the resource is updated for another reason.
    await house.aws.ssm.put_parameter(Name="/a/b", Value="three", Type="String", Overwrite=True)
    with pytest.raises(AwsError, match="No updates are to be performed"):
        await update(house, template(Value=value(said)))
    await update(house, template(Value=value(f"{said}!")))
    assert await read(house) == "one three hush u!"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("{{resolve:ssm:/nope}}", "Could not resolve"),
        ("{{resolve:secretsmanager:nope}}", "Could not resolve"),
        (
            "{{resolve:secretsmanager:word:SecretString:nope}}",
            "Could not find a value associated with JSONKey",
        ),
    ],
)
async def test_a_reference_to_nothing_fails_its_resource(house: House, said: str, says: str) -> None:
    await house.aws.secretsmanager.create_secret(Name="word", SecretString="{}")
    await create(house, template(Value=value(said)))
    assert await status(house) == "ROLLBACK_COMPLETE"
    events = (await house.aws.cloudformation.describe_stack_events(StackName="s"))["StackEvents"]
    assert any(says in one.get("ResourceStatusReason", "") for one in events)


async def test_secure_strings_are_refused_where_no_type_takes_them(house: House) -> None:
    says = r"SSM Secure reference is not supported in: \[AWS::SSM::Parameter/Properties/Value\]"
    with pytest.raises(AwsError, match=says):
        await create(house, template(Value=value("{{resolve:ssm-secure:/a:1}}")))


BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"


def synthesised() -> dict[str, Any]:
    """What the CDK's default synthesizer adds to a template."""
    body = template()
    body["Parameters"]["BootstrapVersion"] = {
        "Type": "AWS::SSM::Parameter::Value<String>",
        "Default": BOOTSTRAP,
        "Description": "Version of the CDK Bootstrap resources in this environment [cdk:skip]",
    }
    old = {"Fn::Contains": [["1", "2", "3", "4", "5"], {"Ref": "BootstrapVersion"}]}
    words = "CDK bootstrap stack version 6 required. Please run 'cdk bootstrap'."
    assertion = {"Assert": {"Fn::Not": [old]}, "AssertDescription": words}
    body["Rules"] = {"CheckBootstrapVersion": {"Assertions": [assertion]}}
    body["Resources"]["CDKMetadata"] = {
        "Type": "AWS::CDK::Metadata",
        "Properties": {"Analytics": "v2:deflate64:x"},
        "Metadata": {"aws:cdk:path": "shop/CDKMetadata/Default"},
    }
    return body


async def test_a_template_of_the_cdks_default_synthesizer(house: House) -> None:
    with pytest.raises(AwsError, match=rf"Unable to fetch parameters \[{BOOTSTRAP}\] from parameter store"):
        await create(house, synthesised())
    await house.aws.ssm.put_parameter(Name=BOOTSTRAP, Value="4", Type="String")
    with pytest.raises(AwsError, match="CDK bootstrap stack version 6 required"):
        await create(house, synthesised())
    await house.aws.ssm.put_parameter(Name=BOOTSTRAP, Value="25", Type="String", Overwrite=True)
    await create(house, synthesised())
    assert await status(house) == "CREATE_COMPLETE"
