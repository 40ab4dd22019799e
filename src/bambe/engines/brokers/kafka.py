"""`Brokers` with Apache Kafka.

<state>/kafka/<cluster>/
  authority/     ca.pem, ca.key (never mounted)
  engine/        cert.pem, key.pem of the engine itself
  voters.json    the controllers it began with (KRaft)
  node-<n>/      files    what the process reads: mounted read-only
                 data     what it keeps
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import ssl
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from bambe.engines.brokers import features
from bambe.engines.brokers.beside import THREADS, Beside, Keep, Users, Where
from bambe.engines.brokers.client import Client, Interrupted
from bambe.engines.brokers.files import authority_certificate, write
from bambe.engines.brokers.port import (
    INTERNAL_PORT,
    ZOOKEEPER_PORT,
    Cluster,
    ClusterSeen,
    Node,
    Process,
    Topic,
)
from bambe.engines.brokers.settings import (
    DATA,
    FILES,
    PRINCIPAL,
    brokers,
    first_voters,
    render,
    server_properties,
    zookeeper_properties,
)
from bambe.engines.brokers.starting import COMMAND, ENVIRONMENT, logging_file, memory_of, start_script
from bambe.engines.brokers.versions import on_zookeeper
from bambe.engines.brokers.zookeeper import Keeper
from bambe.kernel.clock import Clock, SystemClock
from bambe.kernel.errors import Conflict, NotThere, Refused, Unavailable

T = TypeVar("T")


class KafkaBrokers:
    """Implements engines.brokers.port.Brokers with files below `<state>/kafka/`."""

    def __init__(self, state: Path, clock: Clock | None = None) -> None:
        self._root = state.absolute() / "kafka"
        self._clock = clock or SystemClock()
        self._preparing = asyncio.Lock()
        self._beside = Beside()
        self._known: set[str] = set()
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._users: dict[str, Mapping[str, str]] = {}

    async def prepare(self, cluster: Cluster, node: Node) -> Process:
        if not node.address:
            raise Unavailable(f"{node.name} has no address yet.")
        async with self._preparing:
            await asyncio.to_thread(self._write, cluster, node)
        folder = self._node(cluster.id, node)
        return Process(
            command=COMMAND,
            environment=dict(ENVIRONMENT),
            mounts=((str(folder / "files"), FILES, True), (str(folder / "data"), DATA, False)),
            memory=memory_of(cluster, node),
            user=f"{os.getuid()}:{os.getgid()}",
        )

    async def remove(self, cluster_id: str) -> None:
        await self._let_go(cluster_id)
        if threads := self._threads.pop(cluster_id, None):
            threads.shutdown(wait=False)
        self._users.pop(cluster_id, None)
        if self._folder(cluster_id).exists():
            await asyncio.to_thread(shutil.rmtree, self._folder(cluster_id))

    async def authority(self, cluster_id: str) -> str:
        certificate = self._certificate(cluster_id)
        if not certificate.exists():
            raise NotThere(f"The cluster {cluster_id} has no certificate authority yet.")
        return certificate.read_text()

    async def seen(self, cluster: Cluster) -> ClusterSeen:
        return await self._ask(cluster, lambda client: client.seen())

    async def apply_topic(self, cluster: Cluster, topic: Topic) -> None:
        count = len(brokers(cluster))
        if topic.replication > count:
            raise Refused(
                f"A replication factor of {topic.replication} needs as many brokers; there are {count}."
            )
        await self._ask(cluster, lambda client: client.apply_topic(topic))

    async def delete_topic(self, cluster: Cluster, name: str) -> None:
        await self._ask(cluster, lambda client: client.delete_topic(name))

    async def finalize(self, cluster: Cluster) -> None:
        if on_zookeeper(cluster.version):
            return
        access = await asyncio.to_thread(self._access, cluster)
        address = brokers(cluster)[0].address
        found = await features.features(address, INTERNAL_PORT, access)
        if found.lacking:  # what another broker does not support, the controller refuses
            await features.finalize(address, INTERNAL_PORT, access, found.lacking)

    async def apply_users(
        self, cluster: Cluster, users: Mapping[str, str], kept: Collection[str] = ()
    ) -> None:
        await self._ask(cluster, lambda client: client.guard(cluster.scram))
        # By this name brokers know each other, whichever way it is proved.
        users = {name: password for name, password in users.items() if name != PRINCIPAL}
        if on_zookeeper(cluster.version):
            if kept or self._users.get(cluster.id) != users:
                keeper = self._zookeeper(cluster)
                asked = Users(cluster.id, keeper, users, frozenset(kept))
                await self._in_thread(cluster.id, lambda: self._beside.call(asked))
        else:
            known = self._users.get(cluster.id, {})
            await self._ask(cluster, lambda client: client.apply_users(users, known, frozenset(kept)))
        self._users[cluster.id] = dict(users)

    async def stop(self) -> None:
        await asyncio.to_thread(self._beside.stop)
        for threads in self._threads.values():
            threads.shutdown(wait=False)

    def _write(self, cluster: Cluster, node: Node) -> None:
        from bambe.engines.brokers.certificates import Authority

        folder, now = self._folder(cluster.id), self._clock.now()
        authority = Authority(folder / "authority")
        authority.ensure(now)
        authority.ensure_client(folder / "engine", now)
        files = self._node(cluster.id, node) / "files"
        (self._node(cluster.id, node) / "data").mkdir(parents=True, exist_ok=True, mode=0o700)
        authority.ensure_stores(files, [node.name, node.address], now)
        if node.number:
            properties = server_properties(cluster, node, self._voters(cluster))
            write(files / "server.properties", render(properties).encode())
        else:
            write(files / "zookeeper.properties", render(zookeeper_properties()).encode())
        name, text = logging_file(cluster)
        write(files / name, text.encode())
        write(files / "start.sh", start_script(cluster, node).encode())

    def _voters(self, cluster: Cluster) -> dict[int, str]:
        """Controllers stay who they were at first: Kafka cannot tell a new set from a wrong one."""
        if on_zookeeper(cluster.version):
            return {}
        file = self._folder(cluster.id) / "voters.json"
        if not file.exists():
            write(file, json.dumps(first_voters(cluster)).encode())
        return {int(number): name for number, name in json.loads(file.read_text()).items()}

    async def _ask(self, cluster: Cluster, ask: Callable[[Client], T]) -> T:
        """Ask in a thread; again for a moment where Kafka itself may not have caught up."""
        for _ in range(20):
            try:
                return await self._in_thread(cluster.id, lambda: ask(self._client(cluster)))
            except (Conflict, Interrupted):
                # A topic made a moment ago, of which not every broker has heard; a connection replaced.
                await self._clock.sleep(0.25)
        return await self._in_thread(cluster.id, lambda: ask(self._client(cluster)))

    async def _in_thread(self, cluster_id: str, ask: Callable[[], T]) -> T:
        """In the cluster's own threads: one that does not answer must not hold up the others."""
        if cluster_id not in self._threads:
            self._threads[cluster_id] = ThreadPoolExecutor(THREADS, thread_name_prefix="kafka")
        return await asyncio.get_running_loop().run_in_executor(self._threads[cluster_id], ask)

    def _access(self, cluster: Cluster) -> ssl.SSLContext:
        """How the engine itself speaks to brokers."""
        folder = self._folder(cluster.id)
        certificate, key = folder / "engine" / "cert.pem", folder / "engine" / "key.pem"
        if not certificate.exists():
            raise Unavailable(f"No broker of the cluster {cluster.id} has been started yet.")
        access = ssl.create_default_context(cafile=str(self._certificate(cluster.id)))
        access.load_cert_chain(certificate, key)
        return access

    def _client(self, cluster: Cluster) -> Client:
        servers = ",".join(f"{one.address}:{INTERNAL_PORT}" for one in brokers(cluster) if one.address)
        folder = self._folder(cluster.id)
        engine = folder / "engine"
        if not servers or not (engine / "cert.pem").exists():
            raise Unavailable(f"No broker of the cluster {cluster.id} has been started yet.")
        self._known.add(cluster.id)
        authority = self._certificate(cluster.id)
        where = Where(servers, authority, engine / "cert.pem", engine / "key.pem")
        return self._beside.client(cluster.id, where)

    async def _let_go(self, cluster_id: str) -> None:
        """Of its connections; with the last cluster the process ends."""
        if cluster_id not in self._known:
            return
        self._known.discard(cluster_id)
        if self._known:
            await asyncio.to_thread(self._beside.call, Keep(frozenset(self._known)))
        else:
            await asyncio.to_thread(self._beside.rest)

    def _zookeeper(self, cluster: Cluster) -> Keeper:
        folder = self._folder(cluster.id)
        for node in cluster.nodes:
            if node.number == 0 and node.address:
                return Keeper(
                    f"{node.address}:{ZOOKEEPER_PORT}",
                    self._certificate(cluster.id),
                    folder / "engine" / "cert.pem",
                    folder / "engine" / "key.pem",
                )
        raise Unavailable(f"ZooKeeper of the cluster {cluster.id} has not been started yet.")

    def _certificate(self, cluster_id: str) -> Path:
        return authority_certificate(self._folder(cluster_id) / "authority")

    def _folder(self, cluster_id: str) -> Path:
        return self._root / cluster_id

    def _node(self, cluster_id: str, node: Node) -> Path:
        return self._folder(cluster_id) / f"node-{node.number}"
