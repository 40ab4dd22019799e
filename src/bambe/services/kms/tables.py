"""The tables of KMS."""

from __future__ import annotations

from bambe.kernel.call import Tx
from bambe.services.kms.model import Alias, Key
from bambe.store import Migration, Table

KEYS = Table("kms_keys", Key, ("account", "region", "id"))
ALIASES = Table("kms_aliases", Alias, ("account", "region", "name"))


def _tables(tx: Tx) -> None:
    KEYS.create(tx)
    ALIASES.create(tx)


MIGRATIONS = (Migration("kms/0001_tables", _tables),)


def aliases_of(tx: Tx, row: Key) -> list[Alias]:
    """The names that stand for a key."""
    found = ALIASES.list(tx, account=row.account, region=row.region)
    return [one for one in found if one.key == row.id]


def delete(tx: Tx, row: Key) -> None:
    """Remove a key and its aliases."""
    for alias in aliases_of(tx, row):
        ALIASES.delete(tx, *ALIASES.key_of(alias))
    KEYS.delete(tx, *KEYS.key_of(row))
