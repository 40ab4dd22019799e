"""Who is let into a cluster: the users whose secrets are associated with it."""

from __future__ import annotations

import json
import logging

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.services.kafka.model import Cluster

log = logging.getLogger("bambe.kafka")


async def admitted(aws: Aws, row: Cluster) -> tuple[dict[str, str] | None, dict[str, str]]:
    """Names by secret (None where a secret that cannot be read has an unknown one), passwords by name."""
    names: dict[str, str] = {}
    found: dict[str, str] = {}
    owners = {name: arn for arn, name in row.users.items() if arn in row.secrets}
    for arn in row.secrets:
        try:
            said = json.loads((await aws.secretsmanager.get_secret_value(SecretId=arn))["SecretString"])
            name, password = str(said["username"]), str(said["password"])
        except (AwsError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, AwsError) and await _is_gone(aws, arn):
                log.warning("%s: the secret %s lets nobody in: %s", row.name, arn, error)
                continue
            log.warning("%s: the secret %s cannot be read: %s", row.name, arn, error)
            if arn not in row.users:
                return None, {}
            names[arn] = row.users[arn]
            continue
        if owners.setdefault(name, arn) != arn:
            # Else whoever may write one secret would be whoever another one is of.
            log.warning("%s: %s lets nobody in: %s is of another secret", row.name, arn, name)
            continue
        names[arn] = name
        found[name] = password
    return names, found


async def _is_gone(aws: Aws, arn: str) -> bool:
    """Whether a secret is not there (any more), or waits for its deletion."""
    try:
        return "DeletedDate" in await aws.secretsmanager.describe_secret(SecretId=arn)
    except AwsError as error:
        return error.wire_code() == "ResourceNotFoundException"
