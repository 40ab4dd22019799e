"""How secrets are read back, to see what has drifted; their values are no template's business."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties


async def _secret(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    found = await aws.secretsmanager.describe_secret(SecretId=made.physical_id)
    if found.get("DeletedDate"):
        return None
    members = ("Name", "Description", "KmsKeyId")
    return {name: found.get(name, "") for name in members}


READS = {"AWS::SecretsManager::Secret": _secret}
