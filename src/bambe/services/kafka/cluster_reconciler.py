"""Makes clusters run as they are wished to.

A pass may take as long as a broker needs to hand over its partitions: passes of other clusters go on beside.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bambe.control import Key
from bambe.engines.brokers.port import Brokers
from bambe.engines.containers.port import Containers
from bambe.engines.dns.port import Dns, Zones
from bambe.engines.images.port import Images
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import AwsError, EngineError, Unavailable
from bambe.kernel.ids import digest_id
from bambe.services.kafka import lookup, nodes, planner, users
from bambe.services.kafka.model import (
    RUNNING,
    Cluster,
    Operation,
    OperationState,
    State,
)
from bambe.services.kafka.planner import Action, Seen, Wish
from bambe.services.kafka.tables import CLUSTERS, OPERATIONS, forget

log = logging.getLogger("bambe.kafka")

SOON = timedelta(seconds=0.3)
NOW_AND_THEN = timedelta(seconds=5)
"""How often a cluster at rest is looked at: secrets send no word when they change."""
AUTHORITY = "/bambe/kafka/{}/ca"
"""The parameter that holds a cluster's certificate authority, for clients of its TLS listeners."""


class ClusterReconciler:
    """One key per cluster: (account, region, id)."""

    name = "kafka.cluster"

    def __init__(
        self,
        store: Store,
        clock: Clock,
        aws: Aws,
        containers: Containers,
        brokers: Brokers,
        images: Images,
        dns: Dns,
    ) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._containers = containers
        self._brokers = brokers
        self._images = images
        self._dns = dns
        self._image: dict[str, str] = {}

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return (key,) if table == CLUSTERS.name else ()

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(CLUSTERS.list)
        return [CLUSTERS.key_of(row) for row in rows]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        """A node that ends is started again at once."""
        async for task in self._containers.events():
            for row in await self._store.read(CLUSTERS.list):
                if task in {nodes.task_id(row, number) for number in nodes.numbers(row)}:
                    wake(CLUSTERS.key_of(row))

    async def failed(self, key: Key, error: Exception) -> None:
        """Why a cluster is not there yet is shown with it."""
        why = f"{error}"[:500]

        def note(tx: Tx) -> None:
            row = CLUSTERS.find(tx, *key)
            if row is not None and row.state is State.CREATING and row.state_message != why:
                CLUSTERS.update(tx, replace(row, state_code="CREATING", state_message=why))

        await self._store.write(note)

    async def reconcile(self, key: Key) -> datetime | None:
        row, settings = await self._store.read(lambda tx: lookup.wanted(tx, *key))
        if row is None:
            return None
        row = await self._see_addresses(row)
        seen = await self._observe(row, settings)
        wish = await self._wish(row, settings)
        now = self._clock.now()
        actions = planner.plan(wish, seen, now)
        for action in actions:
            try:
                await self._apply(row, settings, wish, action)
            except EngineError as error:
                if not isinstance(action, planner.Fetch | planner.Start) or not wish.is_late(now):
                    raise
                await self._give_up(row, str(error))
        if actions:
            return self._clock.now() + SOON
        if row.state in RUNNING:
            await self._let_in(row, settings)
        resting = row.state in (State.ACTIVE, State.FAILED)
        again = planner.look_again(wish, now)
        return again or self._clock.now() + (NOW_AND_THEN if resting else SOON)

    async def _wish(self, row: Cluster, settings: Mapping[str, str]) -> Wish:
        operation = await self._store.read(lambda tx: _operation(tx, row))
        return Wish(
            row.state,
            nodes.generations(row, settings),
            row.crashes,
            row.retry_at,
            row.fail_after,
            operation is not None and operation.is_given_up,
        )

    async def _see_addresses(self, row: Cluster) -> Cluster:
        """The row with the addresses its nodes have now; their names lead there."""
        found = nodes.addresses(row, await self._containers.list_tasks())

        def note(tx: Tx) -> Cluster:
            fresh = CLUSTERS.find(tx, *CLUSTERS.key_of(row)) or row
            if fresh.addresses == found:
                return fresh
            changed = replace(fresh, addresses=found)
            CLUSTERS.update(tx, changed)
            return changed

        row = await self._store.write(note) if found != row.addresses else row
        await self._name()
        return row

    async def _name(self) -> None:
        rows = await self._store.read(CLUSTERS.list)
        hosts = {
            row.node_name(int(number)): (address,)
            for row in rows
            for number, address in row.addresses.items()
        }
        await self._dns.apply("kafka", Zones(hosts=hosts))

    async def _observe(self, row: Cluster, settings: Mapping[str, str]) -> Seen:
        tasks = await self._containers.list_tasks()
        there = nodes.seen(row, tasks)
        up: frozenset[int] = frozenset()
        short = 0
        if any(node.runs for number, node in there.items() if number) and row.state is not State.DELETING:
            try:
                up, short = await nodes.up(self._brokers, nodes.wanted(row, settings))
            except EngineError as error:
                log.debug("%s: %s", row.name, error)
        return Seen(row.apache in self._image, there, up, short)

    async def _apply(self, row: Cluster, settings: Mapping[str, str], wish: Wish, action: Action) -> None:
        match action:
            case planner.Fetch():
                self._image[row.apache] = await self._images.ensure_kafka(row.apache, _say)
            case planner.Start(node=number):
                await self._start(row, settings, number, wish.nodes[number])
                if wish.is_changed:
                    limit = self._clock.now() + lookup.COMES_UP
                    await self._change(row, lambda fresh: replace(fresh, fail_after=limit))
            case planner.Stop(node=number):
                await self._containers.stop_task(nodes.task_id(row, number))
                await self._containers.remove_task(nodes.task_id(row, number))
            case planner.Crashed(count=count, retry_at=at, why=why):
                log.warning("%s: %s", row.name, why)
                await self._change(row, lambda fresh: replace(fresh, crashes=count, retry_at=at))
            case planner.Settle():
                await self._settle(row, settings)
            case planner.Fail(why=why):
                await self._give_up(row, why)
            case planner.Forget():
                await self._forget(row)

    async def _start(self, row: Cluster, settings: Mapping[str, str], number: int, generation: str) -> None:
        """First the node's address, which its certificate and its listeners name; then its process."""
        image = self._image[row.apache]
        bare = nodes.spec(row, number, generation, image, None)
        await self._containers.start_task(bare, ())
        row = await self._see_addresses(row)
        wanted = nodes.wanted(row, settings)
        node = next(one for one in wanted.nodes if one.number == number)
        if not node.address:
            raise Unavailable(f"{node.name} has no address yet.")
        process = await self._brokers.prepare(wanted, node)
        await self._containers.start_task(nodes.spec(row, number, generation, image, process))

    async def _settle(self, row: Cluster, settings: Mapping[str, str]) -> None:
        """All is as asked for: say so, and let the next change come."""
        await self._brokers.finalize(nodes.wanted(row, settings))
        await self._let_in(row, settings)
        authority = await self._brokers.authority(row.id)
        aws = self._aws.within(row.account, row.region)
        name = AUTHORITY.format(row.name)
        await aws.ssm.put_parameter(Name=name, Value=authority, Type="String", Overwrite=True)
        now = self._clock.now()

        def settle(tx: Tx) -> None:
            fresh = CLUSTERS.find(tx, *CLUSTERS.key_of(row))
            if fresh is None or fresh.state is State.DELETING or fresh.operation != row.operation:
                return
            version = fresh.current_version if fresh.state is State.CREATING else lookup.new_version()
            if fresh.state is State.ACTIVE:
                version = fresh.current_version
            CLUSTERS.update(
                tx,
                fresh.moved(
                    State.ACTIVE,
                    state_code="",
                    state_message="",
                    current_version=version,
                    crashes=0,
                    retry_at=None,
                    fail_after=None,
                ),
            )
            operation = _operation(tx, fresh)
            failed = operation is not None and operation.is_given_up
            _end(tx, operation, OperationState.FAILED if failed else OperationState.COMPLETE, now)

        await self._store.write(settle)

    async def _give_up(self, row: Cluster, why: str) -> None:
        """A new cluster has failed. A changed one goes back to what it was, and is UPDATING until it is that;
        where it cannot be that either, its nodes are tried on and on, and it is open to other changes."""
        why = f"{why} What they said is in the log group {nodes.LOG_GROUP.format(row.name)}."
        log.warning("%s: %s", row.name, why)
        now = self._clock.now()

        def give_up(tx: Tx) -> None:
            fresh, operation = CLUSTERS.find(tx, *CLUSTERS.key_of(row)), _operation(tx, row)
            if fresh is None or fresh.operation != row.operation or fresh.state is State.DELETING:
                return
            if fresh.state is State.CREATING:
                CLUSTERS.update(tx, fresh.moved(State.FAILED, state_code="FAILED", state_message=why))
            elif operation is None or operation.is_given_up:
                said = f"{operation.error} Nor do they as they were: {why}" if operation else why
                CLUSTERS.update(tx, fresh.moved(State.ACTIVE, fail_after=None))
                _end(tx, operation, OperationState.FAILED, now, said)
            else:
                former = replace(fresh, **operation.former)
                limit = now + lookup.COMES_UP
                CLUSTERS.update(tx, replace(former, crashes=0, retry_at=None, fail_after=limit))
                OPERATIONS.update(tx, replace(operation, error=why))

        await self._store.write(give_up)

    async def _let_in(self, row: Cluster, settings: Mapping[str, str]) -> None:
        """Exactly the users whose secrets are associated, with the passwords these have now; nobody once the
        cluster knows no users any more. Whose secret cannot be read now stays as he is."""
        aws = self._aws.within(row.account, row.region)
        names, passwords = await users.admitted(aws, row) if row.access.scram else ({}, {})
        if names is None:
            return
        kept = sorted(set(names.values()) - set(passwords))
        pairs = (f"{name}\x1f{password}" for name, password in sorted(passwords.items()))
        said = digest_id("users", *pairs, *kept) if row.access.scram else ""
        if said != row.users_said:
            await self._brokers.apply_users(nodes.wanted(row, settings), passwords, kept)
        if (said, names) != (row.users_said, row.users):
            await self._change(row, lambda fresh: replace(fresh, users_said=said, users=names))

    async def _forget(self, row: Cluster) -> None:
        for number in nodes.numbers(row):
            await self._containers.remove_task(nodes.task_id(row, number))
        await self._brokers.remove(row.id)
        aws = self._aws.within(row.account, row.region)
        try:
            await aws.ssm.delete_parameter(Name=AUTHORITY.format(row.name))
        except AwsError as error:
            if error.wire_code() != "ParameterNotFound":
                raise
        await self._store.write(lambda tx: forget(tx, row))
        await self._name()

    async def _change(self, row: Cluster, change: Callable[[Cluster], Cluster]) -> None:
        def write(tx: Tx) -> None:
            fresh = CLUSTERS.find(tx, *CLUSTERS.key_of(row))
            if fresh is not None:
                CLUSTERS.update(tx, change(fresh))

        await self._store.write(write)


def _operation(tx: Tx, row: Cluster) -> Operation | None:
    return OPERATIONS.find(tx, row.account, row.region, row.id, row.operation) if row.operation else None


def _end(tx: Tx, row: Operation | None, state: OperationState, now: datetime, error: str = "") -> None:
    if row is not None and row.ended is None:
        OPERATIONS.update(tx, replace(row, state=state, ended=now, error=error or row.error))


def _say(line: str) -> None:
    log.info("%s", line)
