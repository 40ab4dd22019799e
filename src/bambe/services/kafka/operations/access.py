"""Who may use a cluster: SCRAM secrets and the cluster policy; and tags."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bambe.kernel.arn import Arn
from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import AwsError
from bambe.services.kafka import lookup
from bambe.services.kafka.errors import BadRequestException, NotFoundException
from bambe.services.kafka.model import Cluster
from bambe.services.kafka.paging import paged
from bambe.services.kafka.tables import CLUSTERS

PREFIX = "AmazonMSK_"


async def batch_associate_scram_secret(call: Call, request: Mapping[str, Any]) -> Answer:
    troubles = {arn: await _trouble(call, arn) for arn in request["SecretArnList"]}
    good = [arn for arn, trouble in troubles.items() if not trouble]

    def associate(row: Cluster) -> Cluster:
        if not row.has_scram:
            raise BadRequestException("The cluster has no SASL/SCRAM authentication.", "clusterArn")
        return replace(row, secrets=[*row.secrets, *(arn for arn in good if arn not in row.secrets)])

    await _update(call, request, associate)
    bad = [_unprocessed(arn, *trouble) for arn, trouble in troubles.items() if trouble]
    return {"ClusterArn": request["ClusterArn"], "UnprocessedScramSecrets": bad}


async def batch_disassociate_scram_secret(call: Call, request: Mapping[str, Any]) -> Answer:
    wanted: Sequence[str] = request["SecretArnList"]
    row = await call.store.read(lambda tx: lookup.cluster(tx, call, request["ClusterArn"]))
    unknown = [arn for arn in wanted if arn not in row.secrets]
    await _update(
        call, request, lambda row: replace(row, secrets=[arn for arn in row.secrets if arn not in wanted])
    )
    why = ("RESOURCE_NOT_FOUND", "The secret is not associated with the cluster.")
    return {
        "ClusterArn": request["ClusterArn"],
        "UnprocessedScramSecrets": [_unprocessed(arn, *why) for arn in unknown],
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


async def _trouble(call: Call, arn: str) -> tuple[str, str] | None:
    """Why a secret cannot be a user's, as (code, message)."""
    name = Arn.parse(arn).resource.removeprefix("secret:") if arn.startswith("arn:") else arn
    if not name.startswith(PREFIX):
        return "INVALID_SECRET_NAME", f"The name of the secret must begin with {PREFIX}."
    try:
        said = json.loads((await call.aws.secretsmanager.get_secret_value(SecretId=arn))["SecretString"])
        if said["username"] and said["password"]:
            return None
    except AwsError as error:
        return "RESOURCE_NOT_FOUND", error.message
    except (ValueError, KeyError, TypeError):
        pass
    return "INVALID_SECRET", 'The secret must be JSON with "username" and "password".'


def _unprocessed(arn: str, code: str, message: str) -> dict[str, str]:
    return {"SecretArn": arn, "ErrorCode": code, "ErrorMessage": message}
