"""Lambda's tables."""

from __future__ import annotations

from bambe.kernel.call import Tx
from bambe.services.lambda_.model import Code, Function, Invocation
from bambe.store import Migration, Table

functions = Table("lambda_functions", Function, ("account", "region", "name"), ("code",))
codes = Table("lambda_code", Code, ("digest",))
invocations = Table("lambda_invocations", Invocation, ("account", "region", "function", "id"), ("stage",))


def drop_unused(tx: Tx, digest: str) -> None:
    """Forget a zip that no function has any more."""
    if digest and not functions.list(tx, code=digest):
        codes.delete(tx, digest)


def _create(tx: Tx) -> None:
    for table in (functions, codes, invocations):
        table.create(tx)


MIGRATIONS = (Migration("lambda/0001_tables", _create),)
