"""What to do next for a cluster's nodes: pure, from what is wished, what runs, and the time.

ZooKeeper before brokers; all brokers at once when they are missing; one at a time, and only while every
partition has all its replicas, when they are to be begun anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bambe.services.kafka.model import ZOOKEEPER, State

CRASHES = 6
"""Nodes that end by themselves while a cluster is created or changed, before that has failed."""
FIRST_DELAY, LAST_DELAY = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class Wish:
    """`nodes`: number -> generation, a digest of all that its process is started with. `fail_after`: when a
    change is given up; `is_given_up`: it was, and this is how the cluster was before."""

    state: State
    nodes: Mapping[int, str]
    crashes: int = 0
    retry_at: datetime | None = None
    fail_after: datetime | None = None
    is_given_up: bool = False

    @property
    def is_changed(self) -> bool:
        return self.state in (State.UPDATING, State.REBOOTING_BROKER)

    def is_late(self, now: datetime) -> bool:
        """Whether a change has taken too long."""
        return self.is_changed and self.fail_after is not None and now >= self.fail_after


@dataclass(frozen=True, slots=True)
class Node:
    """A node's task as it is; `reason` says how it ended."""

    generation: str
    runs: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """`image`: Kafka's image is on this machine. `up`: brokers that are in the cluster; `short`: partitions
    that lack a replica."""

    image: bool = False
    nodes: Mapping[int, Node] = field(default_factory=dict)
    up: frozenset[int] = frozenset()
    short: int = 0


@dataclass(frozen=True, slots=True)
class Fetch:
    """Have the image."""

    why: str


@dataclass(frozen=True, slots=True)
class Start:
    node: int
    why: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End a node's process, as it likes to be ended, and remove its task."""

    node: int
    why: str


@dataclass(frozen=True, slots=True)
class Crashed:
    """Nodes ended by themselves: wait until `retry_at`."""

    count: int
    retry_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Settle:
    """All is as wished: the cluster is ACTIVE."""

    why: str


@dataclass(frozen=True, slots=True)
class Fail:
    """A new cluster has failed; a change of one is given up."""

    why: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Nothing is left of it: remove its data and rows."""

    why: str


Action = Fetch | Start | Stop | Crashed | Settle | Fail | Forget


def plan(wish: Wish, seen: Seen, now: datetime) -> tuple[Action, ...]:
    """The next steps; nothing while there is only to wait."""
    if wish.state in (State.DELETING, State.FAILED):
        stops = tuple(Stop(number, "the cluster ends") for number in seen.nodes)
        return stops or ((Forget("nothing of it runs"),) if wish.state is State.DELETING else ())
    if not seen.image:
        return (Fetch("Kafka's image is not here"),)
    strays = tuple(Stop(number, "it is not wanted") for number in seen.nodes if number not in wish.nodes)
    if strays:
        return strays
    ended = {number: node for number, node in seen.nodes.items() if not node.runs}
    if ended:
        return (*_crashes(wish, ended, now), *(Stop(number, "it has ended") for number in ended))
    if wish.retry_at is not None and now < wish.retry_at:
        return ()
    missing = [number for number in wish.nodes if number not in seen.nodes]
    if ZOOKEEPER in missing:
        return (Start(ZOOKEEPER, "brokers need it"),)
    if missing:
        return tuple(Start(number, "it does not run") for number in missing)
    return _renew(wish, seen, now)


def look_again(wish: Wish, now: datetime) -> datetime | None:
    """When time alone changes the plan."""
    return wish.retry_at if wish.retry_at is not None and wish.retry_at > now else None


def _crashes(wish: Wish, ended: Mapping[int, Node], now: datetime) -> tuple[Action, ...]:
    """What follows from nodes that ended by themselves; those of an old generation were going to end."""
    gone = [node for number, node in ended.items() if node.generation == wish.nodes.get(number)]
    if not gone:
        return ()
    count = wish.crashes + 1
    why = gone[0].reason or "a node ended"
    if count >= CRASHES and (wish.state is State.CREATING or wish.is_changed):
        return (Fail(f"The brokers do not start: {why}."),)
    delay = min(LAST_DELAY, FIRST_DELAY * 2 ** min(wish.crashes, 10))
    return (Crashed(count, now + timedelta(seconds=delay), why),)


def _renew(wish: Wish, seen: Seen, now: datetime) -> tuple[Action, ...]:
    brokers = {number for number in wish.nodes if number != ZOOKEEPER}
    whole = seen.up >= brokers
    old = _outdated(wish, seen)
    lost = [number for number in old if number in brokers and number not in seen.up]
    if lost and (seen.up or wish.is_given_up):
        return (Stop(lost[0], "it is to begin anew, and is not in the cluster"),)
    if not whole and wish.is_late(now):
        missing = ", ".join(str(number) for number in sorted(brokers - seen.up))
        return (Fail(f"The brokers do not come up: {missing} of {len(brokers)} not in the cluster."),)
    if old:
        spared = not seen.short and whole
        return (Stop(old[0], "it is to begin anew"),) if spared or len(brokers) == 1 else ()
    if whole and (wish.state is not State.ACTIVE or wish.crashes):
        return (Settle("all brokers are in the cluster"),)
    return ()


def _outdated(wish: Wish, seen: Seen) -> Sequence[int]:
    return sorted(number for number, node in seen.nodes.items() if node.generation != wish.nodes[number])
