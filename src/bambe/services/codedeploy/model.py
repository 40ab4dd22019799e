"""Applications, groups, configurations and revisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Application:
    account: str
    region: str
    name: str
    id: str
    platform: str
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """A deployment configuration; `routing` in AWS's shape (TrafficRoutingConfig)."""

    account: str
    region: str
    name: str
    id: str
    routing: dict[str, Any]
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """A deployment group. What AWS gives back as it got it is kept in AWS's shapes."""

    account: str
    region: str
    application: str
    name: str
    id: str
    config: str
    role: str
    cluster: str
    service: str
    load_balancer: dict[str, Any]
    blue_green: dict[str, Any]
    auto_rollback: dict[str, Any] = field(default_factory=dict)
    alarms: dict[str, Any] = field(default_factory=dict)
    triggers: list[dict[str, Any]] = field(default_factory=list)
    outdated: str = "UPDATE"
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message that a trigger's topic is still to get; `number` tells those of one deployment apart."""

    account: str
    region: str
    deployment: str
    number: str
    topic: str
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision an application knows; `digest` is that of its content."""

    account: str
    region: str
    application: str
    digest: str
    location: dict[str, Any]
    registered: datetime
    description: str = ""
    first_used: datetime | None = None
    last_used: datetime | None = None
    groups: tuple[str, ...] = ()
