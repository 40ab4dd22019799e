"""The loop that publishes what triggers have to say."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from bambe.control import Key
from bambe.kernel.call import Aws, Store
from bambe.kernel.errors import AwsError
from bambe.services.codedeploy.tables import notices

log = logging.getLogger("bambe.codedeploy")


class Notices:
    """One message to one topic per key. A topic that is gone stops no deployment, and no other message."""

    name = "codedeploy.notices"

    def __init__(self, store: Store, aws: Aws) -> None:
        self._store = store
        self._aws = aws

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return (key,) if table == notices.name else ()

    async def keys(self) -> Iterable[Key]:
        return [notices.key_of(row) for row in await self._store.read(notices.list)]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        row = await self._store.read(lambda tx: notices.find(tx, *key))
        if row is None:
            return None
        try:
            await self._aws.within(row.account, row.region).sns.publish(
                TopicArn=row.topic, Subject=row.subject, Message=row.message
            )
        except AwsError as error:
            log.warning("deployment %s cannot tell %s: %s", row.deployment, row.topic, error.message)
        await self._store.write(lambda tx: notices.delete(tx, *key))
        return None
