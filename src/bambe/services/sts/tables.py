"""The table of sessions, by access key."""

from __future__ import annotations

from datetime import datetime

from bambe.kernel.call import Tx
from bambe.services.sts.model import Session
from bambe.store import Migration, Table

SESSIONS = Table("sts_sessions", Session, ("access_key",))

MIGRATIONS = (Migration("sts/0001_tables", SESSIONS.create),)


def drop_expired(tx: Tx, now: datetime) -> None:
    """Forget the sessions that have run out."""
    for session in SESSIONS.list(tx):
        if session.expiration <= now:
            SESSIONS.delete(tx, session.access_key)
