"""Keys: made, described, switched on and off, deleted after a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bambe.kernel.call import Answer, Call
from bambe.kernel.errors import NotImplementedByBambe, ValidationException
from bambe.kernel.ids import uuid_id
from bambe.services.kms import lookup, policies
from bambe.services.kms.errors import KMSInvalidStateException
from bambe.services.kms.model import LEAST_DAYS, MOST_DAYS, Key, KeyState
from bambe.services.kms.operations.tags import checked_tags
from bambe.services.kms.tables import KEYS

ONLY = {
    "KeyUsage": "ENCRYPT_DECRYPT",
    "KeySpec": "SYMMETRIC_DEFAULT",
    "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
    "Origin": "AWS_KMS",
    "MultiRegion": False,
}
"""The kind of key there is: other values of these are not here."""


async def create_key(call: Call, request: Mapping[str, Any]) -> Answer:
    for member, value in ONLY.items():
        if request.get(member, value) != value:
            raise NotImplementedByBambe(f"Bambe has no keys with {member} {request[member]}.")
    for member in ("CustomKeyStoreId", "XksKeyId"):
        if request.get(member):
            raise NotImplementedByBambe(f"Bambe has no keys with {member}.")
    said = request.get("Policy")
    row = Key(
        account=call.account,
        region=call.region,
        id=uuid_id(),
        created=call.clock.now(),
        policy=policies.checked(said) if said else policies.default(call.account),
        description=request.get("Description", ""),
        tags=checked_tags({one["TagKey"]: one["TagValue"] for one in request.get("Tags") or ()}),
    )
    await call.store.write(lambda tx: KEYS.insert(tx, row))
    return {"KeyMetadata": _shown(row)}


async def describe_key(call: Call, request: Mapping[str, Any]) -> Answer:
    row = await call.store.read(lambda tx: lookup.find(tx, call, request["KeyId"], by_alias=True))
    return {"KeyMetadata": _shown(row)}


async def list_keys(call: Call, request: Mapping[str, Any]) -> Answer:
    rows = await call.store.read(lambda tx: KEYS.list(tx, account=call.account, region=call.region))
    shown = [{"KeyId": row.id, "KeyArn": row.arn} for row in rows]
    return lookup.paged("Keys", shown, request)


async def update_key_description(call: Call, request: Mapping[str, Any]) -> Answer:
    await lookup.change(
        call, request, lookup.kept, lambda row: replace(row, description=request["Description"])
    )
    return {}


async def enable_key(call: Call, request: Mapping[str, Any]) -> Answer:
    await lookup.change(call, request, lookup.kept, lambda row: row.moved(KeyState.ENABLED))
    return {}


async def disable_key(call: Call, request: Mapping[str, Any]) -> Answer:
    await lookup.change(call, request, lookup.kept, lambda row: row.moved(KeyState.DISABLED))
    return {}


async def schedule_key_deletion(call: Call, request: Mapping[str, Any]) -> Answer:
    days = int(request.get("PendingWindowInDays") or MOST_DAYS)
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise ValidationException(
            f"PendingWindowInDays must be between {LEAST_DAYS} and {MOST_DAYS} days (inclusive)."
        )
    end = call.clock.after(timedelta(days=days))
    row = await lookup.change(
        call,
        request,
        lookup.kept,
        lambda row: row.moved(KeyState.PENDING_DELETION, end),
    )
    return {
        "KeyId": row.arn,
        "DeletionDate": end,
        "KeyState": row.state.value,
        "PendingWindowInDays": days,
    }


async def cancel_key_deletion(call: Call, request: Mapping[str, Any]) -> Answer:
    def back(row: Key) -> Key:
        if row.state is not KeyState.PENDING_DELETION:
            raise KMSInvalidStateException(f"{row.arn} is not pending deletion.")
        return row.moved(KeyState.DISABLED)

    row = await lookup.change(call, request, lookup.find, back)
    return {"KeyId": row.arn}


def _shown(row: Key) -> Answer:
    return {
        "AWSAccountId": row.account,
        "KeyId": row.id,
        "Arn": row.arn,
        "CreationDate": row.created,
        "Enabled": row.state is KeyState.ENABLED,
        "Description": row.description,
        "KeyState": row.state.value,
        "KeyManager": "CUSTOMER",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        **ONLY,
        **({"DeletionDate": row.delete_at} if row.delete_at else {}),
    }
