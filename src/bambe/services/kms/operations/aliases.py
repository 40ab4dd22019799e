"""Aliases: names that stand for keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.arn import Arn
from bambe.kernel.call import Answer, Call, Tx
from bambe.services.kms import lookup
from bambe.services.kms.errors import (
    AlreadyExistsException,
    InvalidAliasNameException,
    NotFoundException,
)
from bambe.services.kms.model import Alias
from bambe.services.kms.tables import ALIASES, aliases_of

NAME = re.compile(r"alias/[a-zA-Z0-9/_-]+")
AWSS_OWN = "alias/aws/"


async def create_alias(call: Call, request: Mapping[str, Any]) -> Answer:
    name, now = request["AliasName"], call.clock.now()
    if not NAME.fullmatch(name) or name.startswith(AWSS_OWN):
        raise InvalidAliasNameException(
            f'Alias must start with the prefix "{lookup.ALIAS}", not "{AWSS_OWN}", and have a name after it.'
        )

    def create(tx: Tx) -> None:
        key = lookup.kept(tx, call, request["TargetKeyId"])
        row = Alias(account=call.account, region=call.region, name=name, key=key.id, created=now, changed=now)
        if ALIASES.find(tx, *ALIASES.key_of(row)) is not None:
            raise AlreadyExistsException(f"An alias with the name {row.arn} already exists")
        ALIASES.insert(tx, row)

    await call.store.write(create)
    return {}


async def update_alias(call: Call, request: Mapping[str, Any]) -> Answer:
    def update(tx: Tx) -> None:
        row = _get(tx, call, request["AliasName"])
        key = lookup.kept(tx, call, request["TargetKeyId"])
        ALIASES.update(tx, replace(row, key=key.id, changed=call.clock.now()))

    await call.store.write(update)
    return {}


async def delete_alias(call: Call, request: Mapping[str, Any]) -> Answer:
    def remove(tx: Tx) -> None:
        ALIASES.delete(tx, *ALIASES.key_of(_get(tx, call, request["AliasName"])))

    await call.store.write(remove)
    return {}


async def list_aliases(call: Call, request: Mapping[str, Any]) -> Answer:
    def find(tx: Tx) -> list[Alias]:
        if request.get("KeyId"):
            return aliases_of(tx, lookup.find(tx, call, request["KeyId"]))
        return ALIASES.list(tx, account=call.account, region=call.region)

    shown = [
        {
            "AliasName": row.name,
            "AliasArn": row.arn,
            "TargetKeyId": row.key,
            "CreationDate": row.created,
            "LastUpdatedDate": row.changed,
        }
        for row in await call.store.read(find)
    ]
    return lookup.paged("Aliases", shown, request, 50)


def _get(tx: Tx, call: Call, name: str) -> Alias:
    row = ALIASES.find(tx, call.account, call.region, name)
    if row is None:
        raise NotFoundException(f"Alias {Arn('kms', call.region, call.account, name)} is not found.")
    return row
