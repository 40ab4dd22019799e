"""A configuration's server.properties: read, and checked; pure."""

from __future__ import annotations

import re

NAME = re.compile(r"^[a-z][a-zA-Z0-9.]*$")
SUPPORTED = frozenset(
    [
        "allow.everyone.if.no.acl.found",
        "auto.create.topics.enable",
        "compression.type",
        "connections.max.idle.ms",
        "default.replication.factor",
        "delete.topic.enable",
        "group.initial.rebalance.delay.ms",
        "group.max.session.timeout.ms",
        "group.min.session.timeout.ms",
        "leader.imbalance.per.broker.percentage",
        "log.cleaner.delete.retention.ms",
        "log.cleaner.min.cleanable.ratio",
        "log.cleanup.policy",
        "log.flush.interval.messages",
        "log.flush.interval.ms",
        "log.message.timestamp.difference.max.ms",
        "log.message.timestamp.type",
        "log.retention.bytes",
        "log.retention.hours",
        "log.retention.minutes",
        "log.retention.ms",
        "log.roll.ms",
        "log.segment.bytes",
        "max.incremental.fetch.session.cache.slots",
        "message.max.bytes",
        "min.insync.replicas",
        "num.io.threads",
        "num.network.threads",
        "num.partitions",
        "num.recovery.threads.per.data.dir",
        "num.replica.fetchers",
        "offsets.retention.minutes",
        "offsets.topic.replication.factor",
        "replica.fetch.max.bytes",
        "replica.fetch.response.max.bytes",
        "replica.lag.time.max.ms",
        "replica.selector.class",
        "replica.socket.receive.buffer.bytes",
        "socket.receive.buffer.bytes",
        "socket.request.max.bytes",
        "socket.send.buffer.bytes",
        "transaction.max.timeout.ms",
        "transaction.state.log.min.isr",
        "transaction.state.log.replication.factor",
        "transactional.id.expiration.ms",
        "unclean.leader.election.enable",
        "zookeeper.connection.timeout.ms",
        "zookeeper.session.timeout.ms",
    ]
)
"""What a configuration may set (MSK: Custom Amazon MSK configurations)."""
RANGES = {"replica.lag.time.max.ms": (10_000, 30_000), "zookeeper.session.timeout.ms": (6_000, 18_000)}
"""Lowest and highest values, from the same page."""
ACLS_ALONE = "allow.everyone.if.no.acl.found"


class BadProperties(ValueError):
    """They cannot be used; the message says which."""


def parse(text: str) -> dict[str, str]:
    """Name -> value; `BadProperties` for what is no property."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith(("#", "!")):
            continue
        name, equals, value = line.partition("=")
        name = name.strip()
        if not equals or not NAME.match(name):
            raise BadProperties(f"{line!r} is no property: write name=value")
        found[name] = value.strip()
    return found


def check(text: str) -> None:
    """`BadProperties` also for what MSK does not let a configuration set."""
    for name, value in parse(text).items():
        if name not in SUPPORTED:
            raise BadProperties(f"{name} is not supported in a configuration")
        low, high = RANGES.get(name, (0, 0))
        if high and not (value.isdecimal() and low <= int(value) <= high):
            raise BadProperties(f"{name} is {value}, and must be between {low} and {high}")


def let_everyone(settings: dict[str, str]) -> bool:
    """Whether clients may do what no ACL speaks of."""
    return settings.get(ACLS_ALONE, "true").lower() != "false"
