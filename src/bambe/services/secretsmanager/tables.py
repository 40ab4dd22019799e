"""The tables of Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterable

from bambe.kernel.call import Tx
from bambe.services.secretsmanager.model import Secret, Version
from bambe.store import Migration, Table

SECRETS = Table("secretsmanager_secrets", Secret, ("account", "region", "name"))
VERSIONS = Table("secretsmanager_versions", Version, ("account", "region", "name", "id"))


def _tables(tx: Tx) -> None:
    SECRETS.create(tx)
    VERSIONS.create(tx)


MIGRATIONS = (Migration("secretsmanager/0001_tables", _tables),)


def versions(tx: Tx, row: Secret) -> list[Version]:
    """All versions of a secret, oldest first."""
    found = VERSIONS.list(tx, account=row.account, region=row.region, name=row.name)
    return sorted(found, key=lambda version: version.created_at)


def update_all(tx: Tx, rows: Iterable[Version]) -> None:
    """Write the versions as they are now."""
    for row in rows:
        VERSIONS.update(tx, row)


def delete(tx: Tx, row: Secret) -> None:
    """Remove a secret with all its values."""
    for version in versions(tx, row):
        VERSIONS.delete(tx, *VERSIONS.key_of(version))
    SECRETS.delete(tx, *SECRETS.key_of(row))
