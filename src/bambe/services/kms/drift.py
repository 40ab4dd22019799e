"""How keys and their aliases are read back, to see what has drifted."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties

GOING = "PendingDeletion"


async def _key(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    key = made.physical_id
    found = (await aws.kms.describe_key(KeyId=key))["KeyMetadata"]
    if found["KeyState"] == GOING:
        return None
    rotation = await aws.kms.get_key_rotation_status(KeyId=key)
    policy = await aws.kms.get_key_policy(KeyId=key, PolicyName="default")
    return {
        **found,
        "EnableKeyRotation": rotation["KeyRotationEnabled"],
        "RotationPeriodInDays": rotation.get("RotationPeriodInDays", "never"),
        "KeyPolicy": policy["Policy"],
    }


async def _alias(aws: Aws, made: Made, expected: Properties) -> Properties:
    found = (await aws.kms.describe_key(KeyId=made.physical_id))["KeyMetadata"]
    said = str(expected.get("TargetKeyId", ""))
    return {
        "AliasName": made.physical_id,
        "TargetKeyId": said if said in (found["KeyId"], found["Arn"]) else found["KeyId"],
    }


READS = {"AWS::KMS::Alias": _alias, "AWS::KMS::Key": _key}
