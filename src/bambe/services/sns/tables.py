"""The tables of SNS."""

from __future__ import annotations

from bambe.kernel.call import Tx
from bambe.services.sns.model import Delivery, Subscription, Topic
from bambe.store import Migration, Table

TOPICS = Table("sns_topics", Topic, ("account", "region", "name"))
SUBSCRIPTIONS = Table("sns_subscriptions", Subscription, ("account", "region", "topic", "id"))
DELIVERIES = Table("sns_deliveries", Delivery, ("account", "region", "id"), ("subscription",))


def _tables(tx: Tx) -> None:
    for table in (TOPICS, SUBSCRIPTIONS, DELIVERIES):
        table.create(tx)


MIGRATIONS = (Migration("sns/0001_tables", _tables),)


def subscriptions_of(tx: Tx, topic: Topic) -> list[Subscription]:
    """A topic's subscriptions."""
    return SUBSCRIPTIONS.list(tx, account=topic.account, region=topic.region, topic=topic.name)


def forget(tx: Tx, row: Subscription) -> None:
    """Remove a subscription and what is on its way to it."""
    SUBSCRIPTIONS.delete(tx, *SUBSCRIPTIONS.key_of(row))
    for delivery in DELIVERIES.list(tx, subscription=row.id):
        DELIVERIES.delete(tx, *DELIVERIES.key_of(delivery))
