"""Makes wished topics be there, and writes down those that are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bambe.control import Key
from bambe.engines.brokers.port import Brokers, TopicSeen
from bambe.engines.brokers.port import Topic as WantedTopic
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import EngineError, Refused
from bambe.services.kafka import lookup, nodes
from bambe.services.kafka.model import RUNNING, Cluster, Topic, TopicStatus
from bambe.services.kafka.tables import CLUSTERS, TOPICS, topics_of

log = logging.getLogger("bambe.kafka")

SOON = timedelta(seconds=0.3)
NOW_AND_THEN = timedelta(seconds=5)
"""How often a cluster at rest is looked at: what clients do to topics sends no word."""
TOLD = timedelta(minutes=2)
"""How long DescribeTopic answers why Kafka refused what was wished of a topic; then the topic is as it is."""


class TopicReconciler:
    """One key per cluster: (account, region, id)."""

    name = "kafka.topics"

    def __init__(self, store: Store, clock: Clock, brokers: Brokers) -> None:
        self._store = store
        self._clock = clock
        self._brokers = brokers

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        if table == CLUSTERS.name:
            return (key,)
        return (key[:3],) if table == TOPICS.name else ()

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(CLUSTERS.list)
        return [CLUSTERS.key_of(row) for row in rows]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        row, settings = await self._store.read(lambda tx: lookup.wanted(tx, *key))
        if row is None or row.state not in RUNNING:
            return None
        cluster = nodes.wanted(row, settings)
        trouble: EngineError | None = None
        wishes = [one for one in await self._store.read(lambda tx: topics_of(tx, row)) if _is_wish(one)]
        for wish in wishes:
            try:
                if wish.status is TopicStatus.DELETING:
                    await self._brokers.delete_topic(cluster, wish.name)
                else:
                    said = WantedTopic(wish.name, wish.partitions, wish.replication, wish.configs)
                    await self._brokers.apply_topic(cluster, said)
            except Refused as error:
                now = self._clock.now()
                await self._store.write(partial(_refuse, wish=wish, why=str(error), now=now))
            except EngineError as error:
                trouble = trouble or error
        there = (await self._brokers.seen(cluster)).topics
        told = self._clock.now() - TOLD
        await self._store.write(lambda tx: _note(tx, row, there, wishes, told))
        if trouble is not None:
            raise trouble
        return self._clock.now() + (SOON if wishes else NOW_AND_THEN)


def _is_wish(row: Topic) -> bool:
    """Whether something is still to be done; what Kafka refuses is not tried again until it is changed."""
    return row.status is not TopicStatus.ACTIVE and not row.trouble


def _refuse(tx: Tx, wish: Topic, why: str, now: datetime) -> None:
    log.warning("%s: %s", wish.name, why)
    fresh = TOPICS.find(tx, *TOPICS.key_of(wish))
    if fresh == wish:
        TOPICS.update(tx, replace(fresh, trouble=why, refused_at=now))


def _note(
    tx: Tx, row: Cluster, there: Mapping[str, TopicSeen], wishes: Sequence[Topic], told: datetime
) -> None:
    """Topics as they are; a wish that was changed while it was carried out stays one, and so does one that
    Kafka refused after `told`."""
    done = {one.name: one for one in wishes}
    for known in topics_of(tx, row):
        seen = there.get(known.name)
        at_rest = known.status is TopicStatus.ACTIVE
        if known.trouble:
            if known.refused_at is not None and known.refused_at > told:
                continue
        elif not at_rest and known != done.get(known.name):
            continue  # wished for anew meanwhile
        given_up = at_rest or bool(known.trouble)
        if seen is None and (given_up or known.status is TopicStatus.DELETING):
            TOPICS.delete(tx, *TOPICS.key_of(known))
        elif seen is not None and (given_up or known.status is not TopicStatus.DELETING):
            fresh = _as_seen(row, seen)
            if fresh != known:
                TOPICS.update(tx, fresh)
    names = {one.name for one in topics_of(tx, row)}
    for name, seen in there.items():
        if name not in names and not seen.internal:
            TOPICS.insert(tx, _as_seen(row, seen))


def _as_seen(row: Cluster, seen: TopicSeen) -> Topic:
    return Topic(
        account=row.account,
        region=row.region,
        cluster=row.id,
        name=seen.name,
        partitions=len(seen.partitions),
        replication=seen.replication,
        configs=dict(seen.configs),
        parts=[
            {
                "Partition": one.number,
                "Leader": one.leader,
                "Replicas": list(one.replicas),
                "Isr": list(one.in_sync),
            }
            for one in seen.partitions
        ],
    )
