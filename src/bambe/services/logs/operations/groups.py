"""Log groups: made, described, kept for so long, removed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.pages import page
from bambe.services.logs.checks import bad_token, find_group, group_name, group_of_arn
from bambe.services.logs.errors import InvalidParameterException, ResourceAlreadyExistsException
from bambe.services.logs.model import Group, to_ms
from bambe.services.logs.tables import GROUPS, STREAMS, delete_events

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        AssociateKmsKeyRequestTypeDef,
        CreateLogGroupRequestTypeDef,
        DeleteLogGroupRequestTypeDef,
        DeleteRetentionPolicyRequestTypeDef,
        DescribeLogGroupsRequestTypeDef,
        DisassociateKmsKeyRequestTypeDef,
        PutRetentionPolicyRequestTypeDef,
    )

DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)


async def create_log_group(call: Call, request: CreateLogGroupRequestTypeDef) -> Answer:
    if request.get("deletionProtectionEnabled"):
        raise InvalidParameterException("Deletion protection is not supported here.")
    group = Group(
        account=call.account,
        region=call.region,
        name=group_name(request["logGroupName"]),
        created=call.clock.now(),
        kms_key=request.get("kmsKeyId", ""),
        log_class=request.get("logGroupClass", "STANDARD"),
        tags=dict(request.get("tags", {})),
    )

    def write(tx: Tx) -> None:
        if GROUPS.find(tx, *GROUPS.key_of(group)) is not None:
            raise ResourceAlreadyExistsException("The specified log group already exists")
        GROUPS.insert(tx, group)

    await call.store.write(write)
    return {}


async def delete_log_group(call: Call, request: DeleteLogGroupRequestTypeDef) -> Answer:
    name = request["logGroupName"]

    def write(tx: Tx) -> None:
        key = GROUPS.key_of(find_group(tx, call, name))
        for stream in STREAMS.list(tx, account=call.account, region=call.region, group=name):
            STREAMS.delete(tx, *STREAMS.key_of(stream))
        delete_events(tx, *key)
        GROUPS.delete(tx, *key)

    await call.store.write(write)
    return {}


async def describe_log_groups(call: Call, request: DescribeLogGroupsRequestTypeDef) -> Answer:
    prefix, pattern = request.get("logGroupNamePrefix", ""), request.get("logGroupNamePattern", "")
    if prefix and pattern:
        raise InvalidParameterException(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    named = [
        n if not n.startswith("arn:") else group_of_arn(call, n)
        for n in request.get("logGroupIdentifiers", [])
    ]

    def is_wanted(group: Group) -> bool:
        return (
            group.name.startswith(prefix)
            and pattern in group.name
            and (not named or group.name in named)
            and request.get("logGroupClass", group.log_class) == group.log_class
        )

    def read(tx: Tx) -> tuple[list[dict[str, Any]], str | None]:
        groups = [g for g in GROUPS.list(tx, account=call.account, region=call.region) if is_wanted(g)]
        try:
            shown, token = page(groups, request.get("nextToken"), request.get("limit", 50))
        except ValueError as error:
            raise bad_token() from error
        return [_shape(tx, group) for group in shown], token

    shown, token = await call.store.read(read)
    return {"logGroups": shown, **({"nextToken": token} if token else {})}


async def put_retention_policy(call: Call, request: PutRetentionPolicyRequestTypeDef) -> Answer:
    days = request["retentionInDays"]
    if days not in DAYS:
        raise InvalidParameterException(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(str(d) for d in DAYS)}]"
        )
    await _set_retention(call, request["logGroupName"], days)
    return {}


async def delete_retention_policy(call: Call, request: DeleteRetentionPolicyRequestTypeDef) -> Answer:
    await _set_retention(call, request["logGroupName"], None)
    return {}


async def associate_kms_key(call: Call, request: AssociateKmsKeyRequestTypeDef) -> Answer:
    await _set_key(call, request, request["kmsKeyId"])
    return {}


async def disassociate_kms_key(call: Call, request: DisassociateKmsKeyRequestTypeDef) -> Answer:
    await _set_key(call, request, "")
    return {}


async def _set_key(call: Call, request: Any, key: str) -> None:
    """Recorded: events lie in the state directory as they are."""
    named = request.get("logGroupName") or request.get("resourceIdentifier", "")
    name = group_of_arn(call, named) if named.startswith("arn:") else named

    def write(tx: Tx) -> None:
        GROUPS.update(tx, replace(find_group(tx, call, name), kms_key=key))

    await call.store.write(write)


async def _set_retention(call: Call, name: str, days: int | None) -> None:
    def write(tx: Tx) -> None:
        GROUPS.update(tx, replace(find_group(tx, call, name), retention_days=days))

    await call.store.write(write)


def _shape(tx: Tx, group: Group) -> dict[str, Any]:
    streams = STREAMS.list(tx, account=group.account, region=group.region, group=group.name)
    return {
        "logGroupName": group.name,
        "creationTime": to_ms(group.created),
        "metricFilterCount": 0,
        "arn": f"{group.arn}:*",
        "logGroupArn": group.arn,
        "logGroupClass": group.log_class,
        "storedBytes": sum(stream.stored_bytes for stream in streams),
        **({"retentionInDays": group.retention_days} if group.retention_days else {}),
        **({"kmsKeyId": group.kms_key} if group.kms_key else {}),
    }
