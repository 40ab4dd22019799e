"""What we remember: SQLite, one writer, migrations, a change feed."""

from bambe.store.database import Database
from bambe.store.migrations import Migration
from bambe.store.table import RowNotFound, Table

__all__ = ["Database", "Migration", "RowNotFound", "Table"]
