"""Namespaces, their services, the instances of those, and the operations that change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bambe.kernel.arn import Arn


class NamespaceType(StrEnum):
    """How the names in a namespace can be found."""

    DNS_PUBLIC = "DNS_PUBLIC"
    DNS_PRIVATE = "DNS_PRIVATE"
    HTTP = "HTTP"


class ServiceType(StrEnum):
    """How the instances of a service can be found."""

    HTTP = "HTTP"
    DNS_HTTP = "DNS_HTTP"


class Health(StrEnum):
    """An instance's health; UNKNOWN where the service has no health check."""

    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"
    UNKNOWN = "UNKNOWN"


class OperationType(StrEnum):
    """What an operation does."""

    CREATE_NAMESPACE = "CREATE_NAMESPACE"
    UPDATE_NAMESPACE = "UPDATE_NAMESPACE"
    DELETE_NAMESPACE = "DELETE_NAMESPACE"
    UPDATE_SERVICE = "UPDATE_SERVICE"
    REGISTER_INSTANCE = "REGISTER_INSTANCE"
    DEREGISTER_INSTANCE = "DEREGISTER_INSTANCE"


class OperationStatus(StrEnum):
    """How far an operation is. PENDING: the name server could not take it yet."""

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAIL = "FAIL"


MOVES: Mapping[OperationStatus, frozenset[OperationStatus]] = {
    OperationStatus.SUBMITTED: frozenset(
        {OperationStatus.PENDING, OperationStatus.SUCCESS, OperationStatus.FAIL}
    ),
    OperationStatus.PENDING: frozenset({OperationStatus.SUCCESS, OperationStatus.FAIL}),
    OperationStatus.SUCCESS: frozenset(),
    OperationStatus.FAIL: frozenset(),
}
UNDER_WAY = (OperationStatus.SUBMITTED, OperationStatus.PENDING)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace. `operation` is the last one that changed it."""

    account: str
    region: str
    id: str
    name: str
    type: NamespaceType
    created_at: datetime
    operation: str
    token: str = ""
    description: str = ""
    vpc: str = ""
    hosted_zone: str = ""
    soa_ttl: int = 15
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return str(Arn("servicediscovery", self.region, self.account, f"namespace/{self.id}"))

    @property
    def is_dns(self) -> bool:
        return self.type != NamespaceType.HTTP


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A type of record a service answers with."""

    type: str
    ttl: int


@dataclass(frozen=True, slots=True)
class Service:
    """A name in a namespace. `revision` grows with each registration and deregistration."""

    account: str
    region: str
    id: str
    namespace_id: str
    name: str
    type: ServiceType
    created_at: datetime
    token: str = ""
    description: str = ""
    routing: str = ""
    records: tuple[DnsRecord, ...] = ()
    custom_health: bool = False
    revision: int = 0
    operation: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return str(Arn("servicediscovery", self.region, self.account, f"service/{self.id}"))


@dataclass(frozen=True, slots=True)
class Instance:
    """One place where a service is found. `operation` is the one that registered it."""

    account: str
    region: str
    service_id: str
    id: str
    health: Health
    operation: str
    token: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """A change on its way. `is_dns`: done when the name server has it, else at once."""

    account: str
    region: str
    id: str
    type: OperationType
    status: OperationStatus
    is_dns: bool
    created_at: datetime
    updated_at: datetime
    targets: dict[str, str]
    namespace_id: str = ""
    service_id: str = ""
    error_code: str = ""
    error_message: str = ""
