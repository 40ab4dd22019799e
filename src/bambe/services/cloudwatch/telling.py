"""The loop that tells topics what alarms have to say, and writes into their history how that went."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from bambe.control import Key
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import AwsError
from bambe.services.cloudwatch import moves
from bambe.services.cloudwatch.tables import NOTICES


class Notices:
    """One message to one topic per key."""

    name = "cloudwatch.notices"

    def __init__(self, store: Store, clock: Clock, aws: Aws) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return (key,) if table == NOTICES.name else ()

    async def keys(self) -> Iterable[Key]:
        return [NOTICES.key_of(row) for row in await self._store.read(NOTICES.list)]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        row = await self._store.read(lambda tx: NOTICES.find(tx, *key))
        if row is None:
            return None
        sns, error = self._aws.within(row.account, row.region).sns, ""
        try:
            await sns.publish(TopicArn=row.topic, Subject=row.subject, Message=row.message)
        except AwsError as problem:
            error = problem.message or problem.wire_code()
        now = self._clock.now()

        def write(tx: Tx) -> None:
            if NOTICES.delete(tx, *key):
                moves.note_action(tx, row, now, error)

        await self._store.write(write)
        return None
