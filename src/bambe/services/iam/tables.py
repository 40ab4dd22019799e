"""The tables of IAM; it is global, so keys have no region."""

from __future__ import annotations

from bambe.kernel.call import Tx
from bambe.services.iam.model import Policy, Role
from bambe.store import Migration, Table

ROLES = Table("iam_roles", Role, ("account", "name"))
POLICIES = Table("iam_policies", Policy, ("account", "name"))


def _tables(tx: Tx) -> None:
    ROLES.create(tx)
    POLICIES.create(tx)


MIGRATIONS = (Migration("iam/0001_tables", _tables),)
