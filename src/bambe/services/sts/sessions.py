"""Finding a session by its access key, for the edge's signature check."""

from __future__ import annotations

from bambe.kernel.call import Store
from bambe.services.sts.model import Session
from bambe.services.sts.tables import SESSIONS

TEMPORARY = "ASIA"
"""Temporary access keys begin with these letters (IAM: unique identifiers)."""


async def find_session(store: Store, access_key: str) -> Session | None:
    """The session of `access_key`, expired or not, or None."""
    if not access_key.startswith(TEMPORARY):
        return None
    return await store.read(lambda tx: SESSIONS.find(tx, access_key))
