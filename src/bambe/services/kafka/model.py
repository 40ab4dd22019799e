"""What MSK remembers: clusters, what is being done to them, configurations, topics; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bambe.kernel.arn import Arn
from bambe.kernel.ids import digest_id
from bambe.kernel.moves import check_move

Shape = dict[str, Any]
"""A structure kept as the API spells it."""
DOMAIN = "amazonaws.com"
ZOOKEEPER = 0
"""The number of the node that is ZooKeeper."""


class State(StrEnum):
    """Where a cluster is, in AWS's spelling."""

    CREATING = "CREATING"
    ACTIVE = "ACTIVE"
    UPDATING = "UPDATING"
    REBOOTING_BROKER = "REBOOTING_BROKER"
    DELETING = "DELETING"
    FAILED = "FAILED"


MOVES: dict[State, frozenset[State]] = {
    State.CREATING: frozenset({State.ACTIVE, State.FAILED, State.DELETING}),
    State.ACTIVE: frozenset({State.UPDATING, State.REBOOTING_BROKER, State.DELETING}),
    State.UPDATING: frozenset({State.ACTIVE, State.DELETING}),
    State.REBOOTING_BROKER: frozenset({State.ACTIVE, State.DELETING}),
    State.FAILED: frozenset({State.DELETING}),
    State.DELETING: frozenset(),
}


RUNNING = (State.ACTIVE, State.UPDATING, State.REBOOTING_BROKER)
"""While brokers can be asked for topics."""


class ClusterType(StrEnum):
    PROVISIONED = "PROVISIONED"
    SERVERLESS = "SERVERLESS"


@dataclass(frozen=True, slots=True)
class Access:
    """How clients may speak to brokers (ClientBroker: TLS, TLS_PLAINTEXT, PLAINTEXT), and who may: users by
    `scram`, `anybody`."""

    client_broker: str = "TLS"
    scram: bool = False
    anybody: bool = True

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Access:
        """As ClientAuthentication and EncryptionInfo of `said` have it; anybody unless another way is on."""
        transit = (said.get("EncryptionInfo") or {}).get("EncryptionInTransit") or {}
        ways = said.get("ClientAuthentication") or {}
        scram = bool(((ways.get("Sasl") or {}).get("Scram") or {}).get("Enabled"))
        anybody = bool((ways.get("Unauthenticated") or {}).get("Enabled", not scram))
        return cls(str(transit.get("ClientBroker", "TLS")), scram, anybody)

    @property
    def plaintext(self) -> bool:
        return self.anybody and self.client_broker in ("PLAINTEXT", "TLS_PLAINTEXT")

    @property
    def tls(self) -> bool:
        return self.anybody and self.client_broker in ("TLS", "TLS_PLAINTEXT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster. `id` is the end of its ARN; `spec` what it was asked to be, as CreateCluster says it;
    `apache` the release that runs. `reboots`: how often each broker was asked to begin anew; `addresses` of
    its nodes by number, "" while unknown. `crashes` counts nodes that ended by themselves since all were up;
    `users`: the names that secrets gave last, by ARN. `fail_after`: when a change is given up if a broker is
    still not in the cluster.
    """

    account: str
    region: str
    name: str
    id: str
    type: ClusterType = ClusterType.PROVISIONED
    state: State = State.CREATING
    state_code: str = ""
    state_message: str = ""
    spec: Shape = field(default_factory=dict)
    version: str
    apache: str
    brokers: int
    configuration: str = ""
    revision: int = 0
    created: datetime
    current_version: str
    operation: str = ""
    reboots: dict[str, int] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=dict)
    users_said: str = ""
    crashes: int = 0
    retry_at: datetime | None = None
    fail_after: datetime | None = None
    policy: str = ""
    policy_version: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return str(Arn("kafka", self.region, self.account, f"cluster/{self.name}/{self.id}"))

    @property
    def is_serverless(self) -> bool:
        return self.type is ClusterType.SERVERLESS

    @property
    def access(self) -> Access:
        """How clients come in."""
        return Access("TLS_PLAINTEXT") if self.is_serverless else Access.of(self.spec)

    def moved(self, to: State, **fields: Any) -> Cluster:
        """The cluster in another state, if one leads there, and with these fields."""
        check_move(MOVES, self.state, to)
        return replace(self, state=to, **fields)

    def node_name(self, number: int) -> str:
        """A node's DNS name, as MSK names brokers (`b-1`) and ZooKeeper (`z-1`)."""
        kind = "b" if number != ZOOKEEPER else "z"
        label = self.name.lower()[:40].rstrip("-")
        unique = digest_id(self.account, self.id, length=6)
        return f"{kind}-{number or 1}.{label}.{unique}.c2.kafka.{self.region}.{DOMAIN}"


class OperationState(StrEnum):
    """How far something asked of a cluster has come, in AWS's spelling."""

    PENDING = "PENDING"
    IN_PROGRESS = "UPDATE_IN_PROGRESS"
    COMPLETE = "UPDATE_COMPLETE"
    FAILED = "UPDATE_FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing asked of a cluster: `source` and `target` say what it changes (MutableClusterInfo), `former`
    which fields of the cluster, with their values before. With an `error` these are what it goes back to.
    """

    account: str
    region: str
    cluster: str
    id: str
    cluster_arn: str
    type: str
    state: OperationState = OperationState.PENDING
    created: datetime
    ended: datetime | None = None
    source: Shape = field(default_factory=dict)
    target: Shape = field(default_factory=dict)
    error: str = ""
    former: Shape = field(default_factory=dict)

    @property
    def is_given_up(self) -> bool:
        """Whether the cluster is on its way back."""
        return self.ended is None and bool(self.error)

    @property
    def arn(self) -> str:
        name = self.cluster_arn.split(":cluster/", 1)[1]
        return str(Arn("kafka", self.region, self.account, f"cluster-operation/{name}/{self.id}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One state of a configuration: `properties` as in Kafka's server.properties."""

    number: int
    created: datetime
    description: str = ""
    properties: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Settings of brokers under a name; a revision never changes."""

    account: str
    region: str
    name: str
    id: str
    created: datetime
    description: str = ""
    versions: list[str] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)

    @property
    def arn(self) -> str:
        return str(Arn("kafka", self.region, self.account, f"configuration/{self.name}/{self.id}"))

    @property
    def latest(self) -> Revision:
        return self.revisions[-1]


class TopicStatus(StrEnum):
    """Where a topic is."""

    CREATING = "CREATING"
    UPDATING = "UPDATING"
    DELETING = "DELETING"
    ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic, as wished while it is not ACTIVE and as last seen when it is. `parts`: each partition's
    leader, replicas and in-sync replicas (DescribeTopicPartitions). `trouble`: why Kafka refused the wish, at
    `refused_at`."""

    account: str
    region: str
    cluster: str
    name: str
    status: TopicStatus = TopicStatus.ACTIVE
    partitions: int
    replication: int
    configs: dict[str, str] = field(default_factory=dict)
    parts: list[Shape] = field(default_factory=list)
    trouble: str = ""
    refused_at: datetime | None = None
