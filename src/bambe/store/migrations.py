"""Numbered functions that change the tables, each run once and recorded by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bambe.kernel.call import Tx


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of one service's tables; `name` is `service/0001_what` and never changes."""

    name: str
    apply: Callable[[Tx], None]


def migrate(tx: Tx, wanted: Iterable[Migration]) -> list[str]:
    """Run what is not recorded yet, in order; answer the names that ran."""
    tx.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (name TEXT PRIMARY KEY, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"
    )
    done = {name for (name,) in tx.execute("SELECT name FROM migrations").fetchall()}
    ran = []
    for migration in wanted:
        if migration.name in done:
            continue
        migration.apply(tx)
        tx.execute("INSERT INTO migrations (name) VALUES (?)", (migration.name,))
        ran.append(migration.name)
    return ran
