"""KMS through a stock client: keys that are described, switched, renamed, and go after a while."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import Edge

Clients = Callable[..., Any]


@pytest.fixture
def kms(aws: Clients) -> Any:
    return aws("kms")


@pytest.fixture
def key(kms: Any) -> str:
    """The id of a fresh key."""
    made = kms.create_key(Description="of the shop", Tags=[{"TagKey": "team", "TagValue": "shop"}])
    return str(made["KeyMetadata"]["KeyId"])


def refused(kms: Any, call: Callable[[], Any]) -> str:
    with pytest.raises(kms.exceptions.ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def test_a_key_is_described_by_id_arn_and_alias(kms: Any, key: str) -> None:
    kms.create_alias(AliasName="alias/shop", TargetKeyId=key)
    shown = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (shown["KeyState"], shown["Enabled"], shown["KeyManager"]) == ("Enabled", True, "CUSTOMER")
    assert (shown["KeySpec"], shown["KeyUsage"]) == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    (alias,) = kms.list_aliases(KeyId=key)["Aliases"]
    for name in (shown["Arn"], "alias/shop", alias["AliasArn"]):
        assert kms.describe_key(KeyId=name)["KeyMetadata"] == shown
    assert {"KeyId": key, "KeyArn": shown["Arn"]} in kms.list_keys()["Keys"]
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "team", "TagValue": "shop"}]


def test_aliases_move_and_go(kms: Any, key: str) -> None:
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/now", TargetKeyId=key)
    taken = refused(kms, lambda: kms.create_alias(AliasName="alias/now", TargetKeyId=other))
    assert taken == "AlreadyExistsException"
    kms.update_alias(AliasName="alias/now", TargetKeyId=other)
    assert kms.describe_key(KeyId="alias/now")["KeyMetadata"]["KeyId"] == other
    kms.delete_alias(AliasName="alias/now")
    assert refused(kms, lambda: kms.describe_key(KeyId="alias/now")) == "NotFoundException"
    for name in ("alias/aws/mine", "nothing"):
        wrong = refused(kms, lambda: kms.create_alias(AliasName=name, TargetKeyId=key))  # noqa: B023
        assert wrong == "InvalidAliasNameException"


def test_policies_are_checked_and_kept(kms: Any, key: str) -> None:
    first = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    assert first["Statement"][0]["Action"] == "kms:*"
    first["Statement"][0]["Action"] = ["kms:DescribeKey"]
    kms.put_key_policy(KeyId=key, Policy=json.dumps(first))
    assert json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]) == first
    for bad in ("no", "{}", '{"Statement": [{"Effect": "Allow"}]}'):
        wrong = refused(kms, lambda: kms.put_key_policy(KeyId=key, Policy=bad))  # noqa: B023
        assert wrong == "MalformedPolicyDocumentException"


def test_rotation_says_when_it_is_next(kms: Any, key: str) -> None:
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key)
    created = kms.describe_key(KeyId=key)["KeyMetadata"]["CreationDate"]
    assert (status["KeyRotationEnabled"], (status["NextRotationDate"] - created).days) == (True, 90)
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_what_a_key_that_is_off_or_about_to_go_refuses(edge: Edge, kms: Any, key: str) -> None:
    kms.disable_key(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    assert refused(kms, lambda: kms.enable_key_rotation(KeyId=key)) == "DisabledException"
    kms.enable_key(KeyId=key)
    assert refused(kms, lambda: kms.cancel_key_deletion(KeyId=key)) == "KMSInvalidStateException"
    assert kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)["KeyState"] == "PendingDeletion"
    for call in (kms.enable_key, kms.disable_key, kms.schedule_key_deletion):
        assert refused(kms, lambda: call(KeyId=key)) == "KMSInvalidStateException"  # noqa: B023
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_key_goes_with_its_aliases_when_its_time_is_over(edge: Edge, kms: Any, key: str) -> None:
    kms.create_alias(AliasName="alias/brief", TargetKeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    edge.run(edge.house.advance(6 * 86400, 86400))
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    edge.run(edge.house.advance(2 * 86400, 86400))
    assert refused(kms, lambda: kms.describe_key(KeyId=key)) == "NotFoundException"
    assert kms.list_aliases()["Aliases"] == []


def test_what_is_not_there_says_so(kms: Any, key: str) -> None:
    unknown = "11111111-2222-3333-4444-555555555555"
    assert refused(kms, lambda: kms.describe_key(KeyId=unknown)) == "NotFoundException"
    assert refused(kms, lambda: kms.encrypt(KeyId=key, Plaintext=b"text")) == "NotImplemented"
    assert (
        refused(kms, lambda: kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")) == "NotImplemented"
    )


TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {"Description": "first", "EnableKeyRotation": True, "PendingWindowInDays": 7},
        },
        "Name": {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": "alias/stack", "TargetKeyId": {"Ref": "Key"}},
        },
    },
    "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}},
}


def test_a_stack_makes_changes_and_gives_up_a_key(edge: Edge, aws: Clients, kms: Any) -> None:
    stacks = aws("cloudformation")

    def settled() -> dict[str, Any]:
        edge.run(edge.house.advance(5))
        return dict(stacks.describe_stacks(StackName="keys")["Stacks"][0])

    stacks.create_stack(StackName="keys", TemplateBody=json.dumps(TEMPLATE))
    made = settled()
    assert made["StackStatus"] == "CREATE_COMPLETE"
    shown = kms.describe_key(KeyId="alias/stack")["KeyMetadata"]
    assert (made["Outputs"][0]["OutputValue"], shown["Description"]) == (shown["Arn"], "first")
    assert kms.get_key_rotation_status(KeyId=shown["KeyId"])["KeyRotationEnabled"] is True

    changed = json.loads(json.dumps(TEMPLATE))
    changed["Resources"]["Key"]["Properties"] |= {"Description": "second", "Enabled": False}
    stacks.update_stack(StackName="keys", TemplateBody=json.dumps(changed))
    assert settled()["StackStatus"] == "UPDATE_COMPLETE"
    again = kms.describe_key(KeyId=shown["KeyId"])["KeyMetadata"]
    assert (again["Description"], again["KeyState"]) == ("second", "Disabled")

    stacks.delete_stack(StackName="keys")
    edge.run(edge.house.advance(5))
    assert kms.describe_key(KeyId=shown["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert refused(kms, lambda: kms.describe_key(KeyId="alias/stack")) == "NotFoundException"
