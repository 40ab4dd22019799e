"""Namespaces, services, instances, and the operations that Cloud Map carries out after its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class NamespaceType(StrEnum):
    """How a namespace's services are found: by the API alone, or by DNS too."""

    HTTP = "HTTP"
    DNS_PRIVATE = "DNS_PRIVATE"
    DNS_PUBLIC = "DNS_PUBLIC"


class OperationType(StrEnum):
    """What an operation does."""

    CREATE_NAMESPACE = "CREATE_NAMESPACE"
    DELETE_NAMESPACE = "DELETE_NAMESPACE"
    UPDATE_NAMESPACE = "UPDATE_NAMESPACE"
    UPDATE_SERVICE = "UPDATE_SERVICE"
    REGISTER_INSTANCE = "REGISTER_INSTANCE"
    DEREGISTER_INSTANCE = "DEREGISTER_INSTANCE"


class OperationStatus(StrEnum):
    """How far an operation is; PENDING where the name server has not taken it at the first try."""

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"


MOVES = {
    OperationStatus.SUBMITTED: frozenset({OperationStatus.PENDING, OperationStatus.SUCCESS}),
    OperationStatus.PENDING: frozenset({OperationStatus.SUCCESS}),
    OperationStatus.SUCCESS: frozenset[OperationStatus](),
}


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace; one with DNS is a zone."""

    account: str
    region: str
    id: str
    name: str
    type: NamespaceType
    created_at: datetime
    vpc: str = ""
    description: str = ""
    creator_request_id: str = ""
    soa_ttl: int = 15
    hosted_zone: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:servicediscovery:{self.region}:{self.account}:namespace/{self.id}"

    @property
    def has_dns(self) -> bool:
        return self.type != NamespaceType.HTTP

    @property
    def folded(self) -> str:
        """The name as names are compared: DNS knows no upper case."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Service:
    """A service. `records` are DNS record types with their TTLs; none for one found by the API alone.

    `revision` grows whenever an instance comes, goes or changes its attributes.
    """

    account: str
    region: str
    id: str
    namespace: str
    name: str
    created_at: datetime
    records: dict[str, int] = field(default_factory=dict)
    routing: str = "MULTIVALUE"
    custom_health: bool = False
    description: str = ""
    creator_request_id: str = ""
    revision: int = 1
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:servicediscovery:{self.region}:{self.account}:service/{self.id}"

    @property
    def has_dns(self) -> bool:
        return bool(self.records)

    @property
    def type(self) -> str:
        return "DNS_HTTP" if self.has_dns else "HTTP"


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of a service."""

    account: str
    region: str
    service: str
    id: str
    attributes: dict[str, str]
    healthy: bool = True
    creator_request_id: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.account, self.region, self.service, self.id)


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request began. `targets` are ids by NAMESPACE, SERVICE and INSTANCE."""

    account: str
    region: str
    id: str
    type: OperationType
    targets: dict[str, str]
    created_at: datetime
    updated_at: datetime
    status: OperationStatus = OperationStatus.SUBMITTED

    @property
    def is_over(self) -> bool:
        return not MOVES[self.status]
