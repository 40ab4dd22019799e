"""What the door of sessions asks: whose token this is, and the command it stands for, begun."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bambe.engines.containers.port import Containers, Terminal
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.ecs.session import Session
from bambe.services.ecs.tables import SESSIONS


class Sessions:
    """The sessions that wait to be opened."""

    def __init__(self, store: Store, clock: Clock, containers: Containers) -> None:
        self._store = store
        self._clock = clock
        self._containers = containers

    async def claim(self, session_id: str, token: str) -> Callable[[], Awaitable[Terminal]] | None:
        """How to begin the session's command; None for a wrong, used or expired token."""
        now = self._clock.now()

        def take(tx: Tx) -> Session | None:
            for row in SESSIONS.list(tx, id=session_id):
                if row.is_opened_by(token, now):
                    SESSIONS.delete(tx, *SESSIONS.key_of(row))
                    return row
            return None

        session = await self._store.write(take)
        if session is None:
            return None
        return lambda: self._containers.execute(session.task, session.container, session.command)
