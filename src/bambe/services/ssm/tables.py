"""The tables of Parameter Store."""

from __future__ import annotations

from bambe.kernel.call import Tx
from bambe.services.ssm.model import Parameter, Version
from bambe.store import Migration, Table

PARAMETERS = Table("ssm_parameters", Parameter, ("account", "region", "name"))
VERSIONS = Table("ssm_parameter_versions", Version, ("account", "region", "name", "version"))


def _tables(tx: Tx) -> None:
    PARAMETERS.create(tx)
    VERSIONS.create(tx)


MIGRATIONS = (Migration("ssm/0001_tables", _tables),)


def versions(tx: Tx, row: Parameter) -> list[Version]:
    """All versions of a parameter, oldest first."""
    return VERSIONS.list(tx, account=row.account, region=row.region, name=row.name)


def latest(tx: Tx, row: Parameter) -> Version:
    """The version that counts."""
    return VERSIONS.get(tx, row.account, row.region, row.name, row.version)


def delete(tx: Tx, row: Parameter) -> None:
    """Remove a parameter with its history."""
    for version in versions(tx, row):
        VERSIONS.delete(tx, *VERSIONS.key_of(version))
    PARAMETERS.delete(tx, *PARAMETERS.key_of(row))
