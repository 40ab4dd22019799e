"""Who may use a cluster: SCRAM secrets and the cluster policy; and tags."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bambe.kernel.arn import Arn, is_arn
from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import AwsError
from bambe.services.kafka import lookup
from bambe.services.kafka.errors import BadRequestException, NotFoundException
from bambe.services.kafka.model import Cluster
from bambe.services.kafka.paging import paged
from bambe.services.kafka.tables import CLUSTERS

PREFIX = "AmazonMSK_"
DEFAULT_KEY = "alias/aws/secretsmanager"
INVALID = "InvalidSecretArn"
"""The code of every secret that cannot be associated; what is wrong stands in the message."""
UNUSABLE = "The provided secret arn cannot be used with Amazon MSK."
WITH_DEFAULT_KEY = (
    "The provided secret is encrypted with the default key. You can't use this secret with Amazon MSK."
)
UNREADABLE = "Amazon MSK wasn't able to access the provided secret."
MALFORMED = f'{UNUSABLE} Its value must be JSON with "username" and "password".'


async def batch_associate_scram_secret(call: Call, request: Mapping[str, Any]) -> Answer:
    troubles = {arn: await _trouble(call, arn) for arn in request["SecretArnList"]}
    good = [arn for arn, trouble in troubles.items() if not trouble]

    def associate(row: Cluster) -> Cluster:
        if not row.access.scram:
            raise BadRequestException("The cluster has no SASL/SCRAM authentication.", "clusterArn")
        return replace(row, secrets=[*row.secrets, *(arn for arn in good if arn not in row.secrets)])

    await _update(call, request, associate)
    bad = [_unprocessed(arn, trouble) for arn, trouble in troubles.items() if trouble]
    return {"ClusterArn": request["ClusterArn"], "UnprocessedScramSecrets": bad}


async def batch_disassociate_scram_secret(call: Call, request: Mapping[str, Any]) -> Answer:
    wanted: Sequence[str] = request["SecretArnList"]
    row = await call.store.read(lambda tx: lookup.cluster(tx, call, request["ClusterArn"]))
    unknown = [arn for arn in wanted if arn not in row.secrets]
    await _update(
        call, request, lambda row: replace(row, secrets=[arn for arn in row.secrets if arn not in wanted])
    )
    why = "The provided secret is not associated with the cluster."
    return {
        "ClusterArn": request["ClusterArn"],
        "UnprocessedScramSecrets": [_unprocessed(arn, why) for arn in unknown],
    }


async def list_scram_secrets(call: Call, request: Mapping[str, Any]) -> Answer:
    row = await call.store.read(lambda tx: lookup.cluster(tx, call, request["ClusterArn"]))
    return paged("SecretArnList", row.secrets, request)


async def put_cluster_policy(call: Call, request: Mapping[str, Any]) -> Answer:
    try:
        json.loads(request["Policy"])
    except ValueError:
        raise BadRequestException("The policy is not valid JSON.", "policy") from None

    def put(row: Cluster) -> Cluster:
        if request.get("CurrentVersion") not in (None, row.policy_version):
            raise BadRequestException("The version of the policy is not the current one.", "currentVersion")
        return replace(row, policy=request["Policy"], policy_version=lookup.new_version())

    return {"CurrentVersion": (await _update(call, request, put)).policy_version}


async def get_cluster_policy(call: Call, request: Mapping[str, Any]) -> Answer:
    row = await call.store.read(lambda tx: lookup.cluster(tx, call, request["ClusterArn"]))
    if not row.policy:
        raise NotFoundException("The cluster has no policy.")
    return {"CurrentVersion": row.policy_version, "Policy": row.policy}


async def delete_cluster_policy(call: Call, request: Mapping[str, Any]) -> Answer:
    await _update(call, request, lambda row: replace(row, policy="", policy_version=""))
    return {}


async def list_tags_for_resource(call: Call, request: Mapping[str, Any]) -> Answer:
    return {"Tags": (await call.store.read(lambda tx: _tagged(tx, call, request))).tags}


async def tag_resource(call: Call, request: Mapping[str, Any]) -> Answer:
    def tag(tx: Tx) -> None:
        row = _tagged(tx, call, request)
        CLUSTERS.update(tx, replace(row, tags={**row.tags, **request["Tags"]}))

    await call.store.write(tag)
    return {}


async def untag_resource(call: Call, request: Mapping[str, Any]) -> Answer:
    def untag(tx: Tx) -> None:
        row = _tagged(tx, call, request)
        kept = {key: value for key, value in row.tags.items() if key not in request["TagKeys"]}
        CLUSTERS.update(tx, replace(row, tags=kept))

    await call.store.write(untag)
    return {}


def _tagged(tx: Tx, call: Call, request: Mapping[str, Any]) -> Cluster:
    return lookup.cluster(tx, call, request["ResourceArn"])


async def _update(call: Call, request: Mapping[str, Any], change: Callable[[Cluster], Cluster]) -> Cluster:
    def update(tx: Tx) -> Cluster:
        row = change(lookup.cluster(tx, call, request["ClusterArn"]))
        CLUSTERS.update(tx, row)
        return row

    return await call.store.write(update)


async def _trouble(call: Call, arn: str) -> str:
    """Why a secret cannot be a user's; "" where name, key and value are as MSK wants them."""
    name = Arn.parse(arn).resource.removeprefix("secret:") if is_arn(arn) else arn
    if not name.startswith(PREFIX):
        return f"{UNUSABLE} Secret names must have the prefix '{PREFIX}'."
    try:
        key = (await call.aws.secretsmanager.describe_secret(SecretId=arn)).get("KmsKeyId", "")
        if key in ("", DEFAULT_KEY):
            return WITH_DEFAULT_KEY
        if not (await call.aws.kms.describe_key(KeyId=key))["KeyMetadata"]["Enabled"]:
            return UNREADABLE
        said = json.loads((await call.aws.secretsmanager.get_secret_value(SecretId=arn))["SecretString"])
        return "" if said["username"] and said["password"] else MALFORMED
    except AwsError:
        return UNREADABLE
    except (ValueError, KeyError, TypeError):
        return MALFORMED


def _unprocessed(arn: str, message: str) -> dict[str, str]:
    return {"SecretArn": arn, "ErrorCode": INVALID, "ErrorMessage": message}
