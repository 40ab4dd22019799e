"""The table of certificates."""

from __future__ import annotations

from bambe.services.acm.model import Certificate
from bambe.store import Migration, Table

CERTIFICATES = Table("acm_certificates", Certificate, ("account", "region", "id"))

MIGRATIONS = (Migration("acm/0001_tables", CERTIFICATES.create),)
