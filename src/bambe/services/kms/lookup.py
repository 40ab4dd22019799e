"""Finding keys by id, ARN and alias; and one page of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bambe.kernel.arn import Arn, is_arn
from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.pages import page
from bambe.services.kms.errors import (
    DisabledException,
    InvalidMarkerException,
    KMSInvalidStateException,
    NotFoundException,
)
from bambe.services.kms.model import Key, KeyState
from bambe.services.kms.tables import ALIASES, KEYS

Item = TypeVar("Item")
ALIAS = "alias/"


def find(tx: Tx, call: Call, said: str, *, by_alias: bool = False) -> Key:
    """The key that `said` names; NotFoundException. Few operations take an alias for it."""
    name = _named(call, said)
    if by_alias and name.startswith(ALIAS):
        alias = ALIASES.find(tx, call.account, call.region, name)
        if alias is None:
            where = Arn("kms", call.region, call.account, name)
            raise NotFoundException(f"Alias {where} is not found.")
        name = alias.key
    row = KEYS.find(tx, call.account, call.region, name)
    if row is None:
        where = Arn("kms", call.region, call.account, f"key/{name}")
        raise NotFoundException(f"Key '{where}' does not exist")
    return row


def _named(call: Call, said: str) -> str:
    if not is_arn(said):
        return said
    arn = Arn.parse(said)
    if (arn.service, arn.account, arn.region) != ("kms", call.account, call.region):
        raise NotFoundException(f"Invalid arn {said}")
    return arn.resource.removeprefix("key/")


def kept(tx: Tx, call: Call, said: str) -> Key:
    """A key that is not about to go; KMSInvalidStateException."""
    row = find(tx, call, said)
    if row.state is KeyState.PENDING_DELETION:
        raise KMSInvalidStateException(f"{row.arn} is pending deletion.")
    return row


def enabled(tx: Tx, call: Call, said: str) -> Key:
    """A key that can be used; KMSInvalidStateException, DisabledException."""
    row = kept(tx, call, said)
    if row.state is KeyState.DISABLED:
        raise DisabledException(f"{row.arn} is disabled.")
    return row


async def change(
    call: Call, request: Mapping[str, Any], get: Callable[[Tx, Call, str], Key], to: Callable[[Key], Key]
) -> Key:
    """Find the request's key with `get` and write what `to` makes of it."""

    def write(tx: Tx) -> Key:
        row = to(get(tx, call, request["KeyId"]))
        KEYS.update(tx, row)
        return row

    return await call.store.write(write)


def paged(name: str, items: list[Item], request: Mapping[str, Any], most: int = 100) -> Answer:
    """One page under `name`, as KMS's lists answer; InvalidMarkerException."""
    try:
        some, marker = page(items, request.get("Marker"), request.get("Limit") or most)
    except ValueError:
        raise InvalidMarkerException("Could not deserialize marker.") from None
    answer: Answer = {name: some, "Truncated": marker is not None}
    return answer | ({"NextMarker": marker} if marker else {})
