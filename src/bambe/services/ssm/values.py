"""Values on their way out of the store."""

from __future__ import annotations

from bambe.kernel.call import Answer, Call
from bambe.services.ssm.model import SECURE, Version, arn, place
from bambe.store.sealing import seal, unseal


def sealed(call: Call, name: str, version: int, value: str) -> str:
    """A value as it is stored."""
    return seal(call.site.state, place(call.account, call.region, name, version), value.encode())


def value(call: Call, row: Version, decrypt: bool) -> str:
    """The value as the caller gets it: a SecureString's ciphertext unless decryption was asked for."""
    if row.type == SECURE and not decrypt:
        return row.sealed
    return unseal(call.site.state, place(row.account, row.region, row.name, row.version), row.sealed).decode()


def shown(call: Call, row: Version, decrypt: bool, selector: str = "") -> Answer:
    """AWS's structure Parameter."""
    return {
        "Name": row.name,
        "Type": row.type,
        "Value": value(call, row, decrypt),
        "Version": row.version,
        "LastModifiedDate": row.modified_at,
        "ARN": arn(row.account, row.region, row.name),
        "DataType": row.data_type,
        **({"Selector": f":{selector}"} if selector else {}),
    }
