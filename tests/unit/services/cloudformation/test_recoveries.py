"""What keeps an update from doing harm, and the ways out of one that stopped half-way."""

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

ALLOW = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": list(statements)})


def deny(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Principal": "*", "Resource": resource, **more}


async def why(house: House) -> str:
    """The reason of the stack's last way back."""
    events = (await house.aws.cloudformation.describe_stack_events(StackName="s"))["StackEvents"]
    return next(
        str(one.get("ResourceStatusReason", ""))
        for one in events
        if one["LogicalResourceId"] == "s" and "ROLLBACK_IN_PROGRESS" in one["ResourceStatus"]
    )


RENAMED = [{"ParameterKey": "N", "ParameterValue": "b"}]
OF_ROLES = {"Condition": {"StringEquals": {"ResourceType": ["AWS::IAM::Role"]}}}


@pytest.mark.parametrize(
    ("statements", "action"),
    [
        ([ALLOW, deny("Update:Replace")], "Update:Replace"),
        ([ALLOW, deny("Update:*", "LogicalResourceId/R*")], "Update:Replace"),
        ([ALLOW, deny("Update:Replace", **OF_ROLES)], "Update:Replace"),
        ([{**ALLOW, "Action": "Update:Modify"}], "Update:Replace"),
    ],
)
async def test_a_policy_keeps_a_role_from_being_replaced(
    house: House, statements: list[dict[str, Any]], action: str
) -> None:
    await create(house, template(), StackPolicyBody=policy(*statements))
    await update(house, template(), Parameters=RENAMED)
    assert (await status(house), await roles(house)) == ("UPDATE_ROLLBACK_COMPLETE", ["r-a"])
    assert (await why(house)).startswith("Action denied by stack policy")
    assert f"[{action}] for resource [LogicalResourceId/Role]" in await why(house)


async def test_a_policy_allows_what_it_does_not_deny(house: House) -> None:
    await create(house, template(), StackPolicyBody=policy(ALLOW, deny("Update:Delete")))
    await update(house, template(More=role("more")), Parameters=RENAMED)
    assert (await status(house), await roles(house)) == ("UPDATE_COMPLETE", ["more", "r-b"])
    await update(house, template())
    assert await status(house) == "UPDATE_ROLLBACK_COMPLETE"
    assert "[Update:Delete] for resource [LogicalResourceId/More]" in await why(house)
    # A policy for one update stands in for the stack's own.
    await update(house, template(), StackPolicyDuringUpdateBody=policy(ALLOW))
    assert (await status(house), await roles(house)) == ("UPDATE_COMPLETE", ["r-a"])
    shown = await house.aws.cloudformation.get_stack_policy(StackName="s")
    assert shown["StackPolicyBody"] == policy(ALLOW, deny("Update:Delete"))


async def test_a_policy_can_be_set_later_and_must_be_one(house: House) -> None:
    await create(house, template())
    assert await house.aws.cloudformation.get_stack_policy(StackName="s") == {}
    for wrong in ("x", "[]", policy({**ALLOW, "Principal": "me"}), policy({**ALLOW, "Action": "Update:No"})):
        with pytest.raises(AwsError, match="Error validating stack policy"):
            await house.aws.cloudformation.set_stack_policy(StackName="s", StackPolicyBody=wrong)
    await house.aws.cloudformation.set_stack_policy(StackName="s", StackPolicyBody=policy(deny("Update:*")))
    await update(house, template(), Parameters=RENAMED)
    assert await status(house) == "UPDATE_ROLLBACK_COMPLETE"


async def test_a_stack_protected_from_deletion_stays(house: House) -> None:
    await create(house, template(), EnableTerminationProtection=True)
    with pytest.raises(AwsError, match="cannot be deleted while TerminationProtection is enabled"):
        await house.aws.cloudformation.delete_stack(StackName="s")
    await house.aws.cloudformation.update_termination_protection(
        StackName="s", EnableTerminationProtection=False
    )
    await house.aws.cloudformation.delete_stack(StackName="s")
    await house.advance(2)
    assert await roles(house) == []


def attached(arn: str) -> dict[str, Any]:
    made = role("user")
    made["Properties"]["ManagedPolicyArns"] = [arn]
    return made


async def stuck(house: House) -> None:
    """A stack whose update could not be taken back: a policy that its role had is gone."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})
    arn = (await house.aws.iam.create_policy(PolicyName="old", PolicyDocument=document))["Policy"]["Arn"]
    await create(house, template(User=attached(arn)))
    await house.aws.iam.detach_role_policy(RoleName="user", PolicyArn=arn)
    await house.aws.iam.delete_policy(PolicyArn=arn)
    broken = {**attached("arn:aws:iam::000000000000:policy/nope"), "DependsOn": ["User"]}
    broken["Properties"] = {**broken["Properties"], "RoleName": "broken"}
    changed = role("user")
    await update(house, template(User=changed, Broken=broken))
    assert await status(house) == "UPDATE_ROLLBACK_FAILED"


async def test_a_way_back_goes_on_when_what_was_missing_is_there(house: House) -> None:
    await stuck(house)
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})
    await house.aws.iam.create_policy(PolicyName="old", PolicyDocument=document)
    await house.aws.cloudformation.continue_update_rollback(StackName="s")
    await house.advance(2)
    assert await status(house) == "UPDATE_ROLLBACK_COMPLETE"
    policies = (await house.aws.iam.list_attached_role_policies(RoleName="user"))["AttachedPolicies"]
    assert [one["PolicyName"] for one in policies] == ["old"]


async def test_a_way_back_may_leave_out_what_cannot_be_taken_back(house: House) -> None:
    await stuck(house)
    go_on = house.aws.cloudformation.continue_update_rollback
    with pytest.raises(AwsError, match=r"cannot be skipped: \[Group\]"):
        await go_on(StackName="s", ResourcesToSkip=["Group"])
    await go_on(StackName="s", ResourcesToSkip=["User"])
    await house.advance(2)
    assert (await status(house), await roles(house)) == ("UPDATE_ROLLBACK_COMPLETE", ["r-a", "user"])
    with pytest.raises(AwsError, match="is in UPDATE_ROLLBACK_COMPLETE state and can not continue rollback"):
        await go_on(StackName="s")


async def test_what_was_kept_after_a_failure_can_be_taken_back_later(house: House) -> None:
    later = attached("arn:aws:iam::000000000000:policy/nope")
    await create(house, template(Later=later), OnFailure="DO_NOTHING")
    assert (await status(house), await roles(house)) == ("CREATE_FAILED", ["r-a"])
    await house.aws.cloudformation.rollback_stack(StackName="s")
    await house.advance(2)
    assert (await status(house), await roles(house)) == ("ROLLBACK_COMPLETE", [])
    with pytest.raises(AwsError, match="is in ROLLBACK_COMPLETE state and can not be rolled back"):
        await house.aws.cloudformation.rollback_stack(StackName="s")


async def test_a_kept_update_can_be_taken_back_later(house: House) -> None:
    await create(house, template())
    later = attached("arn:aws:iam::000000000000:policy/nope")
    await update(house, template(Later=later, More=role("more")), DisableRollback=True)
    assert (await status(house), await roles(house)) == ("UPDATE_FAILED", ["more", "r-a"])
    await house.aws.cloudformation.rollback_stack(StackName="s")
    await house.advance(2)
    assert (await status(house), await roles(house)) == ("UPDATE_ROLLBACK_COMPLETE", ["r-a"])


async def test_a_failed_creation_may_leave_no_stack(house: House) -> None:
    await create(house, template(Later=attached("arn:aws:iam::000000000000:policy/no")), OnFailure="DELETE")
    with pytest.raises(AwsError, match="does not exist"):
        await status(house)
    assert await roles(house) == []


async def alarm(house: House) -> dict[str, Any]:
    """A rollback configuration with an alarm of its own, watched for ten minutes."""
    await house.aws.cloudwatch.put_metric_alarm(
        AlarmName="bad", Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    shown = (await house.aws.cloudwatch.describe_alarms(AlarmNames=["bad"]))["MetricAlarms"][0]
    trigger = {"Arn": shown["AlarmArn"], "Type": "AWS::CloudWatch::Alarm"}
    return {"RollbackTriggers": [trigger], "MonitoringTimeInMinutes": 10}


async def test_an_update_is_done_when_its_alarms_were_quiet_for_a_while(house: House) -> None:
    await create(house, template())
    await update(house, template(More=role("more")), RollbackConfiguration=await alarm(house))
    assert (await status(house), await roles(house)) == ("UPDATE_IN_PROGRESS", ["more", "r-a"])
    await house.advance(590, step=60)
    assert await status(house) == "UPDATE_IN_PROGRESS"
    await house.advance(15)
    assert await status(house) == "UPDATE_COMPLETE"


async def test_an_alarm_takes_an_update_back(house: House) -> None:
    await create(house, template())
    configuration = await alarm(house)
    await update(house, template(More=role("more")), RollbackConfiguration=configuration)
    await house.advance(60, step=10)
    await house.aws.cloudwatch.set_alarm_state(AlarmName="bad", StateValue="ALARM", StateReason="test")
    await house.advance(2)
    assert (await status(house), await roles(house)) == ("UPDATE_ROLLBACK_COMPLETE", ["r-a"])
    assert configuration["RollbackTriggers"][0]["Arn"] in await why(house)
    (stack,) = (await house.aws.cloudformation.describe_stacks(StackName="s"))["Stacks"]
    assert stack["RollbackConfiguration"] == configuration


async def test_an_update_can_be_cancelled(house: House) -> None:
    await create(house, template())
    await update(house, template(More=role("more")), RollbackConfiguration=await alarm(house))
    await house.aws.cloudformation.cancel_update_stack(StackName="s")
    await house.advance(2)
    assert (await status(house), await roles(house)) == ("UPDATE_ROLLBACK_COMPLETE", ["r-a"])
    with pytest.raises(AwsError, match="CancelUpdateStack cannot be called from current stack status"):
        await house.aws.cloudformation.cancel_update_stack(StackName="s")


async def test_a_resource_tells_its_stack(house: House) -> None:
    await create(house, template())
    answer = await house.aws.cloudformation.describe_stack_resources(PhysicalResourceId="r-a")
    assert {one["LogicalResourceId"] for one in answer["StackResources"]} == {"Role", "Group"}
    with pytest.raises(AwsError, match="Stack for nope does not exist"):
        await house.aws.cloudformation.describe_stack_resources(PhysicalResourceId="nope")
    words = {"StackName": "s", "PhysicalResourceId": "r-a", "TemplateBody": NAMED}
    with pytest.raises(AwsError, match="Both StackName and PhysicalResourceId"):
        await house.aws.cloudformation.describe_stack_resources(
            StackName="s", PhysicalResourceId=str(words["PhysicalResourceId"])
        )


@pytest.mark.parametrize(
    ("policy", "words", "left"),
    [
        ("Retain", {}, ["kept"]),
        ("RetainExceptOnCreate", {}, []),
        ("Retain", {"RetainExceptOnCreate": True}, []),
    ],
)
async def test_what_is_kept_when_its_creation_is_taken_back(
    house: House, policy: str, words: dict[str, Any], left: list[str]
) -> None:
    kept = {**role("kept"), "DeletionPolicy": policy}
    later = {**attached("arn:aws:iam::000000000000:policy/nope"), "DependsOn": ["Kept"]}
    await create(house, template(Kept=kept, Later=later), **words)
    assert (await status(house), await roles(house)) == ("ROLLBACK_COMPLETE", left)


@pytest.mark.parametrize("policy", ["Retain", "RetainExceptOnCreate"])
async def test_what_an_older_operation_made_is_kept(house: House, policy: str) -> None:
    await create(house, template())
    kept = {**role("kept"), "DeletionPolicy": policy}
    later = {**attached("arn:aws:iam::000000000000:policy/nope"), "DependsOn": ["Kept"]}
    await update(house, template(Kept=kept, Later=later))
    assert await status(house) == "UPDATE_ROLLBACK_COMPLETE"
    assert ("kept" in await roles(house)) == (policy == "Retain")
    await update(house, template(Other={**role("other"), "DeletionPolicy": policy}))
    await house.aws.cloudformation.delete_stack(StackName="s")
    await house.advance(2)
    assert "other" in await roles(house)
